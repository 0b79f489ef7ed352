"""AARRR, cohorts, growth and journeys worked out anew in plain Python from what the core published: what judges the SQL."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from tests.published import Published, Row

STAGES = ("inquiry", "consult", "registration")
Person = dict[str, Any]
Found = dict[tuple[Any, ...], Row]


def month_of(day: str) -> date:
    """A local day -> the first of its month."""
    return date.fromisoformat(day).replace(day=1)


def months_later(month: date, number: int) -> date:
    """A first of a month -> the first of the month so many later."""
    years, months = divmod(month.month - 1 + number, 12)
    return date(month.year + years, months + 1, 1)


def months_between(first: date, last: date) -> int:
    """Two firsts of months -> how many months lie from the one to the other."""
    return (last.year - first.year) * 12 + last.month - first.month


def people(published: Published) -> list[Person]:
    """What the core published -> every person whom a touch, a stage or a payment is known of."""
    rows: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for table in ("touch_rows", "conversion_rows", "payment_rows", "lead_rows", "activity_rows"):
        rows[table] = defaultdict(list)
        for row in published.get(table, {}).values():
            if table != "conversion_rows" or row["stage"] != "payment":
                rows[table][row["site"], row["person_id"]].append(row)
    known = {key for table in ("touch_rows", "conversion_rows", "payment_rows") for key in rows[table]}
    found = [_person(key, *(rows[table].get(key, []) for table in rows)) for key in sorted(known)]
    _refer(found, published)
    for site in {one["site"] for one in found}:
        last = max(one["last_on"] for one in found if one["site"] == site)
        for one in found:
            if one["site"] == site:
                one["recorded_until"] = last
    return found


def _person(
    key: tuple[str, str], touches: list[Row], reached: list[Row], paid: list[Row], leads: list[Row], did: list[Row]
) -> Person:  # fmt: skip
    touches.sort(key=lambda row: (row["touched_at"], row["touch_id"]))
    paid.sort(key=lambda row: (row["paid_at"], row["payment_id"]))
    facts = [(row["touched_at"], 0, row["touch_id"], row) for row in touches]
    facts += [(row["converted_at"], 1, row["conversion_id"], row) for row in reached]
    facts += [(row["paid_at"], 2, row["payment_id"], row) for row in paid]
    at, kind, _, first = min(facts, key=lambda fact: fact[:3])
    earliest, earliest_on = {}, {}
    for row in sorted(reached, key=lambda row: -row["converted_at"]):
        earliest[row["stage"]] = row["converted_at"]
        earliest_on[row["stage"]] = row["day"]
    paying = [row for row in paid if row["amount"] > 0]
    days = [row["day"] for row in paying]
    sessions = [row["day"] for row in touches if row["kind"] == "session"]
    came = [row for row in touches if row["kind"] not in ("told", "referral")]
    again = [(row["paid_at"], row["day"]) for row in paying if row["day"] > days[0]]
    if "re_registration" in earliest:
        again.append((earliest["re_registration"], earliest_on["re_registration"]))
    money: Counter[date] = Counter()
    numbers: Counter[date] = Counter()
    for row in paid:
        money[month_of(row["day"])] += row["amount"]
        numbers[month_of(row["day"])] += row["amount"] > 0
    return {
        "site": key[0], "person_id": key[1], "branch": _branch(leads, reached, paid, touches), "acquired_at": at,
        "acquired_on": date.fromisoformat(first["day"]), "cohort": month_of(first["day"]),
        "channel": first["channel"] if kind == 0 else "unattributed",
        "campaign": first["campaign"] if kind == 0 else "",
        "landing_page": first["landing_page"].split("?")[0].split("#")[0] if kind == 0 else "",
        "service": _service(leads, paid),
        "via": min(leads, key=_lead_order)["via"] if leads else "",
        "sessions": len(sessions), "session_days": len(set(sessions)),
        "session_months": sorted({month_of(day) for day in sessions}),
        "returned_at": came[1]["touched_at"] if len(came) > 1 else None,
        "returned_on": came[1]["day"] if len(came) > 1 else None,
        "stages": {stage: earliest[stage] for stage in earliest if stage != "re_registration"},
        "stages_on": earliest_on,
        "first_paid_at": paying[0]["paid_at"] if paying else None,
        "first_paid_on": date.fromisoformat(days[0]) if days else None,
        "renewed_at": min(again)[0] if again else None,
        "renewed_on": min(again)[1] if again else None,
        "payments": len(paying), "payment_days": len(set(days)),
        "payment_months": sorted({month_of(day) for day in days}),
        "months_of_use": months_between(month_of(min(days)), month_of(max(days))) + 1 if days else 0,
        "paid": sum(row["amount"] for row in paying), "revenue": sum(row["amount"] for row in paid),
        "customer": bool(paying) or "registration" in earliest,
        "referred": any(row["type"] == "referral_made" for row in did),
        "given_up": bool(leads) and all(row["stage"] in ("lost", "dormant") for row in leads),
        "last_on": date.fromisoformat(max(fact[3]["day"] for fact in facts)),
        "money": money, "numbers": numbers, "invitations": 0, "referrals": 0, "referred_customers": 0,
    }  # fmt: skip


def _lead_order(row: Row) -> tuple[Any, ...]:
    at = row["inquiry_at"] if row["inquiry_at"] is not None else row["registration_at"]
    return (at is None, at or 0, row["lead_key"])


def _branch(leads: list[Row], reached: list[Row], paid: list[Row], touches: list[Row]) -> str:
    asked = [(*_lead_order(row), row["branch"]) for row in leads]
    asked += [(False, row["converted_at"], row["conversion_id"], row["branch"]) for row in reached]
    for told in (sorted(asked), [(row["branch"],) for row in paid], [(row["branch"],) for row in touches]):
        for one in told:
            if one[-1]:
                return str(one[-1])
    return ""


def _service(leads: list[Row], paid: list[Row]) -> str:
    said = [row["service"] for row in sorted(leads, key=_lead_order)] + [row["service"] for row in paid]
    return next((one for one in said if one), "")


def _refer(found: list[Person], published: Published) -> None:
    """Who invited and referred whom, on the one who did."""
    by_name = {(one["site"], one["person_id"]): one for one in found}
    leads: dict[tuple[str, str], str] = {}
    for row in published.get("lead_rows", {}).values():
        if row["lead_id"]:
            named = (row["site"], f"lead_id:{row['lead_id']}")
            leads[named] = min(row["person_id"], leads.get(named, row["person_id"]))
    referred: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in published.get("activity_rows", {}).values():
        if row["type"] not in ("invitation_sent", "referral_made"):
            continue
        referrer = str(row["referrer"])
        who = (str(row["site"]), leads.get((row["site"], referrer), referrer))
        if who not in by_name:
            continue
        if row["type"] == "invitation_sent":
            by_name[who]["invitations"] += 1
        else:
            referred[who].add(row["person_id"])
    for who, others in referred.items():
        by_name[who]["referrals"] = len(others)
        by_name[who]["referred_customers"] = sum(
            bool(by_name.get((who[0], other), {}).get("customer")) for other in others
        )


def within(found: Iterable[Person], since: date, until: date, branches: Sequence[str] = ()) -> list[Person]:
    """Persons acquired in the period, of some branches or all."""
    return [
        one
        for one in found
        if since <= one["acquired_on"] <= until and (not branches or one["branch"] in branches)
    ]


def grouped(found: Iterable[Person], by: str) -> Iterator[tuple[tuple[Any, ...], list[Person]]]:
    """Persons -> those of each group as `by` asks: (site, branch, channel, campaign, landing_page, service, cohort)."""
    groups: dict[tuple[Any, ...], list[Person]] = defaultdict(list)
    asked = by.split("_and_")
    for one in found:
        texts = [
            one[name] if name in asked else ""
            for name in ("branch", "channel", "campaign", "landing_page", "service")
        ]
        groups[one["site"], *texts, one["cohort"] if "cohort" in asked else None].append(one)
    yield from groups.items()


def ratio(part: float, whole: float) -> float | None:
    """A rate; none of nothing."""
    return part / whole if whole else None


def aarrr(found: Iterable[Person], by: str) -> Found:
    """Persons -> each group's figures of the five stages."""
    rows = {}
    for key, group in grouped(found, by):
        total: Counter[str] = Counter()
        for one in group:
            total["people"] += 1
            total["visitors"] += one["sessions"] > 0
            total["sessions"] += one["sessions"]
            total["revisitors"] += one["session_days"] > 1
            for stage, name in zip(STAGES, ("inquirers", "consulted", "registered"), strict=True):
                total[name] += stage in one["stages"]
            total["payers"] += one["payments"] > 0
            total["repeat_payers"] += one["payment_days"] > 1
            total["customers"] += one["customer"]
            total["renewed"] += one["renewed_at"] is not None
            total["referrers"] += one["invitations"] + one["referrals"] > 0
            total["invitations"] += max(one["invitations"], one["referrals"])
            total["referred_people"] += one["referred"]
            for name in (
                "referrals",
                "referred_customers",
                "revenue",
                "payments",
                "paid",
                "months_of_use",
                "payment_days",
            ):
                total[name] += one[name]  # fmt: skip
        invited = total["invitations"]
        k = total["referred_customers"] / total["customers"] if invited and total["customers"] else None
        rows[key] = {
            **{
                name: total[name]
                for name in (
                    "people", "visitors", "sessions", "revisitors", "inquirers", "consulted", "registered", "payers",
                    "repeat_payers", "customers", "renewed", "referrers", "invitations", "referred_people", "referrals",
                    "referred_customers", "revenue", "payments",
                )
            },
            "inquiry_rate": ratio(total["inquirers"], total["people"]),
            "consult_rate": ratio(total["consulted"], total["people"]),
            "first_payment_rate": ratio(total["payers"], total["people"]),
            "revisit_rate": ratio(total["revisitors"], total["visitors"]),
            "repeat_payment_rate": ratio(total["repeat_payers"], total["payers"]),
            "sessions_per_visitor": ratio(total["sessions"], total["visitors"]),
            "payment_days_per_payer": ratio(total["payment_days"], total["payers"]),
            "invitations_per_customer": ratio(invited, total["customers"]) if invited else None,
            "invitation_conversion": ratio(total["referred_customers"], invited),
            "viral_k": k,
            "arpu": ratio(total["revenue"], total["payers"]),
            "revenue_per_person": ratio(total["revenue"], total["people"]),
            "average_payment": ratio(total["paid"], total["payments"]),
            "payments_per_month": ratio(total["payments"], total["months_of_use"]),
            "months_of_use": ratio(total["months_of_use"], total["payers"]),
            "ltv_observed": ratio(total["paid"], total["payers"]),
        }  # fmt: skip
    return rows


def losses(found: Iterable[Person], by: str, stages: Mapping[str, Sequence[str]]) -> Found:
    """Persons -> each group's steps from a stage to the next."""
    rows: Found = {}
    for key, group in grouped(found, by):
        chain = ["acquired", *stages.get(key[0], STAGES), "payment", "renewal", "referral"]
        steps: list[Row] = []
        for position, (source, target) in enumerate(pairwise(chain), 1):
            entered = [one for one in group if _has(one, source)]
            if entered:
                went_on = sum(_has(one, target) for one in entered)
                lost = len(entered) - went_on
                steps.append({"position": position, "from_step": source, "to_step": target, "entered": len(entered),
                              "went_on": went_on, "lost": lost, "loss_rate": lost / len(entered)})  # fmt: skip
        most = max(steps, key=lambda one: (one["lost"], -one["position"]))
        rated = [one for one in steps if one["entered"] >= 10]
        highest = max(rated, key=lambda one: (one["loss_rate"], -one["position"]), default=None)
        for one in steps:
            one["is_most_lost"] = int(one is most and one["lost"] > 0)
            one["is_highest_rate"] = int(one is highest and one["lost"] > 0)
            rows[*key, one["position"]] = one
    return rows


def _has(one: Person, step: str) -> bool:
    if step in ("acquired", "payment", "renewal", "referral"):
        come: dict[str, bool] = {
            "acquired": True,
            "payment": one["payments"] > 0,
            "renewal": one["renewed_at"] is not None,
            "referral": one["invitations"] + one["referrals"] > 0,
        }
        return come[step]
    return step in one["stages"]


def cohorts(found: Iterable[Person], since: date, until: date, by: str) -> Found:
    """Persons -> how many of each month's first visitors and payers were there again, month after month."""
    rows: Found = {}
    for one in found:
        for name in ("session_months", "payment_months"):
            months = one[name]
            if not months or not since.replace(day=1) <= months[0] <= until:
                continue
            last = one["recorded_until"].replace(day=1)
            for after in range(months_between(months[0], last) + 1):
                month = months_later(months[0], after)
                key = (
                    one["site"],
                    "visitors" if name == "session_months" else "customers",
                    one["channel"] if by == "channel" else "",
                    months[0],
                    after,
                )
                row = rows.setdefault(
                    key, {"month": month, "people": 0, "active": 0, "complete": int(month < last)}
                )
                row["people"] += 1
                row["active"] += month in months
    for row in rows.values():
        row["retention_rate"] = row["active"] / row["people"]
    return rows


def growth(found: Iterable[Person], since: date, until: date, by: str) -> Found:
    """Persons -> the money of each month and how it grew."""
    rows: Found = {}
    for key, group in grouped(found, by):
        last = group[0]["recorded_until"].replace(day=1)
        month = since.replace(day=1)
        while month <= min(until, last):
            before = months_later(month, -1)
            if any(month in one["money"] or before in one["money"] for one in group):
                revenue, previous = (sum(one["money"][each] for one in group) for each in (month, before))
                payers = [one for one in group if one["numbers"][month]]
                new = sum(one["first_paid_on"].replace(day=1) == month for one in payers)
                rows[*key[:3], key[5], month] = {
                    "revenue": revenue, "previous_revenue": previous,
                    "growth": revenue / previous - 1 if previous > 0 else None,
                    "payments": sum(one["numbers"][month] for one in group), "payers": len(payers), "new_payers": new,
                    "returning_payers": len(payers) - new, "arpu": ratio(revenue, len(payers)),
                    "complete": int(month < last),
                }  # fmt: skip
            month = months_later(month, 1)
    return rows


def _segment(one: Person, by: str) -> str:
    if by == "customer":
        if not one["customer"]:
            return "prospect"
        if one["given_up"]:
            return "dormant"
        return "new" if one["renewed_at"] is None else "repeat"
    return "" if by == "site" else str(one[by])


def _walk(one: Person, stages: Sequence[str]) -> tuple[list[tuple[int, int, str]], str]:
    """A person -> the steps of the journey in order (when, usual place, name), and how it ends so far."""
    steps: list[tuple[str, int, str, int]] = []
    later = [*one["stages"].values(), *([one["first_paid_at"]] if one["first_paid_at"] is not None else [])]
    returned = one["returned_at"]
    if one["channel"] != "unattributed" and returned is not None and all(returned < stage for stage in later):
        steps.append((one["returned_on"], 2, "return", returned))
    steps += [(one["stages_on"][stage], 3 + place, stage, one["stages"][stage]) for place, stage in enumerate(stages) if stage in one["stages"]]  # fmt: skip
    if one["first_paid_at"] is not None:
        steps.append((one["first_paid_on"].isoformat(), len(stages) + 3, "payment", one["first_paid_at"]))
    if one["renewed_at"] is not None:
        steps.append((one["renewed_on"], len(stages) + 4, "renewal", one["renewed_at"]))
    walked = [(one["acquired_at"], 1, f"first_touch:{one['channel']}")]
    walked += [(at, place, name) for _, place, name, at in sorted(steps)]
    if one["renewed_at"] is not None:
        return walked, "finished"
    gone = one["given_up"] or one["last_on"] + timedelta(days=30) < one["recorded_until"]
    return walked, "left" if gone else "under_way"


def edges(found: Iterable[Person], by: str, stages: Mapping[str, Sequence[str]]) -> Found:
    """Persons -> how many went from each step to each next one, and the median time."""
    times: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    for one in found:
        steps, ending = _walk(one, stages.get(one["site"], STAGES))
        for began, ended in pairwise(steps):
            times[one["site"], _segment(one, by), began[2], ended[2]].append(
                max(0, ended[0] - began[0]) / 1e6
            )
        if ending != "finished":
            times[one["site"], _segment(one, by), steps[-1][2], ending].append(0)
    return {
        key: {
            "people": len(took),
            "median_seconds": None if key[3] in ("left", "under_way") else median(took),
        }
        for key, took in times.items()
    }


def points(found: Iterable[Person], by: str, stages: Mapping[str, Sequence[str]]) -> Found:
    """Persons -> how many reached each point of the journey, went on and left there."""
    rows: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    for one in found:
        steps, ending = _walk(one, stages.get(one["site"], STAGES))
        for number, (at, place, name) in enumerate(steps, 1):
            row = rows[one["site"], _segment(one, by)].setdefault(
                name.split(":")[0],
                {"position": place, "reached": 0, "went_on": 0, "leavers": 0, "under_way": 0, "given_up": 0, "took": []},
            )  # fmt: skip
            row["reached"] += 1
            if number < len(steps):
                row["went_on"] += 1
                row["took"].append(max(0, steps[number][0] - at) / 1e6)
            else:
                row["leavers"] += ending == "left"
                row["under_way"] += ending == "under_way"
                row["given_up"] += ending == "left" and one["given_up"]
    found_rows: Found = {}
    for key, by_step in rows.items():
        most = max(by_step.values(), key=lambda row: (row["leavers"], -row["position"]))
        rated = [row for row in by_step.values() if row["reached"] >= 10]
        highest = max(rated, key=lambda row: (row["leavers"] / row["reached"], -row["position"]), default=None)  # fmt: skip
        for step, row in by_step.items():
            took = row.pop("took")
            found_rows[*key, step] = {
                **row,
                "leave_rate": row["leavers"] / row["reached"],
                "median_seconds": median(took) if took else None,
                "is_most_left": int(row is most and row["leavers"] > 0),
                "is_highest_rate": int(row is highest and row["leavers"] > 0),
            }
    return found_rows
