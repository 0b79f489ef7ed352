"""A value of the core -> one row of a private table, pure; a key without a value -> a row written as deleted.

Instants go out as seconds with six decimals: a float64 holds each microsecond up to the year 2242 as its shortest
decimal, which ClickHouse reads digit by digit. Days go out as ISO dates.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson

from schemas.catalog import CatalogEntry
from schemas.event import to_json
from streams.domain.activities import ActivityRow
from streams.domain.attribution import MODELS
from streams.domain.calls import CallRow
from streams.domain.campaign_windows import CampaignRow
from streams.domain.catalog import Channel, EntryKey, SiteCatalog, names_of
from streams.domain.channel_funnel import CALLS, CASH, REVENUE, SCANS, STAGES, VISITS, Cell, Key
from streams.domain.conversions import (
    CONSULT,
    INQUIRY,
    RE_REGISTRATION,
    REGISTRATION,
    Conversion,
    LeadRow,
    PaymentRow,
)
from streams.domain.days import iso_day, micros
from streams.domain.site import Changes
from streams.domain.spend import SpendRow, gross
from streams.domain.touches import TOLD, Touch

Row = tuple[Any, ...]
WIDTH: Final = len(MODELS)
EPOCH_DAY: Final = "1970-01-01"
_ISO = lru_cache(maxsize=65_536)(iso_day)
_NONE: Final[list[int]] = []
_NOTHING: Final = [0] * WIDTH
_EMPTY: Final[list[Any]] = []

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    table: tuple(names.split())
    for table, names in {
        "event_archive": "site event_id type branch occurred_at partition offset payload version deleted",
        "touch_rows": "run site touch_id person_id kind touched_at day branch channel campaign keyword landing_page"
        " probable told rule version deleted",
        "conversion_rows": "run site conversion_id lead_id person_id stage converted_at day branch event_id touch_ids"
        " touched_at channels campaigns w_first w_last w_linear w_time_decay w_position r_first r_last r_linear"
        " r_time_decay r_position c_first c_last c_linear c_time_decay c_position version deleted",
        "payment_rows": "run site payment_id paid_at day branch lead_id person_id amount currency funding service"
        " conversion_id in_revenue version deleted",
        "lead_rows": "run site lead_key lead_id person_id branch service via stage first_touch_id first_touch_at"
        " first_touch_channel first_touch_campaign inquiry_at consult_at registration_at paid cohort version deleted",
        "call_rows": "run site call_id person_id started_at day branch number direction outcome talk_seconds"
        " wait_seconds subject channel campaign keyword ad_group visitor_id probable counted event_id version"
        " deleted",
        "spend_rows": "run site spend_id channel campaign branch kind first_day amounts clicks impressions version"
        " deleted",
        "funnel_rows": "run site day branch channel campaign visits scans calls inquiries consults registrations"
        " re_registrations revenue cash version deleted",
        "campaign_rows": "run site campaign name channel budget starts_on ends_on goal_metric goal_count spent visits"
        " scans calls inquiries consults registrations revenue cash version deleted",
        "site_rows": "run site name time_zone currency branches ltv_months ltv_monthly_revenue roi_months"
        " threshold_stop threshold_increase threshold_too_little payments settings version deleted",
        "channel_rows": "run site channel kind free names hours_limit hours_limit_cost rules version deleted",
        "activity_rows": "run site event_id type happened_at day branch person_id visitor_id lead_id subject action"
        " medium campaign segment experiment variant call_id referrer value watched_seconds length_seconds version"
        " deleted",
        "definition_rows": "run site kind id defined_at name_ko name_en definition version deleted",
    }.items()
}


def touch_row(run: str, site: str, id: str, touch: Touch | None, version: int) -> Row:
    """touch_rows."""
    if touch is None:
        return (run, site, id, "", "", 0, EPOCH_DAY, "", "", "", "", "", 0, 0, "", version, 1)
    _, kind, at, day, branch, channel, campaign, person, keyword, landing, probable, rule = touch
    told = 1 if kind == TOLD else 0
    return (
        run, site, id, person, kind, at / 1e6, _ISO(day), branch, channel, campaign, keyword, landing,
        1 if probable else 0, told, rule, version, 0,
    )  # fmt: skip


def conversion_row(run: str, site: str, id: str, conversion: Conversion | None, version: int) -> Row:
    """conversion_rows."""
    if conversion is None:
        return (
            run, site, id, "", "", "", 0, EPOCH_DAY, "", "", *([_EMPTY] * 19), version, 1,
        )  # fmt: skip
    _, lead, person, stage, at, day, branch, event_id, path, credit, paid = conversion
    revenue: Sequence[Sequence[int]] = [_NONE] * WIDTH
    cash: Sequence[Sequence[int]] = revenue
    if paid:
        cash = _sums([one.splits for one in paid])
        counted = [one.splits for one in paid if one.in_revenue]
        revenue = _sums(counted) if counted else revenue
    return (
        run, site, id, lead, person, stage, at / 1e6, _ISO(day), branch, event_id,
        [step[0] for step in path], [step[1] / 1e6 for step in path],
        [step[2] for step in path], [step[3] for step in path],
        *credit, *revenue, *cash, version, 0,
    )  # fmt: skip


def _sums(splits: Sequence[Sequence[Sequence[int]]]) -> Sequence[Sequence[int]]:
    if len(splits) == 1:
        return splits[0]
    return [
        [sum(column) for column in zip(*(one[model] for one in splits), strict=True)]
        for model in range(WIDTH)
    ]


def payment_row(run: str, site: str, id: str, payment: PaymentRow | None, version: int) -> Row:
    """payment_rows."""
    if payment is None:
        return (run, site, id, 0, EPOCH_DAY, "", "", "", 0, "", "", "", "", 0, version, 1)
    _, at, day, branch, lead, person, amount, currency, funding, service, conversion_id, counts = payment
    return (
        run, site, id, at / 1e6, _ISO(day), branch, lead, person, amount, currency, funding, service, conversion_id,
        1 if counts else 0, version, 0,
    )  # fmt: skip


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1e6


def lead_row(run: str, site: str, key: str, lead: LeadRow | None, version: int) -> Row:
    """lead_rows."""
    if lead is None:
        return (
            run,
            site,
            key,
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            None,
            "",
            "",
            None,
            None,
            None,
            0,
            None,
            version,
            1,
        )
    first = lead.first_touch
    return (
        run, site, key, lead.lead, lead.person, lead.branch, lead.service, lead.via, lead.stage,
        "" if first is None else first.touch_id, None if first is None else first.at / 1e6,
        "" if first is None else first.channel, "" if first is None else first.campaign,
        _seconds(lead.inquiry_at), _seconds(lead.consult_at), _seconds(lead.registration_at), lead.paid,
        None if lead.cohort is None else _ISO(lead.cohort), version, 0,
    )  # fmt: skip


def call_row(run: str, site: str, id: str, call: CallRow | None, version: int) -> Row:
    """call_rows."""
    if call is None:
        return (
            run,
            site,
            id,
            "",
            0,
            EPOCH_DAY,
            "",
            "",
            "",
            "",
            0,
            0,
            "",
            "",
            "",
            "",
            "",
            "",
            0,
            0,
            "",
            version,
            1,
        )
    return (
        run, site, id, call.person, call.start / 1e6, _ISO(call.day), call.branch, call.number,
        "inbound" if call.inbound else "outbound", call.outcome, round(call.talk), round(call.wait), call.subject,
        call.channel, call.campaign, call.keyword, call.ad_group, call.visitor.removeprefix("visitor_id:"),
        1 if call.probable else 0, 1 if call.counted else 0, call.event_id, version, 0,
    )  # fmt: skip


def activity_row(run: str, site: str, id: str, activity: ActivityRow | None, version: int) -> Row:
    """activity_rows."""
    if activity is None:
        return (run, site, id, "", 0, EPOCH_DAY, *([""] * 13), None, None, None, version, 1)
    one, said = activity, activity.said
    return (
        run, site, id, said.type, one.at / 1e6, _ISO(one.day), one.branch, one.person, one.visitor, one.lead,
        said.subject, said.action, said.medium, one.campaign, said.segment, said.experiment, said.variant, one.call_id,
        one.referrer, said.value, said.watched_seconds, said.length_seconds, version, 0,
    )  # fmt: skip


def definition_row(run: str, site: str, key: EntryKey, entry: CatalogEntry, version: int) -> Row:
    """definition_rows; a name that one language lacks is the other's."""
    names = names_of(getattr(entry, "name", None))
    ko, en = names.get("ko", ""), names.get("en", "")
    fields = orjson.dumps(orjson.loads(to_json(entry)), option=orjson.OPT_SORT_KEYS).decode()
    return (run, site, *key, micros(entry.defined_at) / 1e6, ko or en, en or ko, fields, version, 0)


def spend_row(run: str, site: str, id: str, spend: SpendRow | None, version: int) -> Row:
    """spend_rows."""
    if spend is None:
        return (run, site, id, "", "", "", "", EPOCH_DAY, _EMPTY, None, None, version, 1)
    return (
        run, site, id, spend.channel, spend.campaign, spend.branch, spend.kind, _ISO(spend.first_day), spend.amounts,
        spend.clicks, spend.impressions, version, 0,
    )  # fmt: skip


def funnel_row(run: str, site: str, key: Key, cell: Cell | None, version: int) -> Row:
    """funnel_rows."""
    day, branch, channel, campaign = key
    if cell is None:
        return (run, site, _ISO(day), branch, channel, campaign, 0, 0, 0, *([_NOTHING] * 6), version, 1)
    return (
        run, site, _ISO(day), branch, channel, campaign, cell[VISITS], cell[SCANS], cell[CALLS],
        *_five(cell, _FUNNEL), version, 0,
    )  # fmt: skip


_FUNNEL: Final = (*(STAGES[s] for s in (INQUIRY, CONSULT, REGISTRATION, RE_REGISTRATION)), REVENUE, CASH)
_WINDOW: Final = (*(STAGES[s] for s in (INQUIRY, CONSULT, REGISTRATION)), REVENUE, CASH)


def _five(cell: Sequence[int], starts: Iterable[int]) -> list[Sequence[int]]:
    return [cell[start : start + WIDTH] for start in starts]


def campaign_row(run: str, site: str, id: str, window: CampaignRow | None, version: int) -> Row:
    """campaign_rows."""
    if window is None:
        return (run, site, id, "", "", 0, None, None, "", None, 0, 0, 0, 0, *([_NOTHING] * 5), version, 1)
    one, spent, results = window
    return (
        run, site, id, one.name, one.channel, one.budget,
        None if one.starts_on is None else _ISO(one.starts_on), None if one.ends_on is None else _ISO(one.ends_on),
        one.goal_metric, one.goal_count, spent, results[VISITS], results[SCANS], results[CALLS],
        *_five(results, _WINDOW), version, 0,
    )  # fmt: skip


def site_row(run: str, catalog: SiteCatalog, payments: int, version: int) -> Row:
    """site_rows."""
    settings = {
        "attribution": {**catalog.attribution._asdict(), "position": list(catalog.attribution.position)},
        "stages": catalog.stages,
        "answers": catalog.answers,
        "call_inquiries": catalog.call_inquiries,
        "staff_hourly_rate": catalog.staff_hourly_rate,
        "shared_identifiers": sorted(catalog.shared),
        "opening_hours": catalog.opening_hours,
        "holidays": catalog.holidays,
        "cac_target": catalog.cac_target,
        **catalog.owned,
    }
    bands = catalog.thresholds
    return (
        run, catalog.site, catalog.name, catalog.time_zone, catalog.currency, catalog.branches, catalog.ltv_months,
        catalog.ltv_monthly_revenue, catalog.roi_months, bands.stop, bands.increase, bands.too_little, payments,
        orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode(), version, 0,
    )  # fmt: skip


def channel_rows(run: str, catalog: SiteCatalog, version: int) -> list[Row]:
    """channel_rows: one a defined or shipped channel."""
    rows: list[Row] = []
    rate = catalog.staff_hourly_rate
    for slug, one in sorted(catalog.channels.items()):
        names = orjson.dumps(dict(one.names), option=orjson.OPT_SORT_KEYS).decode()
        hours = one.hours_limit
        cost = gross(None, hours, False, rate) if hours is not None and rate else None
        said = (run, catalog.site, slug, one.kind, 1 if one.free else 0, names, hours, cost, _rules(one))
        rows.append((*said, version, 0))
    return rows


def _rules(channel: Channel) -> str:
    sets = [
        [{"field": field, **({how: text} if how else {})} for field, how, text in conditions]
        for conditions in channel.rules
    ]
    return orjson.dumps(sets).decode()


def rows_of(run: str, site: str, changes: Changes, payments: int, version: int) -> dict[str, list[Row]]:
    """Every row of one site's changes, by table."""
    rows: dict[str, list[Row]] = {}
    for table, changed, write in (
        ("touch_rows", changes.touches, touch_row),
        ("conversion_rows", changes.conversions, conversion_row),
        ("payment_rows", changes.payments, payment_row),
        ("lead_rows", changes.leads, lead_row),
        ("call_rows", changes.calls, call_row),
        ("activity_rows", changes.activities, activity_row),
        ("definition_rows", changes.definitions, definition_row),
        ("spend_rows", changes.spends, spend_row),
        ("funnel_rows", changes.funnel, funnel_row),
        ("campaign_rows", changes.campaigns, campaign_row),
    ):
        if changed:
            make: Any = write
            rows[table] = [make(run, site, key, value, version) for key, value in changed.items()]
    if changes.catalog is not None:
        rows["site_rows"] = [site_row(run, changes.catalog, payments, version)]
        rows["channel_rows"] = channel_rows(run, changes.catalog, version)
    return rows
