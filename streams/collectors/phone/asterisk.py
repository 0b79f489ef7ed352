"""Asterisk and FreePBX: CDR lines (CSV or JSON) and AMI events, posted as calls end -> words on their legs.

A CDR says ANSWERED also where a menu or the voicemail picked up. They are told apart as by the importer: by
`lastapp` (VoiceMail: voicemail; anything but Dial, Queue and the like, or no `dstchannel`: nobody answered), and where
a dialplan hides that, by `dcontext`: `voicemail_contexts` and `menu_contexts` in the source's settings.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import orjson

from schemas.problems import Problem
from streams.collectors.importers.asterisk import master_columns, read_leg
from streams.collectors.importers.columns import Columns, Record, UnknownColumns, plain, recognise
from streams.collectors.importers.drafts import Setting
from streams.collectors.importers.mapping import BadMapping, check_known
from streams.collectors.importers.records import Reader, RefusedCell
from streams.collectors.payloads import checked_zone
from streams.collectors.phone.calls import OUTCOMES, NoCall, Outcome, Said, masked_number
from streams.domain.phones import e164

SETTINGS: Final = (
    "columns",
    "voicemail_contexts",
    "menu_contexts",
    "inbound_contexts",
    "number",
    "branch",
    "time_zone",
)
MOST_LINES: Final = 500
_INBOUND: Final = ("from-trunk*", "from-pstn*", "from-did*", "from-external*", "inbound*", "incoming*")
_ALIASES: Final = {
    "destinationcontext": "dcontext",
    "destinationchannel": "dstchannel",
    "lastapplication": "lastapp",
    "start": "calldate",
    "starttime": "calldate",
    "billableseconds": "billsec",
}
_ID: Final = re.compile(r"[!-~]{1,100}\Z")


@dataclass(frozen=True)
class AsteriskSettings:
    """What an exchange's lines do not say themselves."""

    columns: tuple[str, ...] = ()
    voicemail_contexts: tuple[str, ...] = ()
    menu_contexts: tuple[str, ...] = ()
    inbound_contexts: tuple[str, ...] = _INBOUND
    number: str | None = None
    branch: str | None = None
    time_zone: str | None = None


def read_settings(said: Mapping[str, Any]) -> AsteriskSettings:
    """The settings of an Asterisk source -> themselves, checked; raises BadMapping."""
    for name in said:
        check_known(str(name), SETTINGS, "setting")
    listed: dict[str, tuple[str, ...]] = {}
    for name in ("columns", "voicemail_contexts", "menu_contexts", "inbound_contexts"):
        value = said.get(name)
        if value in (None, ""):
            continue
        if not isinstance(value, list) or not all(
            isinstance(one, str) and 0 < len(one) <= 80 for one in value
        ):
            raise BadMapping(f"{name} must be a list of names")
        listed[name] = tuple(value)
    number = e164(str(said["number"])) if said.get("number") else None
    if said.get("number") and number is None:
        raise BadMapping("number must be a telephone number, such as 02-555-0000")
    branch = str(said["branch"]) if said.get("branch") else None
    settings = AsteriskSettings(
        **listed, number=number, branch=branch, time_zone=checked_zone(said.get("time_zone"))
    )
    if settings.columns:
        try:
            recognise("asterisk", [(1, _aliased(settings.columns))], {})
        except UnknownColumns as lacking:
            raise BadMapping(f"columns: {lacking}") from None
    return settings


def said_of(
    body: bytes, site: str, settings: AsteriskSettings, zone: ZoneInfo
) -> Iterator[tuple[bytes, Said | NoCall | None]]:
    """A body -> each of its lines with the word on a call in it, what is wrong with it, or None: nobody's business.

    Raises NoCall when the body as a whole cannot be read.
    """
    setting = Setting(site=site, secret=b"", zone=zone, defaults={})
    for raw, names, cells in _rows(body, settings):
        try:
            if names is not None and "event" in {plain(name) for name in names}:
                yield raw, _event(dict(zip((plain(name) for name in names), cells, strict=False)), settings)
                continue
            columns = master_columns(list(cells)) if names is None else _columns(names)
            if columns is None:
                raise NoCall(
                    Problem(
                        "the body", "no CDR line", "the columns of Master.csv, or `columns` in the settings"
                    )
                )
            yield raw, _leg(Reader(Record(1, cells, columns), setting), settings)
        except NoCall as wrong:
            yield raw, wrong
        except RefusedCell as refused:
            column = refused.refusal.column
            yield (
                raw,
                NoCall(
                    Problem(
                        column if re.fullmatch(r"[a-z_]{1,20}", column) else "the line",
                        "none",
                        refused.refusal.fix,
                    )
                ),
            )


def _rows(
    body: bytes, settings: AsteriskSettings
) -> Iterator[tuple[bytes, Sequence[str] | None, Sequence[Any]]]:
    """A body -> its lines: the bytes, the names of the columns (None: Master.csv) and the cells."""
    start = body.lstrip()[:1]
    if start in (b"{", b"["):
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise NoCall(Problem("the body", "what is not JSON in UTF-8", "CDR fields by name")) from None
        items = parsed if isinstance(parsed, list) else [parsed]
        if len(items) > MOST_LINES:
            raise NoCall(Problem("the body", f"{len(items)} lines", f"at most {MOST_LINES} in a request"))
        for item in items:
            scalars = isinstance(item, dict) and all(not isinstance(v, (dict, list)) for v in item.values())
            if not scalars or not item:
                raise NoCall(Problem("the body", "no object of texts and numbers", "CDR fields by name"))
            yield orjson.dumps(item), list(item), list(item.values())
        return
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NoCall(Problem("the body", "what is not UTF-8", "CDR lines or AMI events in UTF-8")) from None
    if re.match(r"\s*event\s*:", text, re.IGNORECASE):
        for block in re.split(r"\r?\n\s*\r?\n", text.strip())[:MOST_LINES]:
            pairs = [line.partition(":") for line in block.splitlines() if ":" in line]
            yield (
                block.encode(),
                [name.strip() for name, _, _ in pairs],
                [value.strip() for _, _, value in pairs],
            )
        return
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise NoCall(Problem("the body", f"{len(lines)} lines", f"at most {MOST_LINES} in a request"))
    names: Sequence[str] | None = settings.columns or None
    for line in lines:
        try:
            (cells,) = csv.reader(io.StringIO(line))
        except (csv.Error, ValueError):
            raise NoCall(Problem("the body", "no CSV line", "one CDR a line")) from None
        if names is None and plain(cells[0]) in _HEADERS:
            names = cells
            continue
        yield line.encode(), names, cells


_HEADERS: Final = frozenset({"accountcode", "calldate", "src", "clid", "uniqueid", "linkedid", "start"})


def _columns(names: Sequence[str]) -> Columns:
    try:
        return recognise("asterisk", [(0, _aliased(names))], {})
    except UnknownColumns:
        fix = "calldate, src, dst or did, disposition and uniqueid or linkedid"
        raise NoCall(Problem("the body", "fields of no CDR", fix)) from None


def _aliased(names: Sequence[str]) -> list[str]:
    return [_ALIASES.get(plain(name), name) for name in names]


def _leg(reader: Reader, settings: AsteriskSettings) -> Said | None:
    leg, linked = read_leg(reader)
    if not _ID.match(linked):
        raise NoCall(Problem("linkedid", "nothing that is one", "the call's linkedid or uniqueid"))
    context = str(reader.record.get("dcontext") or "")
    outcome = _outcome(leg.outcome)
    if outcome == "answered":
        if _matches(context, settings.voicemail_contexts):
            outcome = "voicemail"
        elif _matches(context, settings.menu_contexts):
            outcome = "abandoned"
    outbound = leg.internal_source
    if outbound and leg.target is None:
        return None  # from extension to extension
    customer = leg.target if outbound else leg.source
    number = masked_number(leg.target) if outbound and leg.target else leg.target or settings.number
    talked = outcome in ("answered", "voicemail")
    sequence = reader.record.get("sequence")
    return Said(
        call_id=linked,
        leg=f"{leg.unique}/{sequence or ''}",
        state=outcome,
        number=number,
        phone=customer,
        direction="outbound" if outbound else "inbound",
        started=leg.started,
        ended=leg.started + timedelta(seconds=leg.rang + leg.talk),
        talk=leg.talk if talked else 0,
        wait=leg.rang if talked else leg.rang + leg.talk,
        more={"branch": settings.branch} if settings.branch else {},
    )


def _outcome(said: str) -> Outcome:
    return next(one for one in OUTCOMES if one == said)


def _event(told: Mapping[str, Any], settings: AsteriskSettings) -> Said | None:
    """An AMI event -> a word for the desk; of a `Cdr` event its CDR; of any other nothing."""
    name = str(told.get("event") or "").lower()
    if name == "cdr":
        names = [key for key in told if key != "event"]
        return _leg(
            Reader(Record(1, [told[key] for key in names], _columns(names)), _no_setting(settings)), settings
        )
    call = str(told.get("linkedid") or told.get("uniqueid") or "")
    first = told.get("uniqueid") in (None, call)
    if not _ID.match(call):
        return None
    state: Literal["ringing", "talking", "over"]
    if name == "newchannel" and first and _matches(str(told.get("context") or ""), settings.inbound_contexts):
        state = "ringing"
    elif name == "bridgeenter":
        state = "talking"
    elif name == "hangup" and first:
        state = "over"
    else:
        return None
    number = e164(str(told.get("exten") or "")) or settings.number
    caller = e164(str(told.get("calleridnum") or ""))
    return Said(call, "", state, number, caller if state == "ringing" else None, "inbound", desk_only=True)


def _no_setting(settings: AsteriskSettings) -> Setting:
    return Setting(site="", secret=b"", zone=ZoneInfo(settings.time_zone or "Asia/Seoul"))


def _matches(context: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(context, pattern) for pattern in patterns)
