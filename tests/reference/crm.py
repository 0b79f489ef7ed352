"""Messages, what followed them and customer segments, worked out again from the reference's rows as docs/crm.md says.

Small, obvious, slow. Rows come in the common shape of tests/published.py: instants in epoch µs, days as ISO text.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import orjson

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]

SHIPPED = {"new": (30, 1), "repeat": (90, 2), "dormant": (90, 1)}
TELLS_OF_OPENS = ("email", "push")
COUNTED = ("payment", "visit", "revenue", "members", "inquiry", "consult", "registration", "re_registration")
A_DAY = 86_400_000_000


def _rows(tables: Tables, table: str) -> list[Row]:
    return list(tables.get(table, {}).values())


def _first(events: list[Row], *actions: str) -> int | None:
    return min((event["happened_at"] for event in events if event["action"] in actions), default=None)


def _last(events: list[Row], action: str) -> int | None:
    return max((event["happened_at"] for event in events if event["action"] == action), default=None)


def messages(tables: Tables) -> dict[tuple[str, str, str], Row]:
    """The tables -> (site, message, person) -> the message with the first time of each step."""
    reports: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in _rows(tables, "activity_rows"):
        if row["type"] == "message_tracked":
            reports[row["site"], row["subject"]].append(row)
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for (site, message_id), events in reports.items():
        people = {event["person_id"] for event in events}
        named = sorted(person for person in people if not person.startswith("event:"))
        nobody = min(people - set(named), default="", key=str.encode)
        for event in events:
            person = event["person_id"]
            if person.startswith("event:"):
                person = named[0] if len(named) == 1 else nobody
            found[site, message_id, person].append(event)
    placed = sorted(
        (row for row in _rows(tables, "conversion_rows") if row["branch"]),
        key=lambda row: (row["converted_at"], row["conversion_id"].encode()),
    )
    branches: dict[tuple[str, str], str] = {}
    for row in placed:
        branches.setdefault((row["site"], row["person_id"]), row["branch"])
    return {
        key: (made := _message(key, events))
        | {"branch": made["branch"] or branches.get((key[0], key[2]), "")}
        for key, events in found.items()
    }


def _message(key: tuple[str, str, str], events: list[Row]) -> Row:
    site, message_id, person = key
    events = sorted(events, key=lambda event: (event["happened_at"], event["event_id"].encode()))

    def said(name: str) -> str:
        return next((event[name] for event in events if event[name]), "")

    arrived = delivered = _first(events, "delivered")
    acted = _first(events, "opened", "clicked", "complained", "unsubscribed")
    bounced, clicked, opened = (_first(events, one) for one in ("bounced", "clicked", "opened"))
    if acted is not None:
        delivered = min(acted, arrived) if arrived is not None else acted
    else:
        last_bounced, last_arrived = _last(events, "bounced"), _last(events, "delivered")
        if last_bounced is not None and last_arrived is not None and last_bounced > last_arrived:
            delivered = None
    tells = said("medium") in TELLS_OF_OPENS
    if tells:
        opened = min((at for at in (opened, clicked) if at is not None), default=None)
    return {
        "site": site,
        "message_id": message_id,
        "person_id": person,
        **{name: said(name) for name in ("branch", "medium", "campaign", "segment", "experiment", "variant")},
        "sent_at": events[0]["happened_at"],
        "day": events[0]["day"],
        "delivered_at": delivered,
        "opened_at": opened,
        "clicked_at": clicked,
        "bounced_at": bounced if delivered is None else None,
        "complained_at": _first(events, "complained"),
        "unsubscribed_at": _first(events, "unsubscribed"),
        "reports_opens": int(tells),
    }


def deeds(tables: Tables) -> list[Row]:
    """The tables -> what persons did: visits, payments, stages, goals of contents."""
    services = {(lead["site"], lead["lead_key"]): lead["service"] for lead in _rows(tables, "lead_rows")}

    def deed(row: Row, name: str, id: str, at: str, **more: Any) -> Row:
        key = row.get("lead_id") or row["person_id"]
        return {
            "site": row["site"], "branch": row["branch"], "person": row["person_id"], "deed": name, "id": row[id],
            "at": row[at], "day": date.fromisoformat(row["day"]), "amount": 0,
            "service": services.get((row["site"], key), ""), **more,
        }  # fmt: skip

    return [
        *(
            deed(row, "visit", "touch_id", "touched_at", service="")
            for row in _rows(tables, "touch_rows")
            if row["kind"] in ("session", "qr_scan", "call")
        ),
        *(
            deed(row, "payment", "payment_id", "paid_at", amount=row["amount"])
            | ({"service": row["service"]} if row["service"] else {})
            for row in _rows(tables, "payment_rows")
        ),
        *(
            deed(row, f"stage:{row['stage']}", "conversion_id", "converted_at")
            for row in _rows(tables, "conversion_rows")
            if row["stage"] != "payment"
        ),
        *(
            deed(row, f"content:{row['subject']}", "event_id", "happened_at", service="")
            for row in _rows(tables, "activity_rows")
            if row["type"] == "content_engaged" and row["action"] == "goal"
        ),
    ]


def _goals(tables: Tables) -> dict[tuple[str, str], set[str]]:
    """(site, goal of the catalog) -> the deeds that reach it."""
    goals = {}
    for row in _rows(tables, "definition_rows"):
        if row["kind"] == "goal":
            said = orjson.loads(row["definition"])
            contents = said["contents"] if "contents" in said else [row["id"]]
            goals[row["site"], row["id"]] = {f"stage:{said.get('stage') or row['id']}"} | {
                f"content:{one}" for one in contents
            }
    return goals


def _reaches(goal: str, site: str, goals: dict[tuple[str, str], set[str]], done: Iterable[Row]) -> bool:
    if goal == "payment":
        return bool(sum(one["amount"] for one in done if one["deed"] == "payment") > 0)
    names = {"visit"} if goal == "visit" else goals.get((site, goal), {f"stage:{goal}"})
    return any(one["deed"] in names for one in done)


def _part(part: str, message: Row, in_month: int) -> tuple[str, str]:
    if part == "variant":
        return message["experiment"], message["variant"]
    if part == "month":
        return "", message["day"][:8] + "01"
    if part == "frequency":
        buckets = [(3, str(in_month)), (5, "4-5"), (10, "6-10"), (10**9, "11+")]
        return "", next(name for most, name in buckets if in_month <= most)
    return "", "" if part == "all" else message[part]


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def funnel(
    tables: Tables,
    *,
    since: date,
    until: date,
    branches: Iterable[str],
    part: str,
    goal: str,
    window_days: int,
) -> dict[tuple[str, str, str], Row]:
    """The tables and what is asked -> (site, experiment, part) -> the figures of its messages."""
    branches, every, goals = list(branches), list(messages(tables).values()), _goals(tables)
    own = {(one["site"], one["segment"]): one["goal_metric"] for one in segments(tables)}
    done: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for one in deeds(tables):
        done[one["site"], one["person"]].append(one)
    months: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in every:
        months[one["site"], one["person_id"], one["day"][:7]] += 1
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for one in every:
        if not since <= date.fromisoformat(one["day"]) <= until or (
            branches and one["branch"] not in branches
        ):
            continue
        site, person, arrived = one["site"], one["person_id"], one["delivered_at"]
        aim = goal or own.get((site, one["segment"]), "")
        aim = "payment" if aim in ("", "revenue", "members") else aim
        theirs = done[site, person] if arrived is not None else []
        after = [deed for deed in theirs if 0 <= deed["at"] - arrived <= window_days * A_DAY]
        one = {
            **one,
            "after": after,
            "customer": any(
                deed["at"] < arrived
                and (
                    deed["deed"] in ("stage:registration", "stage:re_registration")
                    or (deed["deed"] == "payment" and deed["amount"] > 0)
                )
                for deed in theirs
            ),
            "back": any(
                deed["amount"] > 0 if deed["deed"] == "payment" else not deed["deed"].startswith("content:")
                for deed in after
            ),
            "converted": _reaches(aim, site, goals, after),
            "unwanted": any(
                other["unsubscribed_at"] is not None and other["unsubscribed_at"] < one["sent_at"]
                for other in every
                if (other["site"], other["person_id"], other["medium"]) == (site, person, one["medium"])
            ),
        }
        groups[site, *_part(part, one, months[site, person, one["day"][:7]])].append(one)
    return {key: _figures(group) for key, group in groups.items()}


def _figures(group: list[Row]) -> Row:
    def count(test: Callable[[Row], Any]) -> int:
        return sum(1 for one in group if test(one))

    def people(test: Callable[[Row], Any]) -> int:
        return len({one["person_id"] for one in group if test(one)})

    sent, delivered = len(group), count(lambda one: one["delivered_at"] is not None)
    openable = count(lambda one: one["delivered_at"] is not None and one["reports_opens"])
    opened = count(lambda one: one["opened_at"] is not None)
    figures: Row = {
        "sent": sent,
        "bounced": count(lambda one: one["bounced_at"] is not None),
        "delivered": delivered,
        "openable": openable,
        "opened": opened if openable or opened else None,
        "converted": count(lambda one: one["converted"]),
        "clicked": count(lambda one: one["clicked_at"] is not None),
        "complained": count(lambda one: one["complained_at"] is not None),
        "unsubscribed": count(lambda one: one["unsubscribed_at"] is not None),
        "sent_after_unsubscribe": count(lambda one: one["unwanted"]),
        "people": people(lambda one: one["delivered_at"] is not None),
        "people_converted": people(lambda one: one["converted"]),
        "customers": people(lambda one: one["customer"]),
        "customers_back": people(lambda one: one["customer"] and one["back"]),
        "revenue": sum({deed["id"]: deed["amount"] for one in group for deed in one["after"]}.values()),
    }
    months = {(one["person_id"], one["day"][:7]) for one in group}
    return figures | {
        "messages_a_month": sent / len(months),
        "delivery_rate": delivered / sent,
        "bounce_rate": figures["bounced"] / sent,
        "open_rate": _rate(
            count(lambda one: one["opened_at"] is not None and one["reports_opens"]), openable
        ),
        "click_rate": _rate(figures["clicked"], delivered),
        "conversion_rate": _rate(figures["converted"], delivered),
        "people_conversion_rate": _rate(figures["people_converted"], figures["people"]),
        "complaint_rate": _rate(figures["complained"], delivered),
        "unsubscribe_rate": _rate(figures["unsubscribed"], delivered),
        "return_rate": _rate(figures["customers_back"], figures["customers"]),
    }


def segments(tables: Tables) -> list[Row]:
    """The tables -> each site's segments, the shipped one of a base that it defines none of, nor another by its id."""
    found = []
    for row in _rows(tables, "definition_rows"):
        if row["kind"] == "segment":
            said = orjson.loads(row["definition"])
            base = said.get("base") or (row["id"] if row["id"] in SHIPPED else "")
            found.append(_segment(row["site"], row["id"], base, said))
    for site in _rows(tables, "site_rows"):
        taken = {one["base"] for one in found if one["site"] == site["site"]}
        taken |= {one["segment"] for one in found if one["site"] == site["site"]}
        found += [_segment(site["site"], base, base, {}) for base in SHIPPED if base not in taken]
    return found


def _segment(site: str, id: str, base: str, said: Row) -> Row:
    days, payments = SHIPPED.get(base, (90, 1))
    return {
        "site": site,
        "segment": id,
        "base": base,
        "days": said.get("days") if said.get("days") is not None else days,
        "payments": said.get("payments") if said.get("payments") is not None else payments,
        "visits": said.get("visits") or 0,
        "service": said.get("service") or "",
        "goal_metric": said.get("goal_metric") or "",
        "goal_count": said.get("goal_count"),
    }


def member(segment: Row, theirs: list[Row], day: date) -> Row | None:
    """A segment, what one person did and a local day -> the member at its end; None when the person is none."""
    until = [one for one in theirs if one["day"] <= day]
    lately = day - timedelta(days=segment["days"])
    of_service = [one for one in until if segment["service"] in ("", one["service"])]
    money = [one for one in of_service if one["deed"] == "payment"]
    paid_on = [one["day"] for one in money if one["amount"] > 0]
    stages = [one["day"] for one in of_service if one["deed"].startswith("stage:")]
    visits = [one["day"] for one in until if one["deed"] == "visit"]
    if not paid_on + stages:
        return None
    known_on, paid = min(paid_on + stages), sum(one["amount"] for one in money)
    payments = len(paid_on) if paid > 0 else 0
    recent_payment = payments > 0 and max(paid_on) > lately
    recent_visits = sum(1 for one in visits if one > lately)
    if segment["base"] == "new":
        belongs = known_on > lately and payments <= segment["payments"] and recent_visits >= segment["visits"]
    elif segment["base"] == "repeat":
        belongs = payments >= segment["payments"] and recent_payment and recent_visits >= segment["visits"]
    else:
        quiet = (
            not recent_payment and recent_visits <= segment["visits"] and all(one <= lately for one in stages)
        )
        belongs = (
            segment["base"] == "dormant" and payments >= segment["payments"] and quiet and known_on <= lately
        )
    return (
        {
            "known_on": known_on,
            "payments": payments,
            "paid": paid,
            "last_paid_on": max(paid_on) if payments else None,
            "visits": recent_visits,
            "last_visit_on": max(visits, default=None),
        }
        if belongs
        else None
    )


def members(
    tables: Tables, *, since: date, until: date, branches: Iterable[str]
) -> dict[tuple[str, str, str, date], Row]:
    """The tables and what is asked -> (site, segment, person, day) -> the member, of every single day."""
    theirs = _by_person(tables, list(branches))
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    return {
        (segment["site"], segment["segment"], person, day): found
        for segment in segments(tables)
        for (site, person), done in theirs.items()
        if site == segment["site"]
        for day in days
        if (found := member(segment, done, day)) is not None
    }


def _by_person(tables: Tables, branches: list[str]) -> dict[tuple[str, str], list[Row]]:
    theirs: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for one in deeds(tables):
        everywhere = one["deed"] == "visit" or one["deed"].startswith("content:")
        if everywhere or not branches or one["branch"] in branches:
            theirs[one["site"], one["person"]].append(one)
    return theirs


def customer_segments(
    tables: Tables, *, since: date, until: date, branches: Iterable[str]
) -> dict[tuple[str, str], Row]:
    """The tables and what is asked -> (site, segment) -> its size, its goal and how far it is."""
    branches, eve, goals = list(branches), since - timedelta(days=1), _goals(tables)
    theirs = _by_person(tables, branches)
    first: dict[tuple[str, str], dict[str, date]] = defaultdict(dict)
    daily = members(tables, since=eve, until=until, branches=branches)
    for site, segment, person, day in daily:
        held = first[site, segment]
        held[person] = min(day, held.get(person, day))
    return {
        (one["site"], one["segment"]): _progress(
            one, first[one["site"], one["segment"]], theirs, goals, since, until
        )
        | {
            name: sum(1 for key in daily if key[:2] == (one["site"], one["segment"]) and key[3] == day)
            for name, day in (("members", until), ("members_before", eve))
        }
        for one in segments(tables)
    }


def _progress(
    segment: Row,
    first: dict[str, date],
    theirs: dict[tuple[str, str], list[Row]],
    goals: dict[tuple[str, str], set[str]],
    since: date,
    until: date,
) -> Row:
    site, service = segment["site"], segment["service"]
    since_then = [
        [
            deed
            for deed in theirs[site, person]
            if max(from_day, since) <= deed["day"] <= until
            and (
                service in ("", deed["service"])
                or deed["deed"] == "visit"
                or deed["deed"].startswith("content:")
            )
        ]
        for person, from_day in first.items()
    ]
    return {
        "people": len(first),
        "returned": sum(
            1 for done in since_then if any(one["deed"] == "visit" or one["amount"] > 0 for one in done)
        ),
        "paying": sum(1 for done in since_then if sum(one["amount"] for one in done) > 0),
        "revenue": sum(one["amount"] for done in since_then for one in done),
        "told": segment["goal_metric"] in COUNTED or (site, segment["goal_metric"]) in goals,
        "doing": sum(1 for done in since_then if _reaches(segment["goal_metric"], site, goals, done)),
    }
