"""What docs/phone.md and docs/crm.md show is what the doors take; sources are made as they say."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
import yaml
from click.testing import CliRunner

from infra.commands.keys import keys
from schemas.doors import admit_entry
from streams.collectors.crm import webhooks
from streams.collectors.hooks import check_settings
from streams.collectors.payloads import PayloadMapping, read_yaml
from streams.collectors.phone import generic
from streams.collectors.signatures import KINDS, Webhooks
from streams.domain.phones import e164
from tests.collectors.conftest import Door
from tests.collectors.test_hooks import Sender, events, hooked

__all__ = ["hooked"]
DOCS = Path(__file__).resolve().parents[2] / "docs"
PHONE, CRM = ((DOCS / page).read_text(encoding="utf-8") for page in ("phone.md", "crm.md"))


def fenced(page: str, kind: str) -> list[str]:
    """The blocks of one kind on a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def test_the_numbers_of_the_page_are_a_catalog() -> None:
    for entry in yaml.safe_load(fenced(PHONE, "yaml")[0]):
        for assignment in entry["assignments"]:
            for day in {"from", "to"} & set(assignment):
                assignment[day] = str(assignment[day])
        number = e164(entry["number"])
        admit_entry({**entry, "id": number, "number": number}, now=datetime(2026, 3, 1, tzinfo=UTC))


def test_the_settings_of_the_pages_are_taken() -> None:
    exchange, other = fenced(PHONE, "yaml")[1:]
    crm, segment = fenced(CRM, "yaml")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    admit_entry({"site": "clinic", "defined_at": at.isoformat(), **yaml.safe_load(segment)}, now=at)
    for kind, text in (("asterisk", exchange), ("calls", other), ("crm", crm)):
        check_settings(kind, read_yaml(text.encode()))


def test_the_bodies_of_the_pages_are_read() -> None:
    (call,) = fenced(PHONE, "json")
    said = generic.said_of(json.loads(call), generic.CallMapping(), ZoneInfo("Asia/Seoul"))
    assert (said.state, said.talk, said.wait, said.number) == ("answered", 180, 9, "+827012340001")
    (change,) = fenced(CRM, "json")
    ((_, fact, named),) = webhooks.facts_of(json.loads(change), PayloadMapping(), ZoneInfo("Asia/Seoul"))
    assert isinstance(fact, dict) and (fact["stage"], named) == ("registration", "deal-77-registration")


def test_every_kind_of_source_is_on_a_page() -> None:
    assert [kind for kind in KINDS if f"| `{kind}` |" not in PHONE + CRM] == []


@pytest.mark.skipif(
    not all(map(shutil.which, ("sh", "openssl", "curl", "base64", "od"))),
    reason="a shell with openssl and curl",
)
def test_the_shell_of_the_page_signs_rightly(hooked: Door) -> None:
    sender = Sender(hooked, "calls")
    (script,) = fenced(PHONE, "sh")
    script = script.replace("at=$(date +%s)", f"at={int(hooked.collector.edge.clock().timestamp())}")
    body = json.dumps(
        {"call_id": "from-a-shell", "status": "missed", "to": "07012340001", "ended_at": 1772420400}
    )
    done = subprocess.run(
        ["sh", "-eu"],
        input=script.replace("body=$(cat)", f"body='{body}'"),
        env={
            "SECRET": sender.secret,
            "URL": f"http://127.0.0.1:{hooked.port}{sender.path}",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert events(hooked, "call_id", "from-a-shell")[0]["outcome"] == "missed"


# ---- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`headwater keys …` as a person types it."""
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: str = "") -> Any:
        return CliRunner().invoke(keys, ["webhook", *arguments], input=given)

    return run


def test_a_source_is_made_listed_given_settings_and_revoked(typed: Any, tmp_path: Path) -> None:
    (tmp_path / "crm.yaml").write_text(fenced(CRM, "yaml")[0], encoding="utf-8")
    made = typed("create", "--site", "clinic", "--source", "crm", "--kind", "crm", "--settings", "crm.yaml")
    assert made.exit_code == 0 and made.stdout.startswith("whsec_")
    assert "/hooks/clinic/crm" in made.stderr
    assert typed("create", "--site", "clinic", "--source", "crm").exit_code == 0
    (listed,) = orjson.loads(typed("list", "--format", "json").stdout)
    assert (listed["kind"], len(listed["secrets"]), listed["settings"]["branch"]) == ("crm", 2, "bundang")
    assert made.stdout.strip() not in typed("list").stdout
    assert typed("revoke", listed["secrets"][0]["id"]).exit_code == 0
    (tmp_path / "crm.yaml").write_text("branch: gangnam", encoding="utf-8")
    assert typed("configure", "--site", "clinic", "--source", "crm", "crm.yaml").exit_code == 0
    (source,) = Webhooks(tmp_path / "home").every()
    assert len(source.active) == 1 and source.settings == {"branch": "gangnam"}
    assert source.active[0] != made.stdout.strip()


def test_a_providers_secret_comes_from_standard_input_and_is_never_shown(typed: Any) -> None:
    token = "f2a9c4d1e8b76350a1b2c3d4e5f60718"
    made = typed(
        "create",
        "--site",
        "clinic",
        "--source",
        "t",
        "--kind",
        "twilio",
        "--secret-file",
        "-",
        given=token + "\n",
    )
    assert made.exit_code == 0 and token not in made.stdout + made.stderr + typed("list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "--site", "clinic", "--source", "t"],
        ["create", "--site", "clinic", "--source", "t", "--kind", "twilio"],
        ["create", "--site", "clinic", "--source", "T!", "--kind", "crm"],
        ["create", "--site", "clinic", "--source", "c", "--kind", "crm", "--settings", "wrong.yaml"],
        ["configure", "--site", "clinic", "--source", "nobody", "wrong.yaml"],
        ["revoke", "0123"],
    ],
)
def test_what_cannot_be_done_is_said_in_words(typed: Any, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "wrong.yaml").write_text("evnts: []", encoding="utf-8")
    done = typed(*arguments)
    assert done.exit_code in (1, 2) and done.stderr and "Traceback" not in done.stderr
    assert Webhooks(tmp_path / "home").every() == []
