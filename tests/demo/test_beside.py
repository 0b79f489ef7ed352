"""What the centre does beside advertising is there, and moves no figure of the scoreboard."""

from collections import Counter
from typing import Any

import pytest

from infra.demo.beside import FORM_SUBJECTS, TOUR_WATCHED, beside
from infra.demo.centre import CLOSES, SINCE, SITE, UNTIL
from infra.demo.files import files_of, write_files
from infra.demo.simulator import simulate
from tests.demo.taken_in import taken_in
from tests.published import folded

pytestmark = pytest.mark.slow
BESIDE = {
    "message_tracked",
    "content_engaged",
    "experiment_assigned",
    "invitation_sent",
    "referral_made",
    "measure_recorded",
    "search_volume_measured",
    "search_query_measured",
}
CREDITED = ("conversion_rows", "payment_rows", "lead_rows", "funnel_rows", "campaign_rows", "channel_rows")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events and definitions of a quarter."""
    folder = tmp_path_factory.mktemp("beside")
    write_files(files_of(simulate(1, 3000), 1), folder / "files")
    return taken_in(folder / "files", folder / "home")


def test_no_credit_no_payment_and_no_visit_is_another_without_it(
    said: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    events, entries = said
    others = [event for event in events if event["type"] not in BESIDE]
    assert 800 < len(events) - len(others) < 1_400
    whole, _ = folded(entries, events)
    without, _ = folded(entries, others)
    for table in CREDITED:
        assert whole[table] == without[table], table
    assert len(whole["touch_rows"]) > len(without["touch_rows"]), "clicked messages and friends are touches"


def test_costs_of_the_tool_lie_before_the_quarter(
    said: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    costs = [
        event
        for event in said[0]
        if event["type"] == "spend_recorded" and event["kind"] in ("tool", "upkeep", "training")
    ]
    assert len(costs) == 3
    assert all(cost["period_end"] < SINCE.isoformat() for cost in costs)


def test_messages_of_every_medium_go_through_their_steps() -> None:
    sent = beside(simulate(2, 3000), 2).sent
    steps = Counter((one.medium, step) for one in sent for step in one.steps)
    assert {medium for medium, _ in steps} == {"email", "alimtalk", "sms"}
    assert {step for medium, step in steps if medium == "email"} >= {
        "sent",
        "delivered",
        "opened",
        "clicked",
        "bounced",
    }
    assert all("opened" not in one.steps for one in sent if one.medium != "email")
    for one in sent:
        assert min(one.steps.values()) == one.steps["sent"]
        assert all(at < CLOSES for at in one.steps.values())
        assert bool(one.lead_id) != bool(one.phone)
    unsubscribed = {one.lead_id for one in sent if "unsubscribed" in one.steps and one.lead_id}
    assert unsubscribed
    later = [one for one in sent if one.campaign == "winter-classes"]
    assert not unsubscribed & {one.lead_id for one in later}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tests_have_their_subjects_and_films_their_rate(seed: int) -> None:
    live = beside(simulate(seed, 3000), seed).live
    forms = {event["visitor_id"] for event in live if event.get("content") == "consult-request"}
    subjects = [event for event in live if event.get("experiment") == "form-length"]
    found = Counter((event["variant"], event["visitor_id"] in forms) for event in subjects)
    assert found == {
        (variant, sent): count
        for variant, counts in FORM_SUBJECTS.items()
        for sent, count in zip((True, False), counts, strict=True)
    }
    watched = [event["watched_seconds"] for event in live if event.get("content") == "centre-tour"]
    assert len(watched) >= 20
    assert sum(watched) / (30 * len(watched)) == pytest.approx(2 / 3)
    assert sum(TOUR_WATCHED) / len(TOUR_WATCHED) == 20
    assert all(SINCE.isoformat() <= event["occurred_at"][:10] <= UNTIL.isoformat() for event in live)
    assert {event["site"] for event in live} == {SITE}
    made = Counter(event["type"] for event in live)
    assert made["invitation_sent"] > made["referral_made"] >= 4
