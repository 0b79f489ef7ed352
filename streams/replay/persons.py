"""Who is who among usual events, by column, and who of them is plain.

Nearly everybody is plain: visits, page views and stages, and nothing that the rest of the site has a say in. Whoever
calls, pays, scans, tells, is withdrawn, forgotten or shares an identifier is not, and neither is anybody joined to
such a one.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.domain.catalog import SiteCatalog
from streams.domain.conversions import DORMANT
from streams.domain.facts import CLICK, FORGOTTEN, SHOWN, STATUS, WITHDRAWN, Fact
from streams.domain.identity import LEAD
from streams.replay.usual_columns import Mask, Numbers, Usual

KINDS: Final = (("lead_id", LEAD), ("session_id", "session_id:"), ("visitor_id", "visitor_id:"))


class People:
    """The usual events of one site, each with its person: a component of identifiers named by its smallest."""

    def __init__(self, usual: Usual) -> None:
        """`usual` are the site's events, each id once."""
        self.usual = usual
        self.codes: dict[str, Numbers] = {}
        texts = []
        first = 0
        for column, prefix in KINDS:
            coded = usual.columns[column].dictionary_encode()
            ordered = pc.sort_indices(coded.dictionary)
            rank = np.empty(len(ordered) + 1, np.int64)
            rank[ordered.to_numpy()] = np.arange(first, first + len(ordered))
            rank[-1] = -1
            self.codes[column] = rank[coded.indices.fill_null(len(ordered)).to_numpy(zero_copy_only=False)]
            texts.append(pc.binary_join_element_wise(prefix, coded.dictionary.take(ordered), ""))
            first += len(ordered)
        self.nodes: pa.Array = pa.concat_arrays(texts)
        visitor, session, lead = (self.codes[name] for name in ("visitor_id", "session_id", "lead_id"))
        self.first_node = np.where(visitor >= 0, visitor, np.where(session >= 0, session, lead))
        self.component = _components(len(self.nodes), [(visitor, session), (visitor, lead), (session, lead)])

    def among(self, nodes: Iterable[str]) -> Numbers:
        """The codes of those identifiers (`kind:value`) that occur here."""
        wanted = pa.array(sorted(set(nodes)), pa.string())
        found = pc.index_in(wanted, value_set=self.nodes).drop_null()
        codes: Numbers = found.to_numpy(zero_copy_only=False).astype(np.int64)
        return codes


def _components(nodes: int, pairs: Sequence[tuple[Numbers, Numbers]]) -> Numbers:
    """The smallest node of each node's component, joined by the pairs that both have (-1: absent)."""
    edges = []
    for one, other in pairs:
        both = (one >= 0) & (other >= 0)
        if both.any():
            edges.append(np.unique(one[both] * nodes + other[both]))
    label: Numbers = np.arange(nodes)
    if not edges:
        return label
    together = np.unique(np.concatenate(edges))
    one, other = together // nodes, together % nodes
    while len(one):
        mine, theirs = label[one], label[other]
        smaller = np.minimum(mine, theirs)
        np.minimum.at(label, mine, smaller)
        np.minimum.at(label, theirs, smaller)
        while True:
            further = label[label]
            if np.array_equal(further, label):
                break
            label = further
        apart = label[one] != label[other]
        one, other = one[apart], other[apart]
    return label


def first_of_each_id(usual: Usual, others: Sequence[Fact]) -> Numbers:
    """Indices of the events without the later copies of an id, in order; an id that others have too keeps every copy."""
    coded = usual.columns["event_id"].dictionary_encode()
    if len(coded.dictionary) == len(usual.at):
        return np.arange(len(usual.at))
    ids = coded.indices.to_numpy()
    first = np.full(len(coded.dictionary), len(ids))
    np.minimum.at(first, ids, np.arange(len(ids)))
    kept: Mask = np.zeros(len(ids), np.bool_)
    kept[first] = True
    if others:
        shared = pc.is_in(
            coded.dictionary, value_set=pa.array(sorted({fact.id for fact in others}), pa.string())
        )
        kept |= shared.to_numpy(zero_copy_only=False)[ids]
    return np.flatnonzero(kept)


def taken(usual: Usual, indices: Numbers) -> Usual:
    """Some of the events."""
    wanted = pa.array(indices)
    return Usual(
        {name: column.take(wanted) for name, column in usual.columns.items()},
        usual.kind[indices],
        usual.at[indices],
        usual.place[indices],
    )


def not_plain(people: People, others: Sequence[Fact], catalog: SiteCatalog) -> Mask:
    """Which of the events belong to somebody that the columns leave to the core; `others` are all unusual facts."""
    usual = people.usual
    seeds = _named(others)
    seeds.update(catalog.shared)
    nodes = np.zeros(len(people.nodes), np.bool_)
    nodes[people.among(seeds)] = True
    ids = {fact.id for fact in others}
    ids.update(fact.body for fact in others if fact.kind == WITHDRAWN)
    events: Mask = np.zeros(len(usual.at), np.bool_)
    if ids:
        named = pc.is_in(usual.columns["event_id"], value_set=pa.array(sorted(ids), pa.string()))
        events |= named.to_numpy(zero_copy_only=False)
    events |= people.first_node < 0
    hit = usual.kind != STATUS
    events |= hit & (people.codes["visitor_id"] < 0) & (people.codes["session_id"] < 0)
    dormant = pc.equal(usual.columns["stage"], DORMANT).fill_null(False).to_numpy(zero_copy_only=False)
    events |= dormant
    touched = people.first_node[events]
    nodes[touched[touched >= 0]] = True
    special = np.zeros(len(people.nodes), np.bool_)
    special[people.component[nodes]] = True
    known = people.first_node >= 0
    events[known] |= special[people.component[people.first_node[known]]]
    return events


def _named(facts: Sequence[Fact]) -> set[str]:
    """Every identifier that facts name, those that join nobody too."""
    named: set[str] = set()
    for fact in facts:
        named.update(fact.ids)
        if fact.kind in (SHOWN, CLICK):
            named.add(fact.body.visitor)
        elif fact.kind == FORGOTTEN:
            named.update(fact.body)
    return named
