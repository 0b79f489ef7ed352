"""The plain people of a site worked out by column: their sessions, their stages, what led to them.

What is worked out here equals what `streams.domain.site` would work out, to the last part; the tests hold both against
the reference.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.domain.attribution import DAY_US, MODELS
from streams.domain.catalog import SiteCatalog
from streams.domain.channel_funnel import STAGES, VISITS, ChannelFunnel
from streams.domain.conversions import CONSULT, INQUIRY, REGISTRATION
from streams.domain.days import month_start
from streams.domain.facts import (
    PAGE,
    STATUS,
    VISIT,
    Fact,
    Visit,
    source_of_link,
)
from streams.domain.identity import LEAD
from streams.domain.sessions import IDLE_US, cut_sessions, open_session
from streams.domain.touches import DIRECT, SESSION, UNATTRIBUTED
from streams.replay.columns import (
    Words,
    coded,
    dates,
    days_of,
    distinct,
    first_said,
    in_order,
    instants,
    known_instants,
    ranks,
    same,
    zeros,
)
from streams.replay.paths import Paths, Sessions, credits_of, paths_to
from streams.replay.persons import People
from streams.replay.usual_columns import Mask, Numbers


class PlainSite:
    """Works out the plain people of one site; `fact_at` decodes the event at a place of the log once more."""

    def __init__(
        self,
        site: str,
        people: People,
        chosen: Mask,
        catalog: SiteCatalog,
        funnel: ChannelFunnel,
        fact_at: Callable[[int], Fact],
    ) -> None:
        """`chosen` are the events of plain people among `people.usual`."""
        self.site = site
        self.people = people
        self.usual = people.usual
        self.catalog = catalog
        self.funnel = funnel
        self.fact_at = fact_at
        self.person = people.component[np.where(people.first_node < 0, 0, people.first_node)]
        self.chosen = chosen
        self.words = Words()
        self.branch = coded(self.usual.columns["branch"], self.words)

    def work_out(self) -> dict[str, pa.Table]:
        """The rows of all plain people, without run and version; their sums are poured into the funnel."""
        touches, table = self._sessions()
        tables = {"touch_rows": table}
        tables.update(self._stages(touches))
        return tables

    # -- sessions -----------------------------------------------------------------------------------------------------

    def _sessions(self) -> tuple[Sessions, pa.Table]:
        usual, people = self.usual, self.people
        hits = np.flatnonzero(self.chosen & (usual.kind != STATUS))
        visitor = people.codes["visitor_id"][hits]
        stream = np.where(visitor >= 0, visitor, people.codes["session_id"][hits])
        at = usual.at[hits]
        ordered = in_order(stream, at, lambda ties: ranks(usual.columns["event_id"], hits[ties]))
        hits, stream, at = hits[ordered], stream[ordered], at[ordered]
        source, sources = self._sources(hits)
        starts = np.ones(len(hits), np.bool_)
        starts[1:] = (stream[1:] != stream[:-1]) | (at[1:] - at[:-1] > IDLE_US)
        self._cut_by_campaign(hits, source, starts)
        begun = np.flatnonzero(starts)
        event, at, source = hits[begun], at[begun], source[begun]
        channel, campaign, keyword, rule = self._read(event, source, sources)
        person = self.person[event]
        ordered = in_order(person, at, lambda ties: ranks(usual.columns["event_id"], event[ties]))
        event, at, person = event[ordered], at[ordered], person[ordered]
        channel, campaign, keyword, rule = (one[ordered] for one in (channel, campaign, keyword, rule))
        day = days_of(at, self.catalog.calendar)
        branch = self.branch[event]
        count = len(event)
        table = pa.table(
            {
                "touch_id": usual.columns["event_id"].take(pa.array(event)),
                "person_id": people.nodes.take(pa.array(person)),
                "kind": same(SESSION, count),
                "touched_at": instants(at),
                "day": dates(day),
                "branch": self.words.column(branch),
                "channel": self.words.column(channel),
                "campaign": self.words.column(campaign),
                "keyword": self.words.column(keyword),
                "landing_page": usual.columns["url"].take(pa.array(event)),
                "probable": zeros(count),
                "told": zeros(count),
                "rule": self.words.column(rule),
            }
        )
        cells, inverse = distinct(day, branch, channel, campaign)
        counts = np.bincount(inverse, minlength=len(cells))
        for cell, visits in zip(cells, counts.tolist(), strict=True):
            self.funnel.count(self._key(cell), VISITS, visits)
        return Sessions(event, person, at, channel, campaign), table

    def _key(self, cell: Sequence[int]) -> tuple[int, str, str, str]:
        day, *words = cell
        branch, channel, campaign = (self.words.texts[code] for code in words)
        return day, branch, channel, campaign

    def _sources(self, hits: Numbers) -> tuple[Numbers, list[tuple[str, str]]]:
        """A code for what each hit says about where it came from, -1 for a page view; and the links behind the codes."""
        wanted = pa.array(hits)
        url = self.usual.columns["url"].take(wanted).dictionary_encode()
        referrer = self.usual.columns["referrer"].take(wanted).fill_null("").dictionary_encode()
        width = len(referrer.dictionary)
        paired = url.indices.to_numpy().astype(np.int64) * width + referrer.indices.to_numpy()
        pairs, codes = np.unique(paired, return_inverse=True)
        urls, referrers = url.dictionary.to_pylist(), referrer.dictionary.to_pylist()
        links = [(urls[pair // width], referrers[pair % width]) for pair in pairs.tolist()]
        codes[self.usual.kind[hits] == PAGE] = -1
        return codes, links

    def _cut_by_campaign(self, hits: Numbers, source: Numbers, starts: Mask) -> None:
        """Where hits without a gap between them came from different links, the core says whether that cuts."""
        session = np.cumsum(starts) - 1
        begun = np.flatnonzero(starts)
        doubtful = np.unique(session[(source >= 0) & (source != source[begun[session]])])
        ends = np.append(begun[1:], len(hits))
        for one in doubtful.tolist():
            place = {}
            facts = []
            for index in range(begun[one], ends[one]):
                fact = self.fact_at(int(self.usual.place[hits[index]]))
                place[fact.id] = index
                facts.append(fact)
            for session_cut in cut_sessions(facts, "", self.catalog, {}):
                starts[place[session_cut.touch.id]] = True

    def _read(
        self, event: Numbers, source: Numbers, links: Sequence[tuple[str, str]]
    ) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Channel, campaign, keyword and rule of sessions by what their first hit says, as codes of words."""
        code = self.words.code
        read = np.zeros((4, len(links) + 1), np.int64)
        first, index = np.unique(source, return_index=True)
        for one, example in zip(first.tolist(), event[index].tolist(), strict=True):
            url, referrer = links[one] if one >= 0 else ("", "")
            said = Visit("", source_of_link(url, referrer) if one >= 0 else None, url)
            at = int(self.usual.at[example])
            touch = open_session(
                Fact(PAGE if one < 0 else VISIT, "", at, "", (), said), "", self.catalog, {}
            ).touch
            read[:, one] = (
                code(touch.channel), code(touch.campaign), code(touch.keyword), code(touch.rule),
            )  # fmt: skip
        channel, campaign, keyword, rule = (row[source] for row in read)
        return channel, campaign, keyword, rule

    # -- stages -------------------------------------------------------------------------------------------------------

    def _stages(self, touches: Sessions) -> dict[str, pa.Table]:
        usual, people, catalog = self.usual, self.people, self.catalog
        said = np.flatnonzero(self.chosen & (usual.kind == STATUS))
        if not len(said):
            return {}
        unit = self._units(said)
        stage = coded(usual.columns["stage"].take(pa.array(said)), words := Words())
        orders = np.array([catalog.stage_order.get(text, catalog.unlisted_order) for text in words.texts])
        order = orders[stage]
        at = usual.at[said]
        rank = ranks(usual.columns["event_id"], said)
        sorting = np.lexsort((rank, order, at, unit))
        said, unit, stage, order, at = (one[sorting] for one in (said, unit, stage, order, at))
        branch = self.branch[said]
        units, begins = np.unique(unit, return_index=True)
        place = np.searchsorted(units, unit)
        lasts = np.append(begins[1:], len(unit)) - 1
        count = len(units)
        listed = len(catalog.stages)
        earliest = np.full((listed, count), -1)
        for index in range(listed):
            reaching = np.flatnonzero((order >= index) & (order < listed))
            reached, first = np.unique(place[reaching], return_index=True)
            earliest[index, reached] = reaching[first]
        nowhere = self.words.code("")
        unit_branch = first_said(branch, branch != nowhere, place, count, nowhere)
        registration = catalog.stage_order.get(REGISTRATION, listed)
        if registration < listed:
            own = earliest[registration]
            said_there = np.where(own >= 0, branch[own], nowhere)
            unit_branch = np.where(said_there != nowhere, said_there, unit_branch)
        person = self.person[said[begins]]
        lead_node = np.where(units < len(people.nodes), units, -1)
        lead = self._lead_texts(lead_node)
        name = pc.if_else(pa.array(lead_node >= 0), lead, people.nodes.take(pa.array(person)))
        conversions, paths = self._conversions(touches, earliest, said, at, person, unit_branch, lead, name)
        first_touch = self._first_touch(touches, earliest, at, paths)
        reached_at = {
            text: np.where(earliest[index] >= 0, at[earliest[index]], -1)
            for index, text in enumerate(catalog.stages)
        }
        absent = np.full(count, -1)
        inquiry = reached_at.get(INQUIRY, absent)
        service = self._said_last(usual.columns["service"], said, place, count)
        via = self._said_first(usual.columns["via"], said, place, count)
        leads = pa.table(
            {
                "lead_key": name,
                "lead_id": lead,
                "person_id": people.nodes.take(pa.array(person)),
                "branch": self.words.column(unit_branch),
                "service": service,
                "via": via,
                "stage": words.column(stage[lasts]),
                **first_touch,
                "inquiry_at": known_instants(inquiry),
                "consult_at": known_instants(reached_at.get(CONSULT, absent)),
                "registration_at": known_instants(reached_at.get(REGISTRATION, absent)),
                "paid": pa.array(np.zeros(count, np.int64)),
                "cohort": self._cohorts(inquiry),
            }
        )
        return {"conversion_rows": conversions, "lead_rows": leads}

    def _units(self, said: Numbers) -> Numbers:
        """The lead of each stage: the one it names, else its person's only one, else the person (beyond all nodes)."""
        people = self.people
        leads = len(self.people.usual.columns["lead_id"].dictionary_encode().dictionary)
        owner = people.component[:leads]
        holders, first, number = np.unique(owner, return_index=True, return_counts=True)
        only = np.full(len(people.nodes), -1)
        only[holders[number == 1]] = first[number == 1]
        person = self.person[said]
        unit = people.codes["lead_id"][said]
        unit = np.where(unit >= 0, unit, only[person])
        return np.where(unit >= 0, unit, person + len(people.nodes))

    def _lead_texts(self, nodes: Numbers) -> pa.Array:
        """Leads without their prefix, '' for none."""
        texts = self.people.nodes.take(pa.array(np.maximum(nodes, 0)))
        return pc.if_else(pa.array(nodes >= 0), pc.utf8_slice_codeunits(texts, len(LEAD)), "")

    def _said_first(self, column: pa.Array, said: Numbers, place: Numbers, count: int) -> pa.Array:
        words = Words()
        codes = coded(column.take(pa.array(said)), words)
        nothing = words.code("")
        return words.column(first_said(codes, codes != nothing, place, count, nothing))

    def _said_last(self, column: pa.Array, said: Numbers, place: Numbers, count: int) -> pa.Array:
        return self._said_first(column, said[::-1], place[::-1], count)

    def _cohorts(self, inquiry: Numbers) -> pa.Array:
        day = days_of(np.maximum(inquiry, 0), self.catalog.calendar)
        days, inverse = np.unique(day, return_inverse=True)
        months = np.array([month_start(one) for one in days.tolist()])[inverse]
        return pa.array(months.astype(np.int32), mask=inquiry < 0).cast(pa.date32())

    # -- conversions --------------------------------------------------------------------------------------------------

    def _conversions(
        self,
        touches: Sessions,
        earliest: Numbers,
        said: Numbers,
        at: Numbers,
        person: Numbers,
        unit_branch: Numbers,
        lead: pa.Array,
        name: pa.Array,
    ) -> tuple[pa.Table, Paths]:
        catalog = self.catalog
        stage, unit = np.nonzero(earliest >= 0)
        event = earliest[stage, unit]
        reached = at[event]
        day = days_of(reached, catalog.calendar)
        settings = catalog.attribution
        windows = np.array([settings.window_of(text) * DAY_US for text in catalog.stages])
        paths = paths_to(
            touches, person[unit], reached, windows[stage], self._direct(touches), settings.direct
        )
        stages = pa.array(catalog.stages, pa.string()).take(pa.array(stage))
        named = name.take(pa.array(unit))
        credits = credits_of(paths, settings)
        shown = np.where(paths.touch < len(touches.event), paths.touch, 0)
        nobody = paths.touch == len(touches.event)
        unattributed, nothing = self.words.code(UNATTRIBUTED), self.words.code("")
        if len(touches.event):
            channel = np.where(nobody, unattributed, touches.channel[shown])
            campaign = np.where(nobody, nothing, touches.campaign[shown])
            ids = self.usual.columns["event_id"].take(pa.array(touches.event[shown]))
            ids = pc.if_else(pa.array(nobody), "", ids)
        else:
            channel = np.full(len(shown), unattributed)
            campaign = np.full(len(shown), nothing)
            ids = same("", len(shown))
        branch = unit_branch[unit]
        self._pour(paths, credits, stage, day, branch, channel, campaign)
        count = len(stage)
        offsets = pa.array(paths.offsets.astype(np.int32))

        def listed(values: pa.Array) -> pa.Array:
            return pa.ListArray.from_arrays(offsets, values)

        empty = pa.ListArray.from_arrays(pa.array(np.zeros(count + 1, np.int32)), pa.array([], pa.int64()))
        table = pa.table(
            {
                "conversion_id": pc.binary_join_element_wise(named, stages, ":"),
                "lead_id": lead.take(pa.array(unit)),
                "person_id": self.people.nodes.take(pa.array(person[unit])),
                "stage": stages,
                "converted_at": instants(reached),
                "day": dates(day),
                "branch": self.words.column(branch),
                "event_id": self.usual.columns["event_id"].take(pa.array(said[event])),
                "touch_ids": listed(ids),
                "touched_at": listed(instants(paths.at)),
                "channels": listed(self.words.column(channel)),
                "campaigns": listed(self.words.column(campaign)),
                **{
                    f"w_{model}": listed(pa.array(credits[index].astype(np.uint32)))
                    for index, model in enumerate(MODELS)
                },
                **{f"r_{model}": empty for model in MODELS},
                **{f"c_{model}": empty for model in MODELS},
            }
        )
        conversion = np.full(earliest.shape, -1)
        conversion[stage, unit] = np.arange(count)
        return table, paths._replace(conversion=conversion)

    def _direct(self, touches: Sessions) -> Mask:
        direct: Mask = touches.channel == self.words.code(DIRECT)
        return direct

    def _pour(
        self, paths: Paths, credits: Numbers, stage: Numbers, day: Numbers, branch: Numbers, channel: Numbers,
        campaign: Numbers,
    ) -> None:  # fmt: skip
        """Add the credit of each conversion to the funnel's cells."""
        slots = np.array([STAGES.get(text, -1) for text in self.catalog.stages])
        slot = slots[stage][paths.conversion_of]
        counted = np.flatnonzero(slot >= 0)
        if not len(counted):
            return
        of = paths.conversion_of[counted]
        cells, inverse = distinct(slot[counted], day[of], branch[of], channel[counted], campaign[counted])
        sums = np.zeros((len(MODELS), len(cells)), np.int64)
        for model in range(len(MODELS)):
            np.add.at(sums[model], inverse, credits[model][counted])
        for (at_slot, *cell), parts in zip(cells, sums.T.tolist(), strict=True):
            self.funnel.pour(self._key(cell), at_slot, parts)

    def _first_touch(
        self, touches: Sessions, earliest: Numbers, at: Numbers, paths: Paths
    ) -> dict[str, pa.Array]:
        """The first touch of the earliest conversion of each unit; of several at one instant, the first stage."""
        count = earliest.shape[1]
        best = np.full(count, -1)
        best_at = np.full(count, np.iinfo(np.int64).max)
        for index in range(len(earliest)):
            here = np.where(earliest[index] >= 0, at[earliest[index]], np.iinfo(np.int64).max)
            earlier = here < best_at
            best = np.where(earlier, paths.conversion[index], best)
            best_at = np.where(earlier, here, best_at)
        none = len(touches.event)
        first = (
            np.where(best >= 0, paths.touch[paths.offsets[np.maximum(best, 0)]], none)
            if len(paths.touch)
            else np.full(count, none)
        )
        found = first < none
        shown = np.where(found, first, 0)
        if not none:
            nothing = same("", count)
            when = pa.nulls(count, pa.timestamp("us", "UTC"))
            return {
                "first_touch_id": nothing, "first_touch_at": when, "first_touch_channel": nothing,
                "first_touch_campaign": nothing,
            }  # fmt: skip
        blank = self.words.code("")
        ids = self.usual.columns["event_id"].take(pa.array(touches.event[shown]))
        return {
            "first_touch_id": pc.if_else(pa.array(found), ids, ""),
            "first_touch_at": known_instants(np.where(found, touches.at[shown], -1)),
            "first_touch_channel": self.words.column(np.where(found, touches.channel[shown], blank)),
            "first_touch_campaign": self.words.column(np.where(found, touches.campaign[shown], blank)),
        }
