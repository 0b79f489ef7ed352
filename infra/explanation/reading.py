"""A conversion or payment by its id, and everything behind it, from the public views.

What stands in rows (touches, weights, calls) is taken from the view `explanations`; what never became a row is looked
for in the archive.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from infra.explanation.archive import Archive, Archived, Days, Membership, Search, rows
from infra.explanation.said import Asked, Credited, Explanation, PaymentSaid, TouchSaid, Where
from streams.domain.attribution import DATA_DRIVEN, MODELS, split_money
from streams.domain.channels import RULE_FIELDS, said_in
from streams.domain.days import Calendar, day_of

_SEEN: Final = ("utm_source", "utm_medium", "utm_campaign", "click_ids", "referrer_host", "in_app", "ad_kind")

_READ_RUNS: Final = (
    "SELECT run, settings FROM headwater.runs WHERE run = 'live' OR status = 'done' ORDER BY run"
)
_READ_SITES: Final = (
    "SELECT DISTINCT site FROM headwater.sites WHERE run = {run:String} ORDER BY site LIMIT 11"
)
_READ_SITE: Final = (
    "SELECT time_zone, settings FROM headwater.sites WHERE run = {run:String} AND site = {site:String}"
)
_FIND: Final = """
SELECT site, 'conversion' AS kind, conversion_id FROM headwater.conversions
WHERE run = {run:String} AND conversion_id = {id:String} AND ({site:String} = '' OR site = {site:String})
UNION ALL
SELECT site, 'payment' AS kind, conversion_id FROM headwater.payments
WHERE run = {run:String} AND payment_id = {id:String} AND ({site:String} = '' OR site = {site:String})
ORDER BY site, kind
"""
_FIND_NEAR: Final = """
SELECT DISTINCT site, conversion_id FROM headwater.conversions
WHERE run = {run:String} AND ({site:String} = '' OR site = {site:String})
    AND (lead_id = {id:String} OR person_id = {id:String} OR event_id = {id:String} OR has(touch_ids, {id:String}))
ORDER BY site, conversion_id LIMIT 11
"""
_FIND_EVENT: Final = (
    "SELECT site, type FROM headwater.events WHERE event_id = {id:String}"
    " AND ({site:String} = '' OR site = {site:String}) ORDER BY site LIMIT 11"
)
_READ_CONVERSION: Final = """
SELECT conversion_id, stage, toUnixTimestamp64Micro(converted_at) AS at, lead_id, person_id, branch, event_id, revenue, cash
FROM headwater.conversions
WHERE run = {run:String} AND site = {site:String} AND conversion_id = {id:String}
"""
_READ_PAYMENTS: Final = """
SELECT payment_id, toUnixTimestamp64Micro(paid_at) AS at, amount, currency, lead_id, in_revenue
FROM headwater.payments
WHERE run = {run:String} AND site = {site:String} AND conversion_id = {id:String}
ORDER BY at, payment_id
"""
_READ_TOUCHES: Final = """
SELECT
    touch_id, kind, toUnixTimestamp64Micro(touched_at) AS at, toUnixTimestamp64Micro(counted_at) AS counted,
    channel, campaign, rule, place, left_out, topic, partition, offset,
    groupArray((toString(model), toInt64(weight * 1000000000), revenue, cash)) AS credits
FROM headwater.explanations
WHERE run = {run:String} AND site = {site:String} AND conversion_id = {id:String}
GROUP BY touch_id, kind, at, counted, channel, campaign, rule, place, left_out, topic, partition, offset
ORDER BY counted, touch_id
"""
_READ_RULES: Final = (
    "SELECT channel, rules FROM headwater.channels WHERE run = {run:String} AND site = {site:String}"
)


class NotExplained(Exception):
    """There is nothing to explain, or more than one thing; the message says what would help."""

    def __init__(self, message: str, *, ambiguous: bool = False) -> None:
        super().__init__(message)
        self.ambiguous = ambiguous


def find(client: Any, id: str, run: str, site: str = "") -> Asked:
    """A conversion or payment by its id; refused where there is none or more than one."""
    runs = dict(rows(client, _READ_RUNS))
    if run != "live" and run not in runs:
        raise NotExplained(
            f"no run {run!r} that is done; known: {', '.join(dict.fromkeys(['live', *runs]))[:400]}"
        )
    kind, bare = "", id
    if id.startswith(("conversion=", "payment=")):
        kind, _, bare = id.partition("=")
    asked = {"run": run, "site": site, "id": bare}
    found = [one for one in rows(client, _FIND, **asked) if not kind or one[1] == kind]
    if not found and kind:
        found = rows(client, _FIND, **asked | {"id": id})
    if len(found) == 1:
        where, which, conversion_id = found[0]
        payment_id = bare if which == "payment" else ""
        return Asked(run, where, conversion_id, payment_id, runs.get(run, "{}"))
    if found:
        sites = sorted({where for where, _, _ in found})
        if len(sites) > 1:
            raise NotExplained(
                f"{bare!r} is in {len(sites)} sites ({', '.join(sites[:10])}): say which with --site",
                ambiguous=True,
            )
        raise NotExplained(
            f"{bare!r} is a conversion and a payment: say conversion={bare} or payment={bare}", ambiguous=True
        )
    raise NotExplained(_nothing(client, asked))


def _nothing(client: Any, asked: Mapping[str, str]) -> str:
    """Why an id is not explained, and what is near it."""
    id, run, site = asked["id"], asked["run"], asked["site"]
    of_site = f" of site {site!r}" if site else ""
    if site and not rows(client, _READ_SITE, run=run, site=site):
        sites = [name for (name,) in rows(client, _READ_SITES, run=run)]
        return f"no site {site!r} in run {run!r}; known: {', '.join(sites[:10]) or 'none yet'}"
    near = rows(client, _FIND_NEAR, **asked)
    if near:
        ids = ", ".join(f"{conversion} ({where})" for where, conversion in near[:10])
        return f"{id!r} is no conversion or payment{of_site} in run {run!r}, but these conversions have to do with it: {ids}"
    events = rows(client, _FIND_EVENT, id=id, site=site)
    if events:
        where, type = events[0]
        return f"{id!r} is a {type} of site {where!r} on which no conversion of run {run!r} rests"
    return (
        f'no conversion or payment {id!r}{of_site} in run {run!r}; `headwater sql "SELECT conversion_id FROM '
        'headwater.conversions"` lists them'
    )


def explain(client: Any, asked: Asked) -> Explanation:
    """A reader of ClickHouse -> everything behind one conversion."""
    named = {"run": asked.run, "site": asked.site}
    found = rows(client, _READ_CONVERSION, **named, id=asked.conversion_id)
    if not found:
        raise NotExplained(f"{asked.conversion_id!r} has just ceased to be: ask again")
    [(id, stage, at, lead, person, branch, event_id, revenue, cash)] = found
    time_zone, settings = next(iter(rows(client, _READ_SITE, **named)), ("Asia/Seoul", "{}"))
    said = json.loads(settings)
    touched = rows(client, _READ_TOUCHES, **named, id=id)
    archive = Archive(client, asked.site)
    paid = rows(client, _READ_PAYMENTS, **named, id=id)
    archive.fetch([event_id, *(row[0] for row in touched), *(row[0] for row in paid)])
    rules = {slug: json.loads(sets or "[]") for slug, sets in rows(client, _READ_RULES, **named)}
    touches = [_touch(row, archive, rules) for row in touched]
    shared = frozenset(said.get("shared_identifiers", ()))
    member = Membership(shared, _days(asked.settings, time_zone))
    person_facts = Search(client, archive, member, asked, person)
    touches = [
        touch._replace(matched=person_facts.joined_to(touch.id)) if touch.left_out == "call_joined" else touch
        for touch in touches
    ]
    path = [touch for touch in touches if touch.place]
    models = tuple(model for model in (*MODELS, *DATA_DRIVEN) if path and model in path[0].credits)
    return Explanation(
        asked=asked,
        time_zone=time_zone,
        rules_of_credit=_rules_of_credit(said.get("attribution", {}), stage),
        stage=stage,
        at=at,
        lead=lead,
        person=person,
        branch=branch,
        event_id=event_id,
        event_where=archive.where(event_id),
        revenue=revenue,
        cash=cash,
        models=models,
        touches=touches,
        left_out_events=person_facts.left_out(touches),
        payments=[_payment(row, id, stage, at, path, models, archive) for row in paid],
        identifiers=person_facts.identifiers,
        joins=person_facts.joins,
        searched=person_facts.whole,
    )


def _rules_of_credit(attribution: Mapping[str, Any], stage: str) -> dict[str, Any]:
    rules = {name: value for name, value in attribution.items() if name != "windows"}
    if stage in attribution.get("windows", {}):
        rules["window_days"] = attribution["windows"][stage]
    return rules


def _days(settings: str, time_zone: str) -> Days | None:
    """The days whose events are in a run's set; None: all."""
    said = json.loads(settings or "{}")
    if not (said.get("since") or said.get("until")):
        return None
    since, until = (
        None if not said.get(name) else day_of(date.fromisoformat(said[name])) for name in ("since", "until")
    )
    return Days(Calendar(time_zone), since, until)


def _touch(row: Sequence[Any], archive: Archive, rules: Mapping[str, Any]) -> TouchSaid:
    id, kind, at, counted, channel, campaign, rule, place, left_out, topic, partition, offset, credits = row
    held = archive.events.get(id)
    return TouchSaid(
        id, kind, at, counted, channel, campaign, rule, _matched(rule, held, rules), place, left_out,
        {model: Credited(parts, revenue, cash) for model, parts, revenue, cash in credits},
        Where(topic, partition, offset),
    )  # fmt: skip


def _matched(rule: str, held: Archived | None, rules: Mapping[str, Any]) -> dict[str, str]:
    """What the rule that set a channel found in the touch's own event: field to value, `is`, `contains` or `matches`."""
    name, _, rest = rule.partition(":")
    if name == "scan":
        return _parts(rest, "code", "assignment")
    if name == "number":
        return _parts(rest, "number", "assignment")
    if held is None:
        return {}
    body = held.fact.body
    if name == "told":
        return {"answer": body.answer} if rest or not body.channel else {"channel": body.channel}
    if name == "message":
        return {"medium": body.medium} if body.medium else {}
    source = getattr(body, "source", None)
    if source is None:
        return {}
    fields = _SEEN
    if name == "site":
        slug, _, number = rest.rpartition(":")
        sets = rules.get(slug, [])
        if number.isdigit() and 0 < int(number) <= len(sets):
            fields = tuple(one["field"] for one in sets[int(number) - 1] if one["field"] in RULE_FIELDS)
            return {
                condition["field"]: f"{said_in(source, condition['field'])!s} ({_asks(condition)})"
                for condition in sets[int(number) - 1]
                if condition["field"] in fields
            }
    return {one: value for one in fields if (value := said_in(source, one))}


def _asks(condition: Mapping[str, str]) -> str:
    return ", ".join(f"{how} {text}" for how, text in condition.items() if how != "field")


def _parts(rest: str, first: str, second: str) -> dict[str, str]:
    one, _, other = rest.partition(":")
    return {first: one, second: other} if other else {first: one}


def _payment(
    row: Sequence[Any],
    conversion_id: str,
    stage: str,
    converted_at: int,
    path: Sequence[TouchSaid],
    models: Sequence[str],
    archive: Archive,
) -> PaymentSaid:
    id, at, amount, currency, lead, in_revenue = row
    held = archive.events.get(id)
    if stage == "payment":
        follows, counts = "own_path", "no_registration"
    else:
        follows = "latest_registration_before" if converted_at <= at else "first_registration_after"
        counts = "" if in_revenue else "re_registration" if stage == "re_registration" else "after_roi_months"
    splits = {
        model: list(split_money(amount, tuple(touch.credits[model].parts for touch in path)))
        for model in models
    }
    names_lead = bool(held is not None and held.fact.body.lead)
    return PaymentSaid(id, at, amount, currency, lead, names_lead, follows, counts, splits, archive.where(id))
