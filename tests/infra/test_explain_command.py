"""headwater explain: for people and programs, and what it says when asked wrongly."""

import json

import pytest
from click.testing import CliRunner, Result

from clickhouse.migrate import migrate
from infra.cli import headwater
from infra.local import stack
from infra.settings import as_environment
from tests.given import HOME, paid, status, visit
from tests.infra.conftest import RunningFront
from tests.path.published_rows import archive, publish

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def filled(front: RunningFront) -> RunningFront:
    """One lead of two sites, with a payment in one of them."""
    client = stack.writer(front.settings)
    migrate(client, embedded=True)
    for name in ("east", "west"):
        events = [visit("v1", "09:00", HOME), status("registration", "L7", "12:00", visitor_id="v1")]
        more = [paid(850_001, "L7", "13:00")] if name == "east" else []
        events = [{**one, "site": name} for one in (*events, *more)]
        publish(client, "live", [], events)
        archive(client, events)
    client.close()
    return front


def ask(front: RunningFront, *arguments: str, **environment: str) -> Result:
    given = {**as_environment(front.settings), "LANG": "C", "LC_ALL": "", **environment}
    return CliRunner().invoke(headwater, ["explain", *arguments], env=given)


def test_the_command_explains_in_every_form_within_a_reader_s_limits(filled: RunningFront) -> None:
    table = ask(filled, "L7:registration", "--site", "east")
    assert (table.exit_code, table.stderr) == (0, "")
    assert "registration reached 2026-03-02T12:00:00+09:00 · lead L7 · person lead_id:L7" in table.stdout
    assert "도달" in ask(filled, "L7:registration", "--site", "east", LANG="ko_KR.UTF-8").stdout
    answered = ask(filled, paid(850_001, "L7", "13:00")["event_id"], "--format", "json")
    told_of = json.loads(answered.stdout)
    assert told_of["payment"]["splits"]["last"] == [850_001]
    assert (told_of["site"], told_of["conversion"]["conversion_id"]) == ("east", "L7:registration")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["L7:registration"], 2, "in 2 sites (east, west): say which with --site"),
        ([], 2, "Missing argument 'CONVERSION|PAYMENT'"),
        (["L8:registration"], 1, "no conversion or payment 'L8:registration' in run 'live'"),
        (["L7:registration", "--run", "spring"], 1, "no run 'spring' that is done; known: live"),
        (["\x1b[2J"], 1, "\\x1b[2J"),
    ],
)
def test_what_it_cannot_explain_it_says(
    filled: RunningFront, arguments: list[str], code: int, words: str
) -> None:
    refused = ask(filled, *arguments)
    assert (refused.exit_code, refused.stdout) == (code, "")
    assert words in refused.stderr
    assert "\x1b" not in refused.stderr


def test_without_clickhouse_it_says_how_to_start_it(filled: RunningFront) -> None:
    refused = ask(filled, "L7:registration", HEADWATER_CLICKHOUSE_PORT="1025")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "`headwater up` starts it" in refused.stderr
