"""Every line of the rulings as a tiny history and the values it must give: data, to judge any implementation by.

for case in CASES:
    assert case.probe(implementation(case.events, case.catalog, case.settings)) == case.expected
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from tests.given import (
    HOME,
    LINE,
    POOL_LINE,
    SEOUL,
    SITE,
    Entry,
    Event,
    assigned,
    assignment,
    call,
    campaign,
    channel,
    clicked,
    defined,
    engaged,
    forgotten,
    identified,
    invited,
    message,
    page,
    paid,
    qr_code,
    referred,
    scan,
    shown,
    site,
    spend,
    status,
    tagged,
    told,
    tracking_number,
    visit,
    withdrawn,
)
from tests.reference.scoreboard import scoreboard
from tests.reference.splits import MODELS

Results = Mapping[str, Sequence[dict[str, Any]]]
Probe = Callable[[Results], Any]


class Case(NamedTuple):
    """A history, what to look at in its results, and what must be seen there."""

    name: str
    catalog: list[Entry]
    events: list[Event]
    probe: Probe
    expected: Any
    settings: dict[str, Any] = {}  # noqa: RUF012 - a default of a tuple, never changed


# -- what to look at -------------------------------------------------------------------------------------------


def paths(results: Results) -> dict[str, list[str]]:
    """Conversion -> the channels of its path."""
    return {row["conversion_id"]: list(row["channels"]) for row in results["conversion_rows"]}


def path(conversion_id: str) -> Probe:
    """The channels of one conversion's path; None where it does not exist."""
    return lambda results: paths(results).get(conversion_id)


def credit(conversion_id: str, model: str) -> Probe:
    """The parts of each touch of a conversion's path."""
    return lambda results: next(
        list(row[f"w_{model}"]) for row in results["conversion_rows"] if row["conversion_id"] == conversion_id
    )


def shares(conversion_id: str, money: str, model: str) -> Probe:
    """The won of each touch: money is r (revenue) or c (cash)."""
    return lambda results: next(
        list(row[f"{money}_{model}"])
        for row in results["conversion_rows"]
        if row["conversion_id"] == conversion_id
    )


def converted(results: Results) -> dict[str, str]:
    """Conversion -> its local moment."""
    return {row["conversion_id"]: local(row["converted_at"]) for row in results["conversion_rows"]}


def branches(results: Results) -> dict[str, str]:
    """Conversion -> its branch."""
    return {row["conversion_id"]: row["branch"] for row in results["conversion_rows"]}


def people(results: Results) -> dict[str, str]:
    """Conversion -> its person."""
    return {row["conversion_id"]: row["person_id"] for row in results["conversion_rows"]}


def touches(results: Results) -> list[tuple[str, str, str]]:
    """(local moment, kind, channel) of every touch."""
    return sorted((local(row["touched_at"]), row["kind"], row["channel"]) for row in results["touch_rows"])


def touch_people(results: Results) -> list[str]:
    """The person of every touch, in the order of the touches."""
    ordered = sorted(results["touch_rows"], key=lambda row: (row["touched_at"], row["touch_id"]))
    return [row["person_id"] for row in ordered]


def moved(conversion_id: str) -> Probe:
    """(local moment, channel) along one path."""
    return lambda results: next(
        [(local(at), slug) for at, slug in zip(row["touched_at"], row["channels"], strict=True)]
        for row in results["conversion_rows"]
        if row["conversion_id"] == conversion_id
    )


def count(name: str, model: str = "last", by: str = "channel") -> Probe:
    """A column of the funnel, whole, by channel (branch, campaign, day); zeros left out."""

    def probe(results: Results) -> dict[str, Any]:
        sums: dict[str, int] = {}
        for row in results["funnel_rows"]:
            value = row[name][MODELS.index(model)] if isinstance(row[name], (list, tuple)) else row[name]
            key = str(row[by])
            sums[key] = sums.get(key, 0) + value
        return {key: value for key, value in sums.items() if value}

    return probe


def calls(*columns: str) -> Probe:
    """Columns of each call by call_id."""
    return lambda results: {
        row["call_id"]: tuple(row[name] for name in columns) for row in results["call_rows"]
    }


def acts(*columns: str) -> Probe:
    """Columns of each activity, in the order of time."""
    return lambda results: [
        tuple(row[name] for name in columns)
        for row in sorted(results["activity_rows"], key=lambda row: (row["happened_at"], row["event_id"]))
    ]


def definitions(*columns: str) -> Probe:
    """Columns of each definition, in the order of kind and id."""
    return lambda results: [
        tuple(row[name] for name in columns)
        for row in sorted(results["definition_rows"], key=lambda row: (row["kind"], row["id"]))
    ]


def payments(results: Results) -> dict[int, tuple[str, int]]:
    """Amount -> (the conversion it follows, whether it is revenue)."""
    return {row["amount"]: (row["conversion_id"], row["in_revenue"]) for row in results["payment_rows"]}


def daily(results: Results) -> dict[str, list[int]]:
    """spend_id -> its won, day by day."""
    return {row["spend_id"]: list(row["amounts"]) for row in results["spend_rows"]}


def conflicts(results: Results) -> list[int]:
    """Where in the log a conflicting body lies."""
    return sorted(row["index"] for row in results["id_conflicts"])


def board(
    *columns: str,
    of: Sequence[str] = (),
    model: str = "last",
    since: str = "2026-03-01",
    until: str = "2026-03-31",
) -> Probe:
    """Columns of the scoreboard of March by channel, of the branches `of`."""
    return lambda results: {
        row["channel"]: tuple(row[name] for name in columns)
        for row in scoreboard(
            results, [SITE], list(of), date.fromisoformat(since), date.fromisoformat(until), model
        )
    }


def both(*probes: Probe) -> Probe:
    """Several looks at once."""
    return lambda results: tuple(probe(results) for probe in probes)


def local(at: datetime) -> str:
    """Seoul's clock, without the year."""
    return at.astimezone(SEOUL).strftime("%m-%d %H:%M:%S")


# -- the histories ---------------------------------------------------------------------------------------------

WHOLE = 1_000_000_000
AD = HOME + "?utm_source=naver&utm_medium=cpc&utm_campaign=spring"
BOT = {"reason": "crawler", "rule": "1"}
SUMMER = HOME + "?utm_source=naver&utm_medium=cpc&utm_campaign=summer"
MAIL = HOME + "?utm_source=letter&utm_medium=email"
POOL = tracking_number(POOL_LINE, assignment(pool=True, channel="paid_search"))
FLYER_LINE = tracking_number(LINE, assignment(channel="flyer", keyword="speech"))
PHONE, OLD_PHONE = "hmac:2:01", "hmac:1:01"
MOM = {"visitor_id": "v1"}
MAIL_OF = "hmac:2:e1"


def _digest(forgetting: str, place: int) -> str:
    return sha256(f"{forgetting}\0{place}".encode()).hexdigest()


L1_GONE = "forgotten:" + _digest("f", 1)[:32]  # listed at the second place of the forgetting "f"
FRIEND = channel("friend", channel_kind="word_of_mouth")


def counted(**settings: Any) -> Entry:
    """A site with attribution settings."""
    return site(attribution=settings)


LEADS = [
    Case(
        "a web form and the CRM row that follows are one inquiry",
        [],
        [status(lead=None, at="10:00", visitor_id="v1"), status(lead="L1", at="11:00", visitor_id="v1")],
        converted,
        {"L1:inquiry": "03-02 10:00:00"},
    ),
    Case(
        "a stage without lead_id of a person with two leads is the person's",
        [],
        [
            status(at="10:00", visitor_id="v1"),
            status(lead="L2", at="11:00", visitor_id="v1"),
            status("consult", None, "12:00", visitor_id="v1"),
        ],
        lambda results: sorted(converted(results)),
        ["L1:inquiry", "L2:inquiry", "lead_id:L1:consult", "lead_id:L1:inquiry"],
    ),
    Case(
        "a stage without any lead is the person's",
        [],
        [status(lead=None, at="10:00", phone=PHONE)],
        lambda results: sorted(converted(results)),
        [f"phone:{PHONE}:inquiry"],
    ),
    Case(
        "a registration implies the stages before it at its own time",
        [],
        [status("registration", at="10:00"), status("inquiry", at="11:00")],
        converted,
        dict.fromkeys(("L1:inquiry", "L1:consult", "L1:registration"), "03-02 10:00:00"),
    ),
    Case(
        "lost and dormant imply nothing, going back changes nothing",
        [],
        [status(at="10:00"), status("lost", at="11:00"), status("dormant", at="12:00"), status(at="13:00")],
        converted,
        {"L1:inquiry": "03-02 10:00:00"},
    ),
    Case(
        "a stage that the site does not list makes no conversion and implies nothing",
        [],
        [status("trial", at="10:00"), status("inquiry", at="11:00")],
        converted,
        {"L1:inquiry": "03-02 11:00:00"},
    ),
    Case(
        "a listed stage of the site's own is reached and implies those before it",
        [site(stages=["inquiry", "trial", "consult", "registration"])],
        [status("consult", at="10:00")],
        lambda results: sorted(converted(results)),
        ["L1:consult", "L1:inquiry", "L1:trial"],
    ),
    Case(
        "siblings are two leads",
        [],
        [status(at="10:00", phone=PHONE), status(lead="L2", at="10:00", phone=PHONE)],
        count("inquiries"),
        {"unattributed": 2 * WHOLE},
    ),
    Case(
        "a registration after a dormant that followed a registration is a re_registration",
        [],
        [
            status("registration", at="03-02 10:00"),
            status("dormant", at="03-10 10:00"),
            status("registration", at="03-20 10:00"),
        ],
        both(
            count("registrations"),
            count("re_registrations"),
            lambda r: converted(r).get("L1:re_registration"),
        ),
        ({"unattributed": WHOLE}, {"unattributed": WHOLE}, "03-20 10:00:00"),
    ),
    Case(
        "a second return is numbered",
        [],
        [
            status(stage, at=f"03-{day:02} 10:00")
            for stage, day in [
                ("registration", 2),
                ("dormant", 3),
                ("registration", 4),
                ("dormant", 5),
                ("registration", 6),
            ]
        ],
        lambda results: sorted(converted(results))[3:],
        ["L1:re_registration:2", "L1:registration"],
    ),
    Case(
        "a registration after a dormant without one before is the first registration",
        [],
        [
            status("dormant", at="10:00"),
            status("registration", at="11:00"),
            status("registration", at="12:00"),
        ],
        lambda results: sorted(converted(results)),
        ["L1:consult", "L1:inquiry", "L1:registration"],
    ),
    Case(
        "a tie of dormant and registration: the listed stage comes first",
        [],
        [
            status("dormant", at="10:00"),
            status("registration", at="10:00"),
            status("registration", at="11:00"),
        ],
        lambda results: converted(results).get("L1:re_registration"),
        "03-02 11:00:00",
    ),
    Case(
        "a tie of two stages: the smaller stage comes first, whatever the ids",
        [],
        [status("registration", at="10:00", id="a"), status("inquiry", at="10:00", id="b")],
        lambda results: {row["stage"]: row["event_id"] for row in results["conversion_rows"]},
        {"inquiry": "b", "consult": "a", "registration": "a"},
    ),
]

PEOPLE = [
    Case(
        "identifiers of one event are an edge",
        [],
        [visit("v1", url=AD), identified(visitor_id="v1", phone=PHONE), status(at="12:00", phone=PHONE)],
        path("L1:inquiry"),
        ["paid_search"],
    ),
    Case(
        "a call is an identifier of person_identified too",
        [],
        [
            visit("v1", url=AD),
            identified("10:00", visitor_id="v1", call_id="c1"),
            identified("10:05", call_id="c1", lead_id="L1"),
            status(at="12:00"),
        ],
        path("L1:inquiry"),
        ["paid_search"],
    ),
    Case(
        "a late edge joins what came before",
        [],
        [status(at="12:00"), visit("v1", url=AD), identified("23:00", visitor_id="v1", lead_id="L1")],
        path("L1:inquiry"),
        ["paid_search"],
    ),
    Case(
        "a withdrawn edge takes people apart",
        [],
        [
            visit("v1", url=AD),
            identified(visitor_id="v1", lead_id="L1"),
            status(at="12:00"),
            withdrawn(identified(visitor_id="v1", lead_id="L1")),
        ],
        path("L1:inquiry"),
        ["unattributed"],
    ),
    Case(
        "a person is named by its smallest identifier",
        [],
        [status(at="12:00", phone=PHONE, visitor_id="v1")],
        people,
        {"L1:inquiry": "lead_id:L1"},
    ),
    Case(
        "an alias under an older key joins",
        [],
        [visit("v1", url=AD, phone=OLD_PHONE), status(at="12:00", phone=PHONE, phone_aliases=[OLD_PHONE])],
        path("L1:inquiry"),
        ["paid_search"],
    ),
    Case(
        "shared identifiers link nobody",
        [site(shared_identifiers=[{"phone": PHONE}])],
        [visit("v1", url=AD, phone=PHONE), status(at="12:00", phone=PHONE)],
        path("L1:inquiry"),
        ["unattributed"],
    ),
    Case(
        "an event with only shared identifiers is a person of its own",
        [site(shared_identifiers=[{"phone": PHONE}])],
        [status(lead=None, at="12:00", phone=PHONE, id="e1")],
        people,
        {"event:e1:inquiry": "event:e1"},
    ),
    Case(
        "an event without identifiers is a person of its own",
        [],
        [scan(id="s1")],
        touch_people,
        ["event:s1"],
    ),
    Case(
        "call_id joins a call and what was told in it",
        [FLYER_LINE],
        [call("c1", "09:00"), status(at="12:00", phone=PHONE), call("c2", "08:00", phone=PHONE)],
        path("L1:inquiry"),
        ["flyer"],
    ),
    Case(
        "call_tagged joins by call_id",
        [FLYER_LINE],
        [call("c1", "09:00"), tagged("c1", phone=PHONE), status(at="12:00", phone=PHONE)],
        path("L1:inquiry"),
        ["flyer"],
    ),
    Case(
        "a superseded call_ended is still an edge",
        [FLYER_LINE],
        [call("c1", "09:00", phone=PHONE), call("c1", "09:05"), status(at="12:00", phone=PHONE)],
        both(path("L1:inquiry"), touches),
        (["flyer"], [("03-02 09:05:00", "call", "flyer")]),
    ),
    Case(
        "number_shown alone makes no edge",
        [POOL],
        [visit("v1", url=AD), shown("v1", "09:01"), status(at="12:00", phone=PHONE)],
        path("L1:inquiry"),
        ["unattributed"],
    ),
    Case(
        "referrer and referred stay two persons, and only lead_id identifies in a referral",
        [],
        [
            visit("v0", url=AD),
            identified(visitor_id="v0", lead_id="L0"),
            referred("L1", "L0", "10:00", phone=PHONE),
            status(at="12:00"),
            status(lead="L2", at="12:00", phone=PHONE),
        ],
        paths,
        {"L1:inquiry": ["referral"], "L2:inquiry": ["unattributed"]},
    ),
    Case(
        "a forgotten identifier is a new person later, and totals stay",
        [],
        [
            visit("v1", "09:00", url=AD),
            status(at="10:00", visitor_id="v1"),
            forgotten(MOM, {"lead_id": "L1"}, at="11:00", id="f"),
            visit("v1", "11:30"),
            status(lead="L2", at="12:00", visitor_id="v1"),
        ],
        both(paths, count("visits")),
        ({f"{L1_GONE}:inquiry": ["paid_search"], "L2:inquiry": ["direct"]}, {"paid_search": 1, "direct": 1}),
    ),
    Case(
        "a forgotten person is renamed, and its lead, call and visitor with it",
        [FLYER_LINE],
        [
            clicked("v1", "08:59", target=LINE),
            call("c1", "09:00", phone=PHONE),
            status(at="10:00", phone=PHONE),
            forgotten({"phone": PHONE}, {"lead_id": "L1"}, {"call_id": "c1"}, MOM, at="11:00", id="f"),
        ],
        both(people, calls("call_id", "visitor_id")),
        (
            {f"{L1_GONE}:inquiry": "call_id:forgotten:" + _digest("f", 2)[:32]},
            {
                "forgotten:" + _digest("f", 2)[:32]: (
                    "forgotten:" + _digest("f", 2)[:32],
                    "forgotten:" + _digest("f", 3)[:32],
                )
            },
        ),
    ),
    Case(
        "identifiers of a forgetting's own are an edge like any event's, its list is none",
        [],
        [
            visit("v1", "09:00", url=AD),
            forgotten({"lead_id": "L9"}, {"phone": PHONE}, at="13:00", visitor_id="v1", lead_id="L1"),
            status(at="12:00"),
            status(lead="L2", at="12:00", phone=PHONE),
            status(lead="L9", at="14:00"),
        ],
        paths,
        {"L1:inquiry": ["paid_search"], "L2:inquiry": ["unattributed"], "L9#1:inquiry": ["unattributed"]},
    ),
    Case(
        "identifiers of a withdrawal and of spend are edges too",
        [],
        [
            visit("v1", "09:00", url=AD),
            visit("v2", "09:00", url=AD),
            withdrawn("nothing", visitor_id="v1", lead_id="L1"),
            spend(visitor_id="v2", lead_id="L2"),
            status(at="12:00"),
            status(lead="L2", at="12:00"),
        ],
        paths,
        {"L1:inquiry": ["paid_search"], "L2:inquiry": ["paid_search"]},
    ),
    *[
        Case(
            f"a browser's claim joins {joins}",
            [],
            [
                visit("v1", "09:00", url=AD, claimed_phone=PHONE, claimed_phone_aliases=[OLD_PHONE]),
                *others,
            ],
            path(conversion),
            [channel],
        )
        for joins, others, conversion, channel in (
            ("nobody by itself", [status(at="12:00", visitor_id="v2")], "L1:inquiry", "unattributed"),
            ("once a server says the number", [status(at="12:00", phone=PHONE)], "L1:inquiry", "paid_search"),
            ("at that very instant", [status(at="09:00", phone=PHONE)], "L1:inquiry", "paid_search"),
            ("by an alias", [status(at="12:00", phone=OLD_PHONE)], "L1:inquiry", "paid_search"),
            (
                "nobody whom a server named before only",
                [status(at="08:59", phone=PHONE)],
                "L1:inquiry",
                "unattributed",
            ),
            ("up to 30 days later", [status(at="04-01 09:00", phone=PHONE)], "L1:inquiry", "paid_search"),
            (
                "nobody more than 30 days later",
                [status(at="04-01 09:01", phone=PHONE)],
                "L1:inquiry",
                "unattributed",
            ),
            (
                "whom servers knew before, once one says the number again",
                [status(at="08:00", phone=PHONE), call("c1", "09:30", phone=PHONE), status("consult")],
                "L1:consult",
                "paid_search",
            ),
            (
                "nobody when the server's event is withdrawn",
                [
                    status(at="08:00", phone=PHONE),
                    call("c1", "09:30", id="e", phone=PHONE),
                    status("consult"),
                    withdrawn("e"),
                ],
                "L1:consult",
                "unattributed",
            ),
            (
                "nobody once the visitor was forgotten in between",
                [forgotten(MOM, at="10:00"), status(at="12:00", phone=PHONE)],
                "L1:inquiry",
                "unattributed",
            ),
            (
                "nobody once the number was forgotten in between",
                [forgotten({"phone": PHONE}, at="10:00"), status(at="12:00", phone=PHONE)],
                "L1:inquiry",
                "unattributed",
            ),
        )
    ],
    Case(
        "an event at the very instant of the forgetting is still the old person",
        [],
        [visit("v1", "09:00", url=AD), forgotten(MOM, at="11:00"), status(at="11:00", visitor_id="v1")],
        path("L1:inquiry"),
        ["paid_search"],
    ),
    Case(
        "a forgetting cannot be withdrawn",
        [],
        [
            visit("v1", "09:00", url=AD),
            forgotten(MOM, at="11:00", id="f"),
            withdrawn("f"),
            status(at="12:00", visitor_id="v1"),
        ],
        path("L1:inquiry"),
        ["unattributed"],
    ),
    Case(
        "a withdrawal cannot be withdrawn",
        [],
        [visit("v1", id="e"), withdrawn("e", id="w"), withdrawn("w")],
        touches,
        [],
    ),
    Case(
        "a withdrawal may come before what it withdraws",
        [],
        [withdrawn("e", at="01:00"), visit("v1", id="e")],
        touches,
        [],
    ),
    Case(
        "replaced_by only informs",
        [],
        [visit("v1", id="e"), withdrawn("e", replaced_by="nowhere")],
        touches,
        [],
    ),
    Case(
        "identity ends at the site",
        [],
        [visit("v1", url=AD, site="other"), status(at="12:00", visitor_id="v1")],
        path("L1:inquiry"),
        ["unattributed"],
    ),
]

SAME_EVENT = [
    Case(
        "a visit delivered twice counts once", [], [visit("v1"), visit("v1")], count("visits"), {"direct": 1}
    ),
    Case(
        "another body under the same id: the lower offset stays",
        [],
        [visit("v1", id="e", url=AD), visit("v1", id="e")],
        both(count("visits"), conflicts),
        ({"paid_search": 1}, [1]),
    ),
    Case(
        "received_at, phone and v 1 are not another body, and identifiers of all copies count",
        [],
        [
            visit("v1", url=AD, phone="hmac:1:aa"),
            visit("v1", url=AD, phone="hmac:2:aa", v=1, received_at="2026-03-03T00:00:00Z"),
            status(at="12:00", phone="hmac:2:aa"),
            status(lead="L2", at="12:00", phone="hmac:1:aa"),
        ],
        both(paths, conflicts),
        ({"L1:inquiry": ["paid_search"], "L2:inquiry": ["paid_search"]}, []),
    ),
    Case(
        "identifiers of a conflicting body do not count",
        [],
        [visit("v1", id="e", url=AD), visit("v2", id="e", url=AD), status(at="12:00", visitor_id="v2")],
        path("L1:inquiry"),
        ["unattributed"],
    ),
    Case(
        "an event_id is unique per site",
        [],
        [visit("v1", id="e"), visit("v1", id="e", site="other", url=AD)],
        conflicts,
        [],
    ),
]

CALLS = [
    Case(
        "a call to a catalogued number is a touch at its start",
        [FLYER_LINE],
        [call("c1", "09:00", talk=60, wait=10)],
        both(touches, count("calls")),
        ([("03-02 09:00:00", "call", "flyer")], {"flyer": 1}),
    ),
    Case(
        "numbers are E.164 on both sides",
        [tracking_number("+82 2 555 1234", assignment(channel="flyer"))],
        [call("c1", "09:00", "02-555-1234")],
        touches,
        [("03-02 09:00:00", "call", "flyer")],
    ),
    Case(
        "a call to an uncatalogued number is no touch", [], [call()], both(touches, count("calls")), ([], {})
    ),
    Case(
        "an assignment without channel is phone; a number without one that day is no touch",
        [tracking_number(LINE, assignment(until="2026-03-02"))],
        [call("c1", "09:00"), call("c2", "03-03 09:00")],
        touches,
        [("03-02 09:00:00", "call", "phone")],
    ),
    Case(
        "assignments are inclusive local days of the start",
        [tracking_number(LINE, assignment(until="2026-03-02", channel="flyer"))],
        [call("c1", "23:59:59", talk=600)],
        touches,
        [("03-02 23:59:59", "call", "flyer")],
    ),
    Case(
        "a call on a pool number belongs to the visitor shown it last in the 30 minutes before",
        [POOL],
        [
            visit("v1", "08:00", url=AD),
            shown("v1", "08:30"),
            shown("v2", "08:29:59"),
            call("c1", "09:00", POOL_LINE, phone=PHONE),
            status(at="12:00", phone=PHONE),
        ],
        both(path("L1:inquiry"), calls("visitor_id", "probable", "channel")),
        (["paid_search"], {"c1": ("v1", 0, "paid_search")}),
    ),
    Case(
        "the joined call itself is no touch",
        [POOL],
        [visit("v1", "08:50"), shown("v1", "08:55"), call("c1", "09:00", POOL_LINE)],
        touches,
        [("03-02 08:50:00", "session", "direct")],
    ),
    Case(
        "shown more than 30 minutes before: the number's catalog entry",
        [POOL],
        [visit("v1", "08:00"), shown("v1", "08:29:59"), call("c1", "09:00", POOL_LINE)],
        calls("visitor_id", "channel"),
        {"c1": ("", "paid_search")},
    ),
    Case(
        "a joined call counts on the visitor's latest session before its start",
        [POOL],
        [
            visit("v1", "07:00", url=AD),
            visit("v1", "08:50"),
            visit("v1", "09:01", url=SUMMER),
            shown("v1", "08:55"),
            call("c1", "09:00", POOL_LINE),
        ],
        count("calls"),
        {"direct": 1},
    ),
    Case(
        "before includes the instant",
        [POOL],
        [visit("v1", "09:00", url=AD), shown("v1", "09:00"), call("c1", "09:00", POOL_LINE)],
        count("calls"),
        {"paid_search": 1},
    ),
    Case(
        "a joined call of a visitor without a session counts on none",
        [POOL],
        [shown("v1", "08:55"), call("c1", "09:00", POOL_LINE)],
        both(count("calls"), touches),
        ({}, []),
    ),
    Case(
        "the only visitor who clicked the number in the 120 s up to the start",
        [FLYER_LINE],
        [
            visit("v1", "08:50", url=AD),
            clicked("v1", "08:58"),
            call("c1", "09:00", phone=PHONE),
            status(at="12:00", phone=PHONE),
        ],
        both(path("L1:inquiry"), calls("visitor_id", "probable")),
        (["paid_search"], {"c1": ("v1", 1)}),
    ),
    Case(
        "121 s are too long",
        [FLYER_LINE],
        [clicked("v1", "08:57:59"), call("c1", "09:00")],
        calls("visitor_id", "channel"),
        {"c1": ("", "flyer")},
    ),
    Case(
        "two visitors clicked: nobody's",
        [FLYER_LINE],
        [clicked("v1", "08:59"), clicked("v2", "08:59"), call("c1", "09:00")],
        calls("visitor_id", "channel"),
        {"c1": ("", "flyer")},
    ),
    Case(
        "a click without visitor_id is another visitor's",
        [FLYER_LINE],
        [clicked("v1", "08:59"), clicked(None, "08:59"), call("c1", "09:00")],
        calls("visitor_id", "channel"),
        {"c1": ("", "flyer")},
    ),
    Case(
        "the pool join comes before the click join",
        [POOL],
        [shown("v1", "08:59"), clicked("v2", "08:59", POOL_LINE), call("c1", "09:00", POOL_LINE)],
        calls("visitor_id", "probable"),
        {"c1": ("v1", 0)},
    ),
    Case(
        "a click on another number joins nobody",
        [FLYER_LINE],
        [clicked("v1", "08:59", POOL_LINE), call("c1", "09:00")],
        calls("visitor_id"),
        {"c1": ("",)},
    ),
    Case(
        "the click join needs no catalogued number",
        [],
        [visit("v1", "08:50", url=AD), clicked("v1", "08:59"), call("c1", "09:00")],
        count("calls"),
        {"paid_search": 1},
    ),
    Case(
        "outbound, spam and wrong numbers are no touch and do not count",
        [FLYER_LINE],
        [
            call("c1", "09:00", direction="outbound"),
            call("c2", "09:00"),
            tagged("c2", "spam"),
            call("c3", "09:00"),
            tagged("c3", "wrong_number"),
            call("c4", "09:00"),
            tagged("c4", "existing"),
        ],
        both(touches, count("calls")),
        ([("03-02 09:00:00", "call", "flyer")], {"flyer": 1}),
    ),
    Case(
        "the newest tag counts, by (occurred_at, event_id)",
        [FLYER_LINE],
        [call("c1", "09:00"), tagged("c1", "spam", "10:00", id="a"), tagged("c1", "new", "10:00", id="b")],
        count("calls"),
        {"flyer": 1},
    ),
    Case(
        "the join of a spam call is an edge",
        [POOL],
        [
            visit("v1", "08:50", url=AD),
            shown("v1", "08:55"),
            call("c1", "09:00", POOL_LINE, phone=PHONE),
            tagged("c1", "spam"),
            status(at="12:00", phone=PHONE),
        ],
        both(path("L1:inquiry"), count("calls")),
        (["paid_search"], {}),
    ),
    Case(
        "an answered call of 30 s is an inquiry where the site says so",
        [site(call_inquiries="answered")],
        [call("c1", "09:00", talk=30, phone=PHONE), call("c2", "10:00", talk=29, phone="hmac:2:02")],
        converted,
        {"call_id:c1:inquiry": "03-02 09:00:00"},
    ),
    Case(
        "an answered call melts into the lead that follows within 90 days",
        [site(call_inquiries="answered")],
        [call("c1", "09:00", phone=PHONE), status("consult", at="04-02 09:00", phone=PHONE)],
        converted,
        {"L1:inquiry": "03-02 09:00:00", "L1:consult": "04-02 09:00:00"},
    ),
    Case(
        "tagged otherwise or from a customer: no inquiry",
        [site(call_inquiries="answered")],
        [
            call("c1", "09:00"),
            tagged("c1", "existing"),
            status("registration", at="08:00", phone=PHONE),
            call("c2", "09:00", phone=PHONE),
            call("c3", "09:00", outcome="missed"),
        ],
        lambda results: sorted(converted(results)),
        ["L1:consult", "L1:inquiry", "L1:registration"],
    ),
]

SESSIONS = [
    Case(
        "a gap of exactly 1,800 s continues, a microsecond more starts anew",
        [],
        [visit("v1", "09:00"), page("v1", "09:30"), page("v1", "10:00:00.000001")],
        count("visits"),
        {"direct": 2},
    ),
    Case(
        "what a bot sent opens no session and continues none",
        [],
        [
            visit("v1", "09:00"),
            visit("v2", "09:10", bot=BOT),
            page("v1", "09:25", bot=BOT),
            page("v1", "09:31"),
        ],
        count("visits"),
        {"direct": 2},
    ),
    Case(
        "what a bot sent joins nobody and reaches no stage",
        [],
        [
            visit("v1", "09:00", url=AD),
            identified("09:01", visitor_id="v1", lead_id="L1", bot=BOT),
            status("registration", None, "09:02", visitor_id="v1", bot=BOT),
            status("inquiry", "L1", "09:03"),
        ],
        paths,
        {"L1:inquiry": ["unattributed"]},
    ),
    Case(
        "what a bot scanned is no scan",
        [qr_code("poster", assignment(channel="offline"))],
        [scan("poster", "09:00", "q1", bot=BOT), scan("poster", "09:05", "q2")],
        count("scans"),
        {"offline": 1},
    ),
    Case(
        "midnight does not cut",
        [],
        [visit("v1", "23:50"), page("v1", "03-03 00:10")],
        count("visits", by="day"),
        {"2026-03-02": 1},
    ),
    Case(
        "a new campaign starts a new session",
        [],
        [visit("v1", "09:00", url=AD), visit("v1", "09:01", url=SUMMER)],
        count("visits", by="campaign"),
        {"spring": 1, "summer": 1},
    ),
    Case(
        "the same campaign again does not",
        [],
        [visit("v1", "09:00", url=AD), visit("v1", "09:01", url=AD)],
        count("visits"),
        {"paid_search": 1},
    ),
    Case(
        "a visit without campaign does not",
        [],
        [visit("v1", "09:00", url=AD), visit("v1", "09:01")],
        count("visits"),
        {"paid_search": 1},
    ),
    Case(
        "a new referrer alone does not",
        [],
        [visit("v1", "09:00"), visit("v1", "09:01", referrer="https://a.example/")],
        count("visits"),
        {"direct": 1},
    ),
    Case(
        "a campaign after a bare visit does",
        [],
        [visit("v1", "09:00"), visit("v1", "09:01", url=AD)],
        count("visits"),
        {"direct": 1, "paid_search": 1},
    ),
    Case(
        "a click id that differs does",
        [],
        [visit("v1", "09:00", url=HOME + "?gclid=a"), visit("v1", "09:01", url=HOME + "?gclid=b")],
        count("visits"),
        {"paid_search": 2},
    ),
    Case(
        "session_id beside a visitor_id does not cut",
        [],
        [visit("v1", "09:00", session_id="s1"), visit("v1", "09:01", session_id="s2")],
        count("visits"),
        {"direct": 1},
    ),
    Case(
        "without visitor_id a session_id is its own",
        [],
        [visit(None, "09:00", session_id="s1"), visit(None, "09:01", session_id="s2")],
        count("visits"),
        {"direct": 2},
    ),
    Case(
        "page_viewed first is direct, and its campaign starts nothing",
        [],
        [page("v1", "09:00", url=AD), page("v1", "09:10", url=SUMMER)],
        count("visits"),
        {"direct": 1},
    ),
    Case(
        "only visits and pages keep a session alive",
        [],
        [visit("v1", "09:00"), clicked("v1", "09:20"), page("v1", "09:31")],
        count("visits"),
        {"direct": 2},
    ),
    Case(
        "explicit fields stand above the url",
        [],
        [visit("v1", "09:00", url=AD, utm_campaign="autumn")],
        count("visits", by="campaign"),
        {"autumn": 1},
    ),
    Case(
        "a campaign's aliases name it",
        [campaign("c1", utm_campaign=["spring"])],
        [visit("v1", "09:00", url=AD)],
        count("visits", by="campaign"),
        {"c1": 1},
    ),
    Case(
        "a site's own rule comes first",
        [channel("naver_ads", rules=[[{"field": "utm_source", "equals": "naver"}]])],
        [visit("v1", "09:00", url=AD)],
        count("visits"),
        {"naver_ads": 1},
    ),
    Case(
        "all conditions of one rule set must hold",
        [
            channel(
                "naver_ads",
                rules=[
                    [{"field": "utm_source", "equals": "naver"}, {"field": "utm_campaign", "equals": "x"}]
                ],
            )
        ],
        [visit("v1", "09:00", url=AD)],
        count("visits"),
        {"paid_search": 1},
    ),
]

POSTER = qr_code(
    "poster",
    assignment("a1", until="2026-03-02", channel="flyer", campaign="march"),
    assignment("a2", since="2026-03-03", channel="bus"),
)

SCANS = [
    Case(
        "a visit that carries the scan absorbs it and is the touch, at its own time",
        [POSTER],
        [scan("poster", "09:00", "q1"), visit("v1", "09:00:05", url=AD, scan_id="q1")],
        both(touches, count("scans"), count("visits")),
        ([("03-02 09:00:05", "session", "flyer")], {"flyer": 1}, {"flyer": 1}),
    ),
    Case(
        "the code's assignment on the scan's day, not the visit's",
        [POSTER],
        [scan("poster", "23:59:59", "q1"), visit("v1", "03-03 00:00:05", scan_id="q1")],
        touches,
        [("03-03 00:00:05", "session", "flyer")],
    ),
    Case(
        "a scan that no visit carries is a touch",
        [POSTER],
        [scan("poster", "09:00", "q1", visitor_id="v1")],
        touches,
        [("03-02 09:00:00", "qr_scan", "flyer")],
    ),
    Case(
        "a code without an assignment that day is qr",
        [],
        [scan("poster", "09:00")],
        both(touches, count("scans")),
        ([("03-02 09:00:00", "qr_scan", "qr")], {"qr": 1}),
    ),
    Case(
        "an assignment without channel is qr",
        [qr_code("poster", assignment(campaign="march"))],
        [scan("poster", "09:00")],
        both(count("scans"), count("scans", by="campaign")),
        ({"qr": 1}, {"march": 1}),
    ),
    Case(
        "several scans of one scan_id: the first",
        [POSTER],
        [scan("poster", "03-03 09:00", "q1"), scan("poster", "09:00", "q1")],
        both(touches, count("scans")),
        ([("03-02 09:00:00", "qr_scan", "flyer")], {"flyer": 1}),
    ),
    Case(
        "a running session with the same scan continues",
        [POSTER],
        [
            scan("poster", "09:00", "q1"),
            visit("v1", "09:01", scan_id="q1"),
            visit("v1", "09:02", scan_id="q1"),
        ],
        count("visits"),
        {"flyer": 1},
    ),
    Case(
        "a known scan cuts a running session",
        [POSTER],
        [visit("v1", "08:59", url=AD), scan("poster", "09:00", "q1"), visit("v1", "09:01", scan_id="q1")],
        count("visits"),
        {"paid_search": 1, "flyer": 1},
    ),
    Case(
        "an unknown scan has the channel of the visit",
        [POSTER],
        [visit("v1", "09:01", url=AD, scan_id="q9")],
        both(count("visits"), count("scans")),
        ({"paid_search": 1}, {}),
    ),
    Case(
        "a withdrawn first scan gives way to the next",
        [POSTER],
        [scan("poster", "09:00", "q1", id="a"), scan("poster", "03-03 09:00", "q1", id="b"), withdrawn("a")],
        touches,
        [("03-03 09:00:00", "qr_scan", "bus")],
    ),
]

MESSAGES = [
    Case(
        "a clicked message is a touch on its medium's channel",
        [],
        [
            message("m1", at="09:00"),
            message("m2", at="10:00", medium="alimtalk"),
            message("m3", at="11:00", medium=None),
            message("m4", "opened", "12:00"),
        ],
        touches,
        [
            ("03-02 09:00:00", "message_click", "email"),
            ("03-02 10:00:00", "message_click", "messenger"),
            ("03-02 11:00:00", "message_click", "unassigned"),
        ],
    ),
    Case(
        "absorbed by a session of the same person on the same channel within 1,800 s, both ends",
        [],
        [message("m1", at="09:00", visitor_id="v1"), visit("v1", "09:30", url=MAIL)],
        touches,
        [("03-02 09:30:00", "session", "email")],
    ),
    Case(
        "a second later it is not",
        [],
        [message("m1", at="09:00", visitor_id="v1"), visit("v1", "09:30:01", url=MAIL)],
        touches,
        [("03-02 09:00:00", "message_click", "email"), ("03-02 09:30:01", "session", "email")],
    ),
    Case(
        "nor on another channel",
        [],
        [message("m1", at="09:00", visitor_id="v1"), visit("v1", "09:01", url=AD)],
        touches,
        [("03-02 09:00:00", "message_click", "email"), ("03-02 09:01:00", "session", "paid_search")],
    ),
]

TOLD = [
    Case(
        "fill: told counts where nothing but direct was tracked",
        [],
        [visit("v1", "09:00"), status(at="12:00", visitor_id="v1"), told("flyer", "11:00", lead_id="L1")],
        both(path("L1:inquiry"), credit("L1:inquiry", "last")),
        (["direct", "flyer"], [0, WHOLE]),
    ),
    Case(
        "fill: not where an ad was tracked",
        [],
        [
            visit("v1", "09:00", url=AD),
            status(at="12:00", visitor_id="v1"),
            told("flyer", "11:00", lead_id="L1"),
        ],
        path("L1:inquiry"),
        ["paid_search"],
    ),
    Case(
        "fill looks at the window of that conversion",
        [counted(window_days=1)],
        [
            visit("v1", "03-01 09:00", url=AD),
            status(at="12:00", visitor_id="v1"),
            told("flyer", "11:00", lead_id="L1"),
        ],
        path("L1:inquiry"),
        ["flyer"],
    ),
    Case(
        "count: told counts beside the tracked",
        [counted(told="count")],
        [
            visit("v1", "09:00", url=AD),
            status(at="12:00", visitor_id="v1"),
            told("flyer", "11:00", lead_id="L1"),
        ],
        path("L1:inquiry"),
        ["paid_search", "flyer"],
    ),
    Case(
        "ignore drops every told source, word of mouth too",
        [counted(told="ignore")],
        [status(at="12:00"), told("referral", "11:00", lead_id="L1"), told("flyer", "11:30", lead_id="L1")],
        path("L1:inquiry"),
        ["unattributed"],
    ),
    Case(
        "a run's settings stand above the site's",
        [counted(told="ignore")],
        [status(at="12:00"), told("flyer", "11:00", lead_id="L1")],
        path("L1:inquiry"),
        ["flyer"],
        {"told": "fill"},
    ),
    Case(
        "told later is dated 1 s before the lead's first stage, whichever stage",
        [],
        [status("lost", at="10:00"), status(at="12:00"), told("flyer", "15:00", lead_id="L1")],
        moved("L1:inquiry"),
        [("03-02 09:59:59", "flyer")],
    ),
    Case(
        "told before the first stage keeps its own time",
        [],
        [status(at="12:00"), told("flyer", "11:00", lead_id="L1")],
        moved("L1:inquiry"),
        [("03-02 11:00:00", "flyer")],
    ),
    Case(
        "told in a call is dated to the call's start",
        [],
        [call("c1", "09:00", lead_id="L1"), status(at="12:00"), told("flyer", "15:00", call_id="c1")],
        moved("L1:inquiry"),
        [("03-02 09:00:00", "flyer")],
    ),
    Case(
        "word of mouth stands 1 s before the first tracked touch in the window",
        [],
        [
            visit("v1", "08:00", url=AD),
            visit("v1", "11:00"),
            status(at="12:00", visitor_id="v1"),
            told("referral", "15:00", lead_id="L1"),
        ],
        moved("L1:inquiry"),
        [("03-02 07:59:59", "referral"), ("03-02 08:00:00", "paid_search"), ("03-02 11:00:00", "direct")],
    ),
    Case(
        "direct among them",
        [],
        [visit("v1", "08:00"), status(at="12:00", visitor_id="v1"), told("referral", "11:00", lead_id="L1")],
        moved("L1:inquiry"),
        [("03-02 07:59:59", "referral"), ("03-02 08:00:00", "direct")],
    ),
    Case(
        "word of mouth told before the first tracked touch keeps its time",
        [],
        [visit("v1", "08:00"), status(at="12:00", visitor_id="v1"), told("referral", "07:00", lead_id="L1")],
        moved("L1:inquiry"),
        [("03-02 07:00:00", "referral"), ("03-02 08:00:00", "direct")],
    ),
    Case(
        "word of mouth is in the window by its own time, before it is moved",
        [counted(window_days=1)],
        [
            visit("v1", "03-01 12:00", url=AD),
            status(at="12:00", visitor_id="v1"),
            told("referral", "15:00", lead_id="L1"),
        ],
        moved("L1:inquiry"),
        [("03-01 11:59:59", "referral"), ("03-01 12:00:00", "paid_search")],
    ),
    Case(
        "told after the conversion is not in its window",
        [counted(window_days=30)],
        [
            status("registration", at="03-05 12:00", phone=PHONE),
            told("referral", "03-04 15:00", phone=PHONE),
            paid(1000, None, "03-01 12:00", phone="hmac:2:03", id="p"),
        ],
        both(path("L1:registration"), path("p:payment")),
        (["referral"], ["unattributed"]),
    ),
    Case(
        "a channel of kind word_of_mouth is one as well",
        [FRIEND],
        [
            visit("v1", "08:00", url=AD),
            status(at="12:00", visitor_id="v1"),
            told("friend", "11:00", lead_id="L1"),
        ],
        path("L1:inquiry"),
        ["friend", "paid_search"],
    ),
    Case(
        "answers name channels; an unknown answer is unassigned",
        [site(answers={"지인": "flyer"})],
        [told(None, "09:00", answer="지인", lead_id="L1"), told(None, "10:00", answer="글쎄", lead_id="L1")],
        touches,
        [("03-02 09:00:00", "told", "flyer"), ("03-02 10:00:00", "told", "unassigned")],
    ),
    Case(
        "several told sources all count; a correction is a withdrawal",
        [],
        [
            status(at="12:00"),
            told("flyer", "09:00", lead_id="L1"),
            told("bus", "10:00", lead_id="L1"),
            told("tv", "11:00", lead_id="L1", id="t"),
            withdrawn("t"),
        ],
        path("L1:inquiry"),
        ["flyer", "bus"],
    ),
    Case(
        "a referral made is a tracked touch of the referred",
        [],
        [referred("L1", "L0", "09:00"), status(at="12:00"), told("flyer", "10:00", lead_id="L1")],
        path("L1:inquiry"),
        ["referral"],
    ),
]

JOURNEY = [  # metrics.md: blog (day 1), search ad (5), social (10), direct (15), purchase
    visit("v1", "03-01 10:00", url=HOME + "?utm_source=blog&utm_medium=email"),
    visit("v1", "03-05 10:00", url=AD),
    visit("v1", "03-10 10:00", url=HOME + "?utm_source=facebook&utm_medium=social"),
    visit("v1", "03-15 10:00"),
    status("registration", at="03-15 11:00", visitor_id="v1"),
]

CREDITS = [
    Case("last is the last non-direct", [], JOURNEY, credit("L1:registration", "last"), [0, 0, WHOLE, 0]),
    Case(
        "keep: last is direct",
        [counted(direct="keep")],
        JOURNEY,
        credit("L1:registration", "last"),
        [0, 0, 0, WHOLE],
    ),
    Case("first", [], JOURNEY, credit("L1:registration", "first"), [WHOLE, 0, 0, 0]),
    Case(
        "linear: the remainder goes to the earlier touch",
        [],
        JOURNEY,
        credit("L1:registration", "linear"),
        [333_333_334, 333_333_333, 333_333_333, 0],
    ),
    Case(
        "position 40/20/40",
        [],
        JOURNEY,
        credit("L1:registration", "position"),
        [400_000_000, 200_000_000, 400_000_000, 0],
    ),
    Case(
        "position of the site's own",
        [counted(position=[10.0, 60.0, 30.0])],
        JOURNEY,
        credit("L1:registration", "position"),
        [100_000_000, 600_000_000, 300_000_000, 0],
    ),
    Case(
        "two touches are always 50/50",
        [counted(position=[10.0, 60.0, 30.0])],
        JOURNEY[1:],
        credit("L1:registration", "position"),
        [500_000_000, 500_000_000, 0],
    ),
    Case(
        "time decay halves in 7 days",
        [],
        [
            visit("v1", "03-01 10:00", url=AD),
            visit("v1", "03-08 10:00", url=SUMMER),
            status(at="03-09 10:00", visitor_id="v1"),
        ],
        credit("L1:inquiry", "time_decay"),
        [333_333_333, 666_666_667],
    ),
    Case(
        "a path of direct alone is direct",
        [],
        [visit("v1", "09:00"), status(at="12:00", visitor_id="v1")],
        credit("L1:inquiry", "last"),
        [WHOLE],
    ),
    Case(
        "no touch in the window: unattributed",
        [],
        [status(at="12:00")],
        both(path("L1:inquiry"), credit("L1:inquiry", "linear")),
        (["unattributed"], [WHOLE]),
    ),
    Case(
        "both ends of the window count",
        [counted(window_days=1)],
        [
            visit("v1", "03-01 12:00", url=AD),
            visit("v1", "03-02 12:00", url=SUMMER),
            status(at="12:00", visitor_id="v1"),
        ],
        path("L1:inquiry"),
        ["paid_search", "paid_search"],
    ),
    Case(
        "a microsecond outside does not",
        [counted(window_days=1)],
        [
            visit("v1", "03-01 11:59:59.999999", url=AD),
            visit("v1", "12:00:00.000001", url=AD),
            status(at="12:00", visitor_id="v1"),
        ],
        path("L1:inquiry"),
        ["unattributed"],
    ),
    Case(
        "touches of one instant are ordered by their id's bytes",
        [],
        [
            visit("v1", "09:00", url=AD, id="b"),
            visit("v2", "09:00", url=MAIL, id="a"),
            status(at="12:00", visitor_id="v1", phone=PHONE),
            identified(visitor_id="v2", phone=PHONE),
        ],
        path("L1:inquiry"),
        ["email", "paid_search"],
    ),
]

REGISTERED = status("registration", at="03-02 12:00")

PAYMENTS = [
    Case(
        "a payment follows the latest registration at or before it, else the first after",
        [],
        [
            REGISTERED,
            status("dormant", at="03-05 12:00"),
            status("registration", at="03-10 12:00"),
            paid(1, at="03-01 12:00"),
            paid(2, at="03-02 12:00"),
            paid(3, at="03-10 11:59"),
            paid(4, at="03-10 12:00"),
        ],
        payments,
        {
            1: ("L1:registration", 1),
            2: ("L1:registration", 1),
            3: ("L1:registration", 1),
            4: ("L1:re_registration", 0),
        },
    ),
    Case(
        "a payment that names a lead follows only that lead",
        [],
        [
            status("registration", "L2", "10:00", phone=PHONE),
            identified(phone=PHONE, lead_id="L1"),
            paid(5, "L1", id="p"),
        ],
        both(payments, count("cash"), count("revenue")),
        ({5: ("p:payment", 0)}, {"unattributed": 5}, {}),
    ),
    Case(
        "a payment without lead follows its person's only lead",
        [],
        [status("registration", at="10:00", phone=PHONE), paid(5, None, phone=PHONE)],
        payments,
        {5: ("L1:registration", 1)},
    ),
    Case(
        "of a person with several leads it follows the latest registration of all",
        [],
        [
            status("registration", "L1", "10:00", phone=PHONE),
            status("registration", "L2", "11:00", phone=PHONE),
            paid(5, None, "12:00", phone=PHONE),
        ],
        payments,
        {5: ("L2:registration", 1)},
    ),
    Case(
        "a payment on its own path",
        [],
        [visit("v1", "09:00", url=AD), paid(5, None, visitor_id="v1", id="p")],
        both(path("p:payment"), count("cash"), count("revenue")),
        (["paid_search"], {"paid_search": 5}, {}),
    ),
    Case(
        "each payment is split alone, a refund as the mirror",
        [],
        [*JOURNEY, paid(100, at="03-16 10:00"), paid(-100, at="03-17 10:00")],
        shares("L1:registration", "r", "linear"),
        [0, 0, 0, 0],
    ),
    Case(
        "the remainder goes by largest fraction",
        [],
        [*JOURNEY, paid(100, at="03-16 10:00")],
        shares("L1:registration", "r", "linear"),
        [34, 33, 33, 0],
    ),
    Case(
        "twice 50 is not once 100",
        [],
        [*JOURNEY, paid(50, at="03-16 10:00"), paid(50, at="03-17 10:00")],
        shares("L1:registration", "r", "linear"),
        [34, 34, 32, 0],
    ),
    Case(
        "revenue is on the registration's day, cash on the payment's",
        [],
        [REGISTERED, paid(7, at="03-20 10:00")],
        both(count("revenue", by="day"), count("cash", by="day")),
        ({"2026-03-02": 7}, {"2026-03-20": 7}),
    ),
    Case(
        "roi_months: before the local day of registration + N months, and those before it",
        [site(roi_months=1)],
        [REGISTERED, paid(1, at="01-01 10:00"), paid(2, at="04-01 23:59:59"), paid(4, at="04-02 00:00")],
        both(count("revenue"), count("cash")),
        ({"unattributed": 3}, {"unattributed": 7}),
    ),
    Case(
        "roi_months is clamped to the month's end",
        [site(roi_months=1)],
        [status("registration", at="01-31 12:00"), paid(1, at="02-27 23:59"), paid(2, at="02-28 00:00")],
        count("revenue"),
        {"unattributed": 1},
    ),
    Case(
        "a re-registration's payments are cash, not revenue",
        [],
        [
            REGISTERED,
            status("dormant", at="03-05 12:00"),
            status("registration", at="03-10 12:00"),
            paid(9, at="03-11 12:00"),
        ],
        both(count("revenue"), count("cash"), count("registrations")),
        ({}, {"unattributed": 9}, {"unattributed": WHOLE}),
    ),
    Case(
        "a lead belongs to the branch of its registration",
        [],
        [status(at="10:00", branch="a"), status("registration", at="12:00", branch="b")],
        branches,
        dict.fromkeys(("L1:inquiry", "L1:consult", "L1:registration"), "b"),
    ),
    Case(
        "a registration without branch falls back to the first stage that has one",
        [],
        [status(at="10:00"), status("consult", at="11:00", branch="a"), status("registration", at="12:00")],
        branches,
        dict.fromkeys(("L1:inquiry", "L1:consult", "L1:registration"), "a"),
    ),
    Case(
        "a payment follows the branch of its conversion, on its own path it keeps its own",
        [],
        [
            status("registration", at="12:00", branch="a"),
            paid(1, at="13:00", branch="b"),
            paid(2, "L9", at="13:00", branch="b"),
        ],
        count("cash", by="branch"),
        {"a": 1, "b": 2},
    ),
]

SPEND = [
    Case(
        "spread evenly over the days, the remainder to the earliest",
        [],
        [spend("flyer", 8, "2026-03-01", "2026-03-03", spend_id="s")],
        daily,
        {"s": [3, 3, 2]},
    ),
    Case(
        "vat excluded is times 1.1, rounded once, half up",
        [],
        [
            spend("flyer", 5, "2026-03-01", "2026-03-01", spend_id="s", vat="excluded"),
            spend("flyer", 4, "2026-03-01", "2026-03-01", spend_id="t", vat="excluded"),
        ],
        daily,
        {"s": [6], "t": [4]},
    ),
    Case(
        "hours times the site's rate",
        [site(staff_hourly_rate=15_001.0)],
        [
            spend(
                "flyer",
                None,
                "2026-03-01",
                "2026-03-01",
                spend_id="s",
                hours=2.5,
                kind="staff",
                vat="excluded",
            )
        ],
        daily,
        {"s": [41_253]},
    ),
    Case(
        "the newest of a spend_id wins, by (occurred_at, event_id)",
        [],
        [
            spend("flyer", 3, "2026-03-01", "2026-03-01", spend_id="s", at="10:00", id="b"),
            spend("flyer", 9, "2026-03-01", "2026-03-01", spend_id="s", at="10:00", id="a"),
        ],
        daily,
        {"s": [3]},
    ),
    Case(
        "a withdrawn correction gives way",
        [],
        [
            spend("flyer", 3, "2026-03-01", "2026-03-01", spend_id="s", at="10:00"),
            spend("flyer", 9, "2026-03-01", "2026-03-01", spend_id="s", at="11:00", id="x"),
            withdrawn("x"),
        ],
        daily,
        {"s": [3]},
    ),
]


def inquiries(**of: int) -> list[Event]:
    """Told inquiries: `flyer__a=2` are two of the channel flyer at branch a."""
    events = []
    for name, number in of.items():
        slug, _, branch = name.partition("__")
        for one in range(number):
            lead = f"{name}-{one}"
            events += [
                status(lead=lead, at="12:00", branch=branch or None),
                told(slug, "11:00", lead_id=lead),
            ]
    return events


def registrations(slug: str, number: int, won: int, branch: str | None = None) -> list[Event]:
    """Told registrations, each paying."""
    events = []
    for one in range(number):
        lead = f"{slug}-r{one}"
        events += [status("registration", lead, "12:00", branch=branch), told(slug, "11:00", lead_id=lead)]
        events += [paid(won, lead, "13:00")] if won else []
    return events


BOARD = [
    Case(
        "spend without branch is split by the channel's credited inquiries, ties by branch",
        [],
        [*inquiries(flyer__a=1, flyer__b=1), spend("flyer", 101)],
        both(board("spend", of=["a"]), board("spend", of=["b"]), board("spend")),
        (
            {"flyer": (51,), "unattributed": (0,)},
            {"flyer": (50,), "unattributed": (0,)},
            {"flyer": (101,), "unattributed": (0,)},
        ),
    ),
    Case(
        "no branch counts as one",
        [],
        [*inquiries(flyer__a=1, flyer=1), spend("flyer", 101)],
        board("spend", of=["a"]),
        {"flyer": (50,), "unattributed": (0,)},
    ),
    Case(
        "without inquiries it stays without branch",
        [],
        [*inquiries(bus__a=1), spend("flyer", 101)],
        board("spend", of=["a"]),
        {"bus": (0,), "unattributed": (0,)},
    ),
    Case(
        "loaded cost without channel is shared by inquiries, ties by slug",
        [],
        [
            *registrations("bus", 1, 0),
            *registrations("flyer", 1, 0),
            spend(None, 101, kind="tool"),
            spend("flyer", 100),
        ],
        board("spend", "loaded_cac"),
        {"bus": (0, 51.0), "flyer": (100, 150.0), "unattributed": (0, None)},
    ),
    Case(
        "a cost with a channel goes to it",
        [],
        [*registrations("bus", 1, 0), *registrations("flyer", 1, 0), spend("flyer", 101, kind="tool")],
        board("spend", "cac", "loaded_cac"),
        {"bus": (0, None, None), "flyer": (0, None, 101.0), "unattributed": (0, None, None)},
    ),
    Case(
        "only days of the period count",
        [],
        [spend("flyer", 31, "2026-03-01", "2026-03-31")],
        board("spend", since="2026-03-30", until="2026-04-30"),
        {"flyer": (2,), "unattributed": (0,)},
    ),
    Case(
        "unattributed is always shown",
        [],
        [visit("v1")],
        board("visits", "action"),
        {"direct": (1, "none"), "unattributed": (0, "none")},
    ),
    Case(
        "a free word-of-mouth channel with registrations: strengthen",
        [],
        registrations("referral", 1, 100),
        board("cac", "roi", "action", "action_agreement"),
        {"referral": (0.0, float("inf"), "strengthen", 5), "unattributed": (None, None, "none", 5)},
    ),
    Case(
        "another free channel without spend: keep",
        [channel("blog", free=True)],
        registrations("blog", 1, 100),
        board("cac", "action"),
        {"blog": (0.0, "keep"), "unattributed": (None, "none")},
    ),
    Case(
        "no spend entered: no_spend",
        [],
        registrations("blog", 4, 100),
        board("cac", "roi", "action"),
        {"blog": (None, None, "no_spend"), "unattributed": (None, None, "none")},
    ),
    Case(
        "a free channel with spend is judged like a paid one",
        [],
        [*registrations("referral", 4, 100), spend("referral", 400)],
        board("cac", "roi", "action"),
        {"referral": (100.0, 0.0, "stop"), "unattributed": (None, None, "none")},
    ),
    Case(
        "a site without any payment: no_payments",
        [],
        [*registrations("blog", 4, 0), spend("blog", 100)],
        board("cac", "roi", "action"),
        {"blog": (25.0, None, "no_payments"), "unattributed": (None, None, "none")},
    ),
    Case(
        "too little data: max(registrations, spend / site CAC) < 3",
        [],
        [*registrations("blog", 2, 1000), spend("blog", 100)],
        board("action"),
        {"blog": ("too_little_data",), "unattributed": ("none",)},
    ),
    Case(
        "three are enough",
        [],
        [*registrations("blog", 3, 1000), spend("blog", 100)],
        board("roi", "action"),
        {"blog": (29.0, "increase"), "unattributed": (None, "none")},
    ),
    Case(
        "the spend of three registrations is enough too",
        [],
        [*registrations("blog", 6, 1000), spend("blog", 100), spend("flyer", 300)],
        board("cac", "roi", "action"),
        {
            "blog": (100 / 6, 59.0, "increase"),
            "flyer": (None, -1.0, "stop"),
            "unattributed": (None, None, "none"),
        },
    ),
    Case(
        "the spend of fewer is not",
        [],
        [*registrations("blog", 3, 1000), spend("blog", 100), spend("flyer", 300)],
        board("cac", "action"),
        {"blog": (100 / 3, "increase"), "flyer": (None, "too_little_data"), "unattributed": (None, "none")},
    ),
    Case(
        "the bands of ROI: 100% keeps, 300% increases",
        [],
        [
            *registrations("a", 3, 200),
            spend("a", 300),
            *registrations("b", 4, 300),
            spend("b", 300),
            *registrations("c", 4, 100),
            spend("c", 201),
        ],
        board("roi", "action"),
        {
            "a": (1.0, "keep"),
            "b": (3.0, "increase"),
            "c": (199 / 201, "stop"),
            "unattributed": (None, "none"),
        },
    ),
    Case(
        "no registration anywhere: the quotient counts as 0",
        [],
        [spend("blog", 1_000_000), paid(1, "L9", "13:00")],
        board("cac", "action"),
        {"blog": (None, "too_little_data"), "unattributed": (None, "none")},
    ),
    Case(
        "the site's own thresholds",
        [site(thresholds={"stop": -1.0, "increase": 0.0, "too_little": 0.5})],
        [*registrations("blog", 1, 100), spend("blog", 100)],
        board("action"),
        {"blog": ("increase",), "unattributed": ("none",)},
    ),
    Case(
        "LTV is null unless both settings are there",
        [site(ltv_months=18.0)],
        registrations("blog", 1, 1),
        board("ltv", "ltv_roi", "ltv_to_cac"),
        {"blog": (None, None, None), "unattributed": (None, None, None)},
    ),
    Case(
        "LTV:CAC and LTV-based ROI",
        [site(ltv_months=18.0, ltv_monthly_revenue=850_000.0)],
        [*registrations("blog", 1, 1), spend("blog", 1_000_000)],
        board("ltv", "ltv_roi", "ltv_to_cac"),
        {"blog": (15_300_000.0, 14.3, 15.3), "unattributed": (15_300_000.0, None, None)},
    ),
    Case(
        "of the shipped channels only referral has a kind; an entry is laid over it field by field",
        [channel("referral", name="소개")],
        registrations("referral", 1, 1),
        board("kind", "action"),
        {"referral": ("word_of_mouth", "strengthen"), "unattributed": ("", "none")},
    ),
    Case(
        "the newest definition is the greatest defined_at as an instant",
        [
            channel("blog", free=True, at="2026-01-01 09:00"),
            {**channel("blog", free=False), "defined_at": "2026-01-01T00:30:00Z"},
        ],
        registrations("blog", 1, 1),
        board("action"),
        {"blog": ("no_spend",), "unattributed": ("none",)},
    ),
    Case(
        "then the greatest canonical bytes",
        [channel("blog", free=True, name="b"), channel("blog", free=False, name="c")],
        registrations("blog", 1, 1),
        board("action"),
        {"blog": ("keep",), "unattributed": ("none",)},
    ),
    Case(
        "a rate over inquiries of the period",
        [],
        [*inquiries(flyer=3), *registrations("flyer", 1, 1)],
        board("inquiries", "registrations", "inquiry_to_registration"),
        {"flyer": (4.0, 1.0, 0.25), "unattributed": (0.0, 0.0, None)},
    ),
    Case(
        "every table has the site's local days",
        [site(time_zone="America/New_York")],
        [visit("v1", "09:00")],
        count("visits", by="day"),
        {"2026-03-01": 1},
    ),
]

ACTIVITIES = [
    Case(
        "every step of a message is an activity, and its campaign is the one that lists the name said",
        [campaign("c-spring", utm_campaign=["spring"])],
        [
            message("m1", "sent", "09:00", campaign="spring", email=MAIL_OF, segment="dormant-90"),
            message("m1", "clicked", "09:30", campaign="spring", email=MAIL_OF, segment="dormant-90"),
            message("m1", "unsubscribed", "09:40", medium=None, email=MAIL_OF),
        ],
        acts("subject", "action", "medium", "campaign", "segment", "person_id"),
        [
            ("m1", "sent", "email", "c-spring", "dormant-90", f"email:{MAIL_OF}"),
            ("m1", "clicked", "email", "c-spring", "dormant-90", f"email:{MAIL_OF}"),
            ("m1", "unsubscribed", "", "", "", f"email:{MAIL_OF}"),
        ],
    ),
    Case(
        "content, contact and their figures, on the site's local day",
        [site(time_zone="America/New_York")],
        [
            engaged("tour", "video", at="09:00", watched_seconds=20.0, length_seconds=30.0, value=50.0),
            clicked("v1", "10:00", kind="kakao", target=None),
            clicked("v1", "11:00"),
        ],
        acts("type", "subject", "action", "day", "value", "watched_seconds", "length_seconds"),
        [
            ("content_engaged", "tour", "video", date(2026, 3, 1), 50.0, 20.0, 30.0),
            ("contact_clicked", "", "kakao", date(2026, 3, 1), None, None, None),
            ("contact_clicked", "", "tel", date(2026, 3, 1), None, None, None),
        ],
    ),
    Case(
        "a call that got a variant is of the person who called",
        [],
        [call("c1", "09:00", phone=PHONE), assigned(visitor=None, at="09:10", call_id="c1")],
        acts("experiment", "variant", "call_id", "visitor_id", "person_id"),
        [("greeting", "a", "c1", "", "call_id:c1")],
    ),
    Case(
        "who is joined later gives activities another name",
        [],
        [assigned(at="09:00"), engaged(at="09:30"), identified("12:00", visitor_id="v1", lead_id="L1")],
        acts("person_id", "visitor_id", "lead_id"),
        [("lead_id:L1", "v1", ""), ("lead_id:L1", "v1", "")],
    ),
    Case(
        "whom an invitation names is no identifier, and of a referral only the lead is",
        [],
        [
            invited("L0", "09:00", lead_id="L2"),
            invited(None, "10:00", referrer_phone=PHONE),
            referred("L1", "L0", "11:00", visitor_id="v1"),
        ],
        acts("person_id", "lead_id", "visitor_id", "referrer"),
        [
            ("lead_id:L2", "L2", "", "lead_id:L0"),
            (f"event:invitation_sent/{PHONE}/2026-03-02T10:00:00+09:00", "", "", f"phone:{PHONE}"),
            ("lead_id:L1", "L1", "", "lead_id:L0"),
        ],
    ),
    Case(
        "a withdrawn activity and one of a program are none",
        [],
        [engaged("a", at="09:00"), engaged("b", at="10:00", bot=BOT), withdrawn(engaged("a", at="09:00"))],
        acts("subject"),
        [],
    ),
    Case(
        "who invited is renamed when forgotten, in what was said before",
        [],
        [
            referred("L2", "L1", "09:00"),
            forgotten(MOM, {"lead_id": "L1"}, at="11:00", id="f"),
            referred("L3", "L1", "12:00"),
        ],
        acts("lead_id", "referrer"),
        [("L2", f"lead_id:{L1_GONE}"), ("L3", "lead_id:L1")],
    ),
    Case(
        "a forgotten visitor is renamed, and the same browser later is another person",
        [],
        [engaged(at="09:00"), forgotten(MOM, at="11:00", id="f"), engaged(at="12:00")],
        acts("visitor_id", "person_id"),
        [
            ("forgotten:" + _digest("f", 0)[:32], "visitor_id:forgotten:" + _digest("f", 0)[:32]),
            ("v1", "visitor_id:v1#1"),
        ],
    ),
    Case(
        "a shared visitor is named and joins nobody",
        [site(shared_identifiers=[{"visitor_id": "v1"}])],
        [assigned(at="09:00"), engaged(at="10:00", lead_id="L1")],
        acts("visitor_id", "person_id"),
        [
            ("v1", "event:experiment_assigned/greeting/v1/2026-03-02T09:00:00+09:00"),
            ("v1", "lead_id:L1"),
        ],
    ),
    Case(
        "a shared visitor is renamed when forgotten",
        [site(shared_identifiers=[{"visitor_id": "v1"}])],
        [engaged(at="09:00"), forgotten(MOM, at="11:00", id="f"), engaged(at="12:00")],
        acts("visitor_id"),
        [("forgotten:" + _digest("f", 0)[:32],), ("v1",)],
    ),
    Case(
        "the newest of a definition counts, and a name that one language lacks is the other's",
        [
            defined("goal", "booking", value=1.0),
            defined("goal", "booking", "2026-01-02 00:00", name={"en": "Booking"}, value=2.0),
            defined("tool", "bot"),
            campaign("spring"),
        ],
        [],
        definitions("kind", "id", "name_ko", "name_en"),
        [("goal", "booking", "Booking", "Booking"), ("tool", "bot", "", "")],
    ),
]

CASES = [
    *LEADS,
    *PEOPLE,
    *SAME_EVENT,
    *CALLS,
    *SESSIONS,
    *SCANS,
    *MESSAGES,
    *TOLD,
    *CREDITS,
    *PAYMENTS,
    *SPEND,
    *BOARD,
    *ACTIVITIES,
]
