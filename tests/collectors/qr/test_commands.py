"""`headwater qr` as a person runs it, on a real broker: made, printed, led elsewhere, taken out of use, referred."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from infra.commands.define import define
from infra.commands.qr import qr
from streams.collectors.qr.codes import are_digits, is_code
from tests.collectors.conftest import Broker

pytestmark = pytest.mark.stack

SITE = """
- {kind: site, id: %(site)s, name: 물길센터, hosts: [www.example.kr]}
- {kind: channel, site: %(site)s, id: flyer, name: 전단지}
"""
TO = "https://www.example.kr/봄"
PUBLIC = ("--public-url", "https://hw.example.kr")
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `headwater qr …`; a command that is no usage error leaves with 0 or 1."""
    monkeypatch.setenv("HEADWATER_HOME", str(home))
    monkeypatch.setenv("HEADWATER_BROKERS", broker.settings.bootstrap)
    monkeypatch.setenv("HEADWATER_PUBLIC_URL", "")
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")

    def runs(*arguments: str) -> Result:
        return CliRunner().invoke(qr, arguments)

    return runs


def site_named(site: str) -> str:
    """Defines a site of its own."""
    defined = CliRunner().invoke(define, ["-"], input=(SITE % {"site": site}).encode())
    assert defined.exit_code == 0, defined.output
    return site


def listed(run: Run, site: str) -> dict[str, dict[str, str]]:
    """`qr list` by code."""
    return {row["code"]: row for row in json.loads(run("list", "--site", site, "--format", "json").stdout)}


def test_made_printed_led_elsewhere_and_taken_out_of_use(run: Run, tmp_path: Path) -> None:
    site = site_named("qr-made")
    made = run("create", "--site", site, "--to", TO, "--channel", "flyer", "--campaign", "spring", "--placement", "상가",
               "--placement", "학교 앞", "--out", str(tmp_path / "out"), *PUBLIC)  # fmt: skip
    assert made.exit_code == 0, made.output
    links = dict(line.split("\t") for line in made.stdout.splitlines())
    assert len(links) == 2 and all(is_code(code) for code in links)
    for code, link in links.items():
        assert link == f"https://hw.example.kr/q/{code}"
        (found,) = zxingcpp.read_barcodes(Image.open(tmp_path / "out" / f"{code}.png"))
        assert found.text == link and (tmp_path / "out" / f"{code}.svg").exists()
    rows = listed(run, site)
    assert {row["placement"] for row in rows.values()} == {"상가", "학교 앞"}
    assert {(row["state"], row["channel"]) for row in rows.values()} == {("active", "flyer")}

    printed = run("sheet", "--site", site, "--out", str(tmp_path / "sheet.pdf"), *PUBLIC)
    assert printed.exit_code == 0 and (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF-")
    first, second = links
    elsewhere = run("retarget", first.upper(), "--site", site, "--to", "https://www.example.kr/summer")
    assert elsewhere.exit_code == 0 and "https://www.example.kr/summer" in elsewhere.stdout
    assert run("disable", "--site", site, second).exit_code == 0
    rows = listed(run, site)
    assert urlsplit(rows[first]["destination"]).path == "/summer"
    assert (rows[first]["state"], rows[second]["state"]) == ("active", "disabled")
    refused = run("sheet", "--site", site, second, "--out", str(tmp_path / "no.pdf"), *PUBLIC)
    assert refused.exit_code == 1 and "disabled" in refused.output and not (tmp_path / "no.pdf").exists()
    assert run("disable", "--site", site, second, "--again").exit_code == 0
    assert listed(run, site)[second]["state"] == "active"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--to", TO), "public https address"),
        (("--to", TO, "--public-url", "http://hw.example.kr"), "public_url"),
        (("--to", TO, "--public-url", "https://127.0.0.1:18080"), "public_url"),
        (("--to", "https://evil.example/", *PUBLIC), "the site's `hosts` (www.example.kr)"),
        (("--to", "http://www.example.kr/", *PUBLIC), "begins with https://"),
        (("--to", "https://www.example.kr@evil.example/", *PUBLIC), "the host alone"),
    ],
)
def test_nothing_is_made_that_could_not_be_printed_or_led(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    site = site_named("qr-refused")
    refused = run("create", "--site", site, "--out", str(tmp_path / "out"), *arguments)
    assert refused.exit_code == 2 and told in refused.output
    assert not listed(run, site) and not (tmp_path / "out").exists()


def test_a_site_without_hosts_is_told_how_to_list_them(run: Run) -> None:
    refused = run("create", "--site", "qr-unknown", "--to", TO, *PUBLIC)
    assert refused.exit_code == 2 and "hosts: [www.example.kr]" in refused.output


def test_a_customer_keeps_the_personal_code_they_have(run: Run) -> None:
    site = site_named("qr-refer")
    said = run("refer", "--site", site, "--lead", "L-1", "--lead", "L-2", "--digits").stdout.split()
    scanned = run("refer", "--site", site, "--lead", "L-1", "--to", TO, *PUBLIC).stdout.split()
    assert len(said) == 2 and all(are_digits(digits) for digits in said) and is_code(scanned[0])
    assert run("refer", "--site", site, "--lead", "L-1", "--digits").stdout.split() == said[:1]
    rows = listed(run, site)
    assert {(row["referrer"], row["state"]) for row in rows.values()} == {
        ("L-1", "said"), ("L-2", "said"), ("L-1", "active"),
    }  # fmt: skip
    refused = run("retarget", said[0], "--site", site, "--to", TO)
    assert refused.exit_code == 2 and "guessed" in refused.output


def test_a_list_as_csv_runs_no_formula(run: Run) -> None:
    site = site_named("qr-csv")
    made = run("create", "--site", site, "--to", TO, "--placement", "=1+1", *PUBLIC)
    assert made.exit_code == 0
    table = run("list", "--site", site, "--format", "csv").stdout
    assert "'=1+1" in table and io.StringIO(table).readline().startswith("code,link,state")


def test_without_the_log_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_BROKERS", "127.0.0.1:9")
    refused = run("list", "--site", "clinic")
    assert refused.exit_code == 1 and "headwater status" in refused.output
