"""What the public views show of the private tables."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.migrate import views
from clickhouse.surface import PARAMETERS, PRIVATE_VIEWS, public_views, view_columns, view_comment
from tests.clickhouse.store import Row, put, read, show, utc

LEAD = 1_000_000_000
MODELS = ("first", "last", "linear", "time_decay", "position")
CONTRACT = {
    "channel_scoreboard",
    "channel_funnel_daily",
    "credits",
    "conversions",
    "touches",
    "leads",
    "calls",
    "spend_daily",
    "payments",
    "campaigns",
    "campaign_windows",
    "runs",
    "events",
    "dead_letters",
}
ADDED = {
    "aarrr",
    "aarrr_losses",
    "activities",
    "audits",
    "before_after",
    "call_ab",
    "call_tags",
    "channels",
    "column_comments",
    "content_value",
    "customer_segments",
    "definitions",
    "experiment_results",
    "experiment_size",
    "experiment_subjects",
    "experiments",
    "explanations",
    "goal_conversions",
    "goal_verdicts",
    "growth_monthly",
    "hits",
    "inquiry_cohorts_monthly",
    "journey_edges",
    "journey_steps",
    "journeys",
    "marketing_mix_sufficiency",
    "marketing_mix_weekly",
    "measures",
    "message_funnel",
    "messages",
    "metric_series",
    "model_weights",
    "owned_media",
    "owned_sessions",
    "page_values",
    "people",
    "pipeline",
    "retention_cohorts",
    "run_catalogs",
    "search_queries",
    "search_volumes",
    "segment_members",
    "segments",
    "share_of_search",
    "sites",
    "tool_changes",
    "tool_roi",
}
OF_NO_RUN = {
    "audits",
    "column_comments",
    "dead_letters",
    "events",
    "experiment_size",
    "fates",
    "measures",
    "pipeline",
    "run_catalogs",
    "runs",
    "search_queries",
    "search_volumes",
    "share_of_search",
}
NINE = utc("2026-03-02T09:00:00")
TEN = utc("2026-03-02T10:00:00")
ELEVEN = utc("2026-03-02T11:00:00")
OF_ALL_RUNS = {"event_archive", "measures", "search_queries", "search_volumes", "share_of_search"}
OF_A_RUN = {"deeds", "judged_definitions", "metric_changes", "session_goals"}  # private, and asked for a run
NOTHING = {
    "sites": [],
    "branches": [],
    "since": "2026-01-01",
    "until": "2026-01-01",
    "run": "nothing",
    "model": "last",
    "by": "site",
    "part": "all",
    "goal": "",
    "window_days": 7,
    "as_of": "2026-01-01",
    "before_since": "2026-01-01",
    "before_until": "2026-01-01",
    "items": [],
    "compare": "keyword",
    "among": [],
    "baseline_rate": 1.0,
    "minimal_effect": 0.1,
    "variants": 2,
    "alpha": 0.05,
    "power": 0.8,
}
"""A value of every parameter of any view, with which it gives no row."""


def conversion(run: str, conversion_id: str, **own: object) -> Row:
    """A conversion of two touches with one payment of 101 won."""
    row = {
        "run": run,
        "site": "clinic",
        "conversion_id": conversion_id,
        "lead_id": "l1",
        "person_id": "lead_id:l1",
        "stage": "registration",
        "converted_at": ELEVEN,
        "day": date(2026, 3, 2),
        "branch": "a",
        "event_id": "e9",
        "touch_ids": ["t1", "t2"],
        "touched_at": [NINE, TEN],
        "channels": ["blog", "email"],
        "campaigns": ["", "spring"],
        "w_first": [LEAD, 0],
        "w_last": [0, LEAD],
        "w_linear": [LEAD // 2, LEAD // 2],
        "w_time_decay": [499_000_001, 500_999_999],
        "w_position": [LEAD // 2, LEAD // 2],
        "r_first": [101, 0],
        "r_last": [0, 101],
        "r_linear": [51, 50],
        "r_time_decay": [50, 51],
        "r_position": [51, 50],
        "c_first": [202, 0],
        "c_last": [0, 202],
        "c_linear": [101, 101],
        "c_time_decay": [101, 101],
        "c_position": [101, 101],
    }
    return {**row, **own}


def unattributed(run: str, conversion_id: str) -> Row:
    """A conversion without touches and payments."""
    whole = {f"w_{model}": [LEAD] for model in MODELS}
    money: dict[str, list[int]] = {f"{letter}_{model}": [] for letter in "rc" for model in MODELS}
    path = {"touch_ids": [""], "touched_at": [ELEVEN], "channels": ["unattributed"], "campaigns": [""]}
    return conversion(run, conversion_id, **whole, **money, **path)


# The surface


def called(view: str) -> str:
    """A view that asks for parameters -> its call with all of them."""
    return f"headwater.{view}({', '.join(f'{name} = {{{name}:{form}}}' for name, form in PARAMETERS[view].items())})"


def asked_of(view: str) -> dict[str, object]:
    """What NOTHING says of the parameters of a view."""
    return {name: NOTHING[name] for name in PARAMETERS[view]}


def test_every_table_of_the_contract_is_a_view() -> None:
    assert set(public_views()) == CONTRACT | ADDED
    assert set(views()) == {*public_views(), *PRIVATE_VIEWS}
    assert {view for view in views() if view_comment(view).endswith("(private)")} == PRIVATE_VIEWS


@pytest.mark.parametrize("view", sorted(CONTRACT - {"runs"}))
def test_every_view_has_site_and_branch(view: str) -> None:
    names = {column.name for column in view_columns(view)}
    assert "site" in names
    assert "branch" in names or "branches" in PARAMETERS.get(view, {})


@pytest.mark.parametrize("view", sorted(view for view in views() if not view.startswith("newest_")))
def test_every_column_is_declared_with_its_comment(migrated: Client, view: str) -> None:
    shown = read(
        migrated,
        "SELECT name, type, comment FROM headwater.column_comments "
        "WHERE view = {view:String} ORDER BY position",
        view=view,
    )
    assert shown == [column._asdict() for column in view_columns(view)]
    assert shown and all(column["comment"] for column in shown)
    if view in PARAMETERS:
        found = read(migrated, f"DESCRIBE (SELECT * FROM {called(view)})", **asked_of(view))
    else:
        found = read(migrated, f"DESCRIBE headwater.{view}")
    assert [(each["name"], each["type"]) for each in found] == [
        (each["name"], each["type"]) for each in shown
    ]
    comment = read(
        migrated,
        "SELECT comment FROM system.tables WHERE database = 'headwater' AND name = {view:String}",
        view=view,
    )[0]["comment"]
    assert comment.lower() == view_comment(view).lower()


@pytest.mark.parametrize("view", sorted(views()))
def test_every_view_reads_final_with_its_owners_rights_and_begins_by_saying_what_a_row_is(view: str) -> None:
    statement = views()[view]
    assert statement.startswith("-- One row is ")
    assert "DEFINER = CURRENT_USER SQL SECURITY DEFINER" in statement
    tables = set(re.findall(r"FROM headwater\.(\w+)(?! *(?:AS \w+ )?FINAL\b)\b", statement)) - set(views())
    assert tables <= {"owner_rows", "live_rows"}  # of these every row counts
    assert "FROM headwater." in statement or view in {"column_comments", "experiment_size"}


@pytest.mark.parametrize("view", sorted(set(public_views()) - OF_NO_RUN | OF_A_RUN))
def test_every_view_of_runs_finds_out_first_which_may_be_seen(view: str) -> None:
    statement = views()[view]
    read = re.findall(r"FROM headwater\.(\w+)", statement)
    shown = set(public_views()) - OF_NO_RUN | OF_A_RUN  # these have found it out already
    assert "visible_runs" in read or set(read) <= shown
    assert all(
        name == "visible_runs" or name.startswith("newest_") or name in shown
        for name in read
        if name not in OF_ALL_RUNS
    )


# Credits and conversions


def test_credits_show_every_model_without_zero_weights(migrated: Client) -> None:
    put(migrated, "conversion_rows", [conversion("credits", "l1:registration")])
    rows = read(
        migrated,
        "SELECT model, touch_id, channel, campaign, touched_at, weight, revenue, cash FROM headwater.credits "
        "WHERE run = 'credits' ORDER BY indexOf({models:Array(String)}, model), touched_at",
        models=list(MODELS),
    )
    half = Decimal("0.5")
    assert [(row["model"], row["touch_id"], row["weight"], row["revenue"], row["cash"]) for row in rows] == [
        ("first", "t1", 1, 101, 202),
        ("last", "t2", 1, 101, 202),
        ("linear", "t1", half, 51, 101),
        ("linear", "t2", half, 50, 101),
        ("time_decay", "t1", Decimal("0.499000001"), 50, 101),
        ("time_decay", "t2", Decimal("0.500999999"), 51, 101),
        ("position", "t1", half, 51, 101),
        ("position", "t2", half, 50, 101),
    ]
    assert [(row["channel"], row["campaign"], row["touched_at"].hour) for row in rows[:2]] == [
        ("blog", "", 9),
        ("email", "spring", 10),
    ]


def test_a_data_driven_model_shows_where_the_run_has_it(migrated: Client) -> None:
    own = {"w_markov": [LEAD, 0], "r_markov": [101, 0], "c_markov": [202, 0], "w_shapley": [0, LEAD]}
    for run in ("driven", "ruled"):
        put(migrated, "conversion_rows", [conversion(run, "l1:inquiry", stage="inquiry", **own)])
        funnel = {"run": run, "site": "clinic", "day": date(2026, 3, 2), "channel": "blog", "visits": 1}
        put(migrated, "funnel_rows", [{**funnel, "inquiries": [0, 1, 2, 3, 4, 5, 6, 7], "revenue": [9] * 8}])
        put(
            migrated, "campaign_rows", [{"run": run, "site": "clinic", "campaign": "c", "inquiries": [8] * 8}]
        )
        weight = {"run": run, "site": "clinic", "stage": "inquiry", "channel": "blog", "weight_parts": 1}
        put(migrated, "model_rows", [{**weight, "model": model} for model in ("markov", "shapley")])
    show(migrated, "driven", models=["last", "markov"], version=2)
    for view, columns, values in (
        ("credits", "channel, weight, revenue, cash", [("email", 1, 101, 202), ("blog", 1, 101, 202)]),
        ("channel_funnel_daily", "visits, inquiries_parts, revenue", [(1, 1, 9), (1, 5, 9)]),
        ("campaign_windows", "inquiries_parts", [(8,), (8,)]),
        ("inquiry_cohorts_monthly", "channel, inquiries", [("email", 1.0), ("blog", 1.0)]),
        ("model_weights", "channel, weight_parts", [("blog", 1)]),
    ):
        asked = f"SELECT model, {columns} FROM headwater.{view} WHERE run = {{run:String}}"
        found = {row.pop("model"): tuple(row.values()) for row in read(migrated, asked, run="driven")}
        assert found == dict(zip(("last", "markov")[-len(values) :], values, strict=True)), view
        assert not {"markov", "markov_2", "shapley"} & {
            row["model"] for row in read(migrated, asked, run="ruled")
        }


def test_weights_sum_to_one_exactly(migrated: Client) -> None:
    thirds = [333_333_334, 333_333_333, 333_333_333]
    paths = {
        "touch_ids": ["a", "b", "c"],
        "touched_at": [NINE] * 3,
        "channels": ["x"] * 3,
        "campaigns": [""] * 3,
        **{f"w_{model}": thirds for model in MODELS},
        **{f"{letter}_{model}": [] for letter in "rc" for model in MODELS},
    }
    put(migrated, "conversion_rows", [conversion("thirds", "c", **paths)])
    rows = read(
        migrated,
        "SELECT model, sum(weight) AS whole FROM headwater.credits WHERE run = 'thirds' GROUP BY model",
    )
    assert {row["model"]: row["whole"] for row in rows} == dict.fromkeys(MODELS, Decimal(1))


def test_a_conversion_without_touches_is_credited_to_unattributed(migrated: Client) -> None:
    put(migrated, "conversion_rows", [unattributed("none", "l2:inquiry")])
    rows = read(
        migrated, "SELECT channel, touch_id, weight, revenue FROM headwater.credits WHERE run = 'none'"
    )
    assert rows == [{"channel": "unattributed", "touch_id": "", "weight": 1, "revenue": 0}] * 5


def test_conversions_show_the_path_and_what_follows_it(migrated: Client) -> None:
    put(migrated, "conversion_rows", [conversion("paths", "c1"), unattributed("paths", "c2")])
    rows = read(
        migrated,
        "SELECT conversion_id, touches, channels, touch_ids, campaigns, revenue, cash "
        "FROM headwater.conversions WHERE run = 'paths' ORDER BY conversion_id",
    )
    assert [list(row.values()) for row in rows] == [
        ["c1", 2, ["blog", "email"], ["t1", "t2"], ["", "spring"], 101, 202],
        ["c2", 0, [], [], [], 0, 0],
    ]


# Days and windows


def test_channel_funnel_daily_has_a_row_for_each_model(migrated: Client) -> None:
    put(
        migrated,
        "funnel_rows",
        [
            {
                "run": "daily",
                "site": "clinic",
                "day": date(2026, 3, 2),
                "branch": "a",
                "channel": "email",
                "campaign": "",
                "visits": 3,
                "scans": 2,
                "calls": 1,
                "inquiries": [LEAD, 0, LEAD // 2, 1, 2],
                "consults": [0] * 5,
                "registrations": [0, LEAD, 0, 0, 0],
                "re_registrations": [0] * 5,
                "revenue": [1, 2, 3, 4, 5],
                "cash": [6, 7, 8, 9, 10],
            }
        ],
    )
    rows = read(
        migrated,
        "SELECT model, visits, inquiries, inquiries_parts, registrations, revenue, cash "
        "FROM headwater.channel_funnel_daily WHERE run = 'daily' ORDER BY revenue",
    )
    assert [list(row.values()) for row in rows] == [
        ["first", 3, 1.0, LEAD, 0.0, 1, 6],
        ["last", 3, 0.0, 0, 1.0, 2, 7],
        ["linear", 3, 0.5, LEAD // 2, 0.0, 3, 8],
        ["time_decay", 3, 1e-9, 1, 0.0, 4, 9],
        ["position", 3, 2e-9, 2, 0.0, 5, 10],
    ]


def test_spend_daily_has_a_row_for_each_day(migrated: Client) -> None:
    put(
        migrated,
        "spend_rows",
        [
            {
                "run": "spend",
                "site": "clinic",
                "spend_id": "s1",
                "channel": "email",
                "campaign": "",
                "branch": "",
                "kind": "media",
                "first_day": date(2026, 2, 28),
                "amounts": [34, 33, 33],
                "clicks": 12,
                "impressions": None,
            }
        ],
    )
    rows = read(
        migrated, "SELECT day, amount, clicks FROM headwater.spend_daily WHERE run = 'spend' ORDER BY day"
    )
    assert [list(row.values()) for row in rows] == [
        [date(2026, 2, 28), 34, 12],
        [date(2026, 3, 1), 33, None],
        [date(2026, 3, 2), 33, None],
    ]


def test_campaign_windows_have_a_row_for_each_model_and_campaigns_one(migrated: Client) -> None:
    five = [LEAD, 2 * LEAD, 0, 0, 0]
    put(
        migrated,
        "campaign_rows",
        [
            {
                "run": "windows",
                "site": "clinic",
                "campaign": "spring",
                "name": "봄",
                "channel": "email",
                "budget": 100,
                "starts_on": date(2026, 3, 1),
                "ends_on": None,
                "goal_metric": "registration",
                "goal_count": 10.0,
                "spent": 40,
                "visits": 9,
                "scans": 0,
                "calls": 1,
                "inquiries": five,
                "consults": five,
                "registrations": five,
                "revenue": [1, 2, 3, 4, 5],
                "cash": [5, 4, 3, 2, 1],
            }
        ],
    )
    rows = read(
        migrated,
        "SELECT model, registrations, revenue, cash, spent "
        "FROM headwater.campaign_windows WHERE run = 'windows' ORDER BY revenue",
    )
    assert [list(row.values()) for row in rows][:2] == [["first", 1.0, 1, 5, 40], ["last", 2.0, 2, 4, 40]]
    assert len(rows) == 5
    assert read(
        migrated, "SELECT name, starts_on, ends_on, budget FROM headwater.campaigns WHERE run = 'windows'"
    ) == [{"name": "봄", "starts_on": date(2026, 3, 1), "ends_on": None, "budget": 100}]


def test_fates_expand_each_range_to_its_offsets(migrated: Client) -> None:
    ranges = [
        {"topic": "t", "partition": 1, "first": 0, "last": 2, "fate": "applied", "reason": ""},
        {"topic": "t", "partition": 1, "first": 3, "last": 3, "fate": "dead_lettered", "reason": "not_json"},
    ]
    put(migrated, "fate_rows", ranges)
    rows = read(migrated, "SELECT offset, fate FROM headwater.fates ORDER BY offset")
    assert [list(row.values()) for row in rows] == [
        [0, "applied"],
        [1, "applied"],
        [2, "applied"],
        [3, "dead_lettered"],
    ]


def test_dead_letters_and_events_show_their_newest_state(migrated: Client) -> None:
    letter = {
        "topic": "t",
        "partition": 1,
        "offset": 7,
        "site": "clinic",
        "event_id": "",
        "reason": "not_json",
        "field": "",
        "detail": "",
        "failed_at": NINE,
        "requeued": 0,
    }
    put(migrated, "dead_letter_rows", [letter], version=1)
    put(migrated, "dead_letter_rows", [{**letter, "requeued": 1}], version=2)
    assert read(migrated, "SELECT offset, requeued FROM headwater.dead_letters") == [
        {"offset": 7, "requeued": 1}
    ]


# Readers


def test_a_read_only_handle_reads_every_view_and_keeps_its_limits(
    migrated: Client, engine_folder: Path
) -> None:
    put(
        migrated,
        "touch_rows",
        [
            {"run": "limits", "site": "clinic", "touch_id": str(number), "touched_at": NINE}
            for number in range(200)
        ],
    )
    reader = clickhouse_connect.get_client(interface="chdb", path=str(engine_folder))
    try:
        for limit in ("SET max_rows_to_read = 1000", "SET readonly = 1"):
            reader.command(limit)
        for view in set(views()) - set(PARAMETERS):
            read(reader, f"SELECT * FROM headwater.{view} LIMIT 1")
        for view in ("channel_scoreboard", "aarrr", "page_values", "message_funnel"):
            assert read(reader, f"SELECT * FROM {called(view)}", **asked_of(view)) == []
        with pytest.raises(Exception, match="READONLY"):
            reader.command("INSERT INTO headwater.touch_rows (run) VALUES ('x')")
        put(
            migrated,
            "touch_rows",
            [
                {"run": "many", "site": "clinic", "touch_id": str(number), "touched_at": NINE}
                for number in range(1001)
            ],
        )
        with pytest.raises(Exception, match="max_rows_to_read"):
            read(reader, "SELECT count() FROM headwater.touches WHERE run = 'many'")
    finally:
        reader.close()


@pytest.fixture(scope="module")
def crowded(migrated: Client) -> Client:
    """Several granules of four labels and two sites; live is a rebuilt one."""
    for label in ("key", "another", "live", "live~2"):
        for table, more in (
            ("touch_rows (run, site, touch_id", ""),
            (
                "conversion_rows (run, site, conversion_id, touch_ids, touched_at, channels, campaigns, w_last",
                ", ['t'], [now()], ['email'], [''], [1000000000]",
            ),
        ):
            migrated.command(
                f"INSERT INTO headwater.{table}) SELECT '{label}', if(number < 20000, 'clinic', 'school'),"
                f" toString(number){more} FROM numbers(40000)"
            )
    show(migrated, "key")
    show(migrated, "another")
    migrated.command("INSERT INTO headwater.live_rows VALUES (2, 'live~2', '2026-03-02 09:00:00')")
    return migrated


@pytest.mark.parametrize("run", ["key", "live"])
@pytest.mark.parametrize("view", ["touches", "credits", "conversions"])
def test_a_run_and_a_site_are_found_without_reading_another(crowded: Client, view: str, run: str) -> None:
    model = " AND model = 'last'" if view == "credits" else ""
    asked = f"SELECT count() AS n FROM headwater.{view} WHERE run = '{run}' AND site = 'clinic'{model}"
    assert read(crowded, asked) == [{"n": 20_000}]
    assert sum(row["rows"] for row in read(crowded, f"EXPLAIN ESTIMATE {asked}")) <= 20_000 + 8192
