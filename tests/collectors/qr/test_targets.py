"""No code leads where the site does not want it: 300 ways to try, through the check and through the door's look-up."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from yarl import URL

from schemas.catalog import Assignment, QrCodeEntry, SiteEntry
from streams.collectors.definitions import Definitions
from streams.collectors.qr.door import lookup
from streams.collectors.qr.targets import (
    BadTarget,
    allowed_target,
    public_address,
    with_scan,
    with_source,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
OURS = "www.example.kr"
EVIL = "evil.example"
HOSTS = (OURS, "xn--ok0b236bp0a.com")

_BEFORE = (
    "{e}", "//{e}", "///{e}", "////{e}", "/{e}", "\\\\{e}", "/\\{e}", "\\/{e}", "http://{e}", "http:{e}", "https:{e}",
    "https:/{e}", "https:///{e}", "https:////{e}", "https:\\\\{e}", "https:/\\{e}", "https:\\/{e}", "https://\\{e}",
    "https://{e}\\@{o}", "https://{o}@{e}", "https://{o}:443@{e}", "https://{o}:pw@{e}/", "https://@{e}", "https://{e}@{o}",
    "https://user@{o}", "https://:@{o}/", "https://{e}#@{o}", "https://{e}?@{o}", "https://{e}/@{o}", "https://{e}%23@{o}",
    "https://{e}%2f@{o}", "https://{e}%00.{o}", "https://{o}%00{e}", "https://{o}%2e{e}", "https://{o}.{e}", "https://{o}{e}",
    "https://{e}.{o}", "https://not{o}", "https://{o}:8443", "https://{o}:80/", "https://{o}:0443", "https://{o}:", "https://{o}:443:443",
    "https://{o}.", "https://.{o}", "https://{o}..", "https://{o} .{e}", "https:// {o}", " https://{e}", "https://{e} ",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://{o}/%0aalert(1)", "java\tscript:alert(1)", "data:text/html,x",
    "vbscript:x", "file:///etc/passwd", "ftp://{o}/", "ws://{o}/", "blob:https://{o}/x", "about:blank", "intent://{o}#Intent;end",
    "tel:0212345678", "mailto:a@{o}", "https", "https:", "https://", "://{o}", "{o}", "{o}/path", "//{o}", "https;//{o}",
    "https://{o}\\.{e}", "https://{o}\\{e}", "https://{o};{e}", "https://{o},{e}", "https://{o}&@{e}", "https://{o}|{e}",
    "https://{o}<{e}", "https://{o}`{e}", "https://{o}^{e}", "https://{o}{{{e}", "https://{o}'{e}", "https://{o}*{e}",
    "https://{o}!{e}", "https://{o}${e}", "https://{o}+{e}", "https://{o}={e}", "https://{o}_{e}", "https://[{o}]/",
    "https://[::1]@{o}", "https://{o}[::1]", "https://{o}\u2044{e}", "https://{o}\uff0f{e}", "https://{o}\u2215{e}",
    "https://{e}\uff0f@{o}", "https://{o}\uff20{e}", "https://{o}\uff03@{e}", "https://{e}\u3002{o}", "https://{o}\u200b",
    "https://\u202e{o}", "https://{o}\u00ad", "https://\ufeff{o}", "https://{o}\u2028/", "https://{e}\u0000{o}",
)  # fmt: skip
_CONFUSABLE = (
    "www.ехample.kr", "www.exаmple.kr", "www.eхample.kr", "www.examрle.kr", "ｗｗｗ.example.kr", "www.ｅxample.kr",
    "www。example。kr", "www．example．kr", "www｡example.kr", "www.examp\u217ce.kr", "www.example.\u212ar", "www.exam\u00adple.kr",
    "www.exa\u200dmple.kr", "www.example.kr\u0301", "www.éxample.kr", "www.exampIe.kr", "www.example.кr", "ԝww.example.kr",
    "www.xn--exmple-4uf.kr", "xn--www-.example.kr", "xn--.kr", "xn--a.kr", "xn--zzzzzzzzzz-99999999.kr", "www.example.kr\u2024",
    "①②③.example.kr", "𝐰𝐰𝐰.example.kr", "www.exämple.kr", "wwẉ.example.kr",
)  # fmt: skip
_LITERALS = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001",
    "127.0.0.01", "127.000.000.001", "0x7F.0x0.0x0.0x1", "127.0x1", "00000177.1", "10.0.0.1", "167772161", "0xa000001", "012.1",
    "192.168.0.1", "3232235521", "0xc0a80001", "0300.0250.0.1", "172.16.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "0251.0376.0251.0376", "0.0.0.0", "0", "0x0", "00", "255.255.255.255", "4294967295", "100.64.0.1", "1.1.1.1", "16843009",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[fe80::1]", "[fc00::1]", "[fd00::1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "[fe80::1%25eth0]", "localhost", "LOCALHOST", "localhost.", "a.localhost",
    "printer.local", "db.internal", "router.lan", "nas.home", "1.0.0.127.in-addr.arpa", "x.onion", "intranet", "127.0.0.1.",
    "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "0x7f.1.", "1.0x7f", "a.1", "a.0x1", "127.0.0.1:443", "user@127.0.0.1",
)  # fmt: skip
_INJECTED = (
    "\r\nSet-Cookie: a=b", "\nX: y", "\rX: y", "%0d%0aX: y", "%0D%0AX:%20y", "%0aX: y", "%0d", "%250d%250aX", "%25250aX", "%00",
    "%2500", "\x00", "\t", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\u2028", "\u2029", "%7f", "%1b[31m", "\x1b[31m", "a b",
    "?a=\r\nb", "?a=%0d%0ab", "#\r\nb", "#%0ab", "/%0d%0aLocation:%20https://evil.example", "/\r\n\r\n<script>", "/%0A/", "/%0D/",
    "/\u000aLocation: x", "/\u560a\u560dX\r", "/%E5%98%8A\n", "?x=%09", "?x=%08", "/%01", "/%25%30%61", "/a\u00a0b",
)  # fmt: skip
PAYLOADS = [
    *(each.format(e=EVIL, o=OURS) for each in _BEFORE),
    *(f"https://{host}/" for host in _CONFUSABLE),
    *(f"https://{host}/{path}" for host in _LITERALS for path in ("", "x?y=1")),
    *(f"https://{OURS}{tail}" for tail in _INJECTED),
]
LISTED = [*HOSTS, *_LITERALS, *(host.strip("[]") for host in _LITERALS)]
"""A list that somebody spoilt: what is no public host is not led to even then."""


def test_there_are_three_hundred_of_them_and_forty_that_inject() -> None:
    assert len(set(PAYLOADS)) >= 300 and len(set(_INJECTED)) >= 40


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_is_a_target(payload: str) -> None:
    for hosts in (HOSTS, LISTED):
        with pytest.raises(BadTarget):
            allowed_target(payload, hosts)


def test_no_payload_in_the_catalog_is_led_to(tmp_path: Path) -> None:
    """Entries that came past `headwater qr`: the door looks again."""
    definitions = Definitions(tmp_path)
    definitions.learn([SiteEntry(site="clinic", id="clinic", defined_at=NOW, hosts=list(HOSTS))])
    reached = 0
    for number, payload in enumerate(PAYLOADS):
        on_entry, in_assignment = f"e{number}", f"a{number}"
        assignment = Assignment(id="1", destination=payload)
        definitions.learn(
            [
                QrCodeEntry(site="clinic", id=on_entry, defined_at=NOW, destination=payload),
                QrCodeEntry(
                    site="clinic",
                    id=in_assignment,
                    defined_at=NOW,
                    destination=f"https://{OURS}/",
                    assignments=[assignment],
                ),
            ]
        )
        assert definitions.code(on_entry) is not None
        reached += sum(lookup(definitions, code, NOW) is not None for code in (on_entry, in_assignment))
    assert reached == 0


@pytest.mark.parametrize(
    ("said", "led_to"),
    [
        ("https://www.example.kr", "https://www.example.kr/"),
        ("HTTPS://WWW.Example.KR/Path", "https://www.example.kr/Path"),
        ("https://www.example.kr:443/a?b=c#d", "https://www.example.kr/a?b=c#d"),
        (
            "https://www.example.kr/봄?이름=값",
            "https://www.example.kr/%EB%B4%84?%EC%9D%B4%EB%A6%84=%EA%B0%92",
        ),
        ("https://www.example.kr//evil.example", "https://www.example.kr//evil.example"),
        (
            "https://www.example.kr/?url=https://evil.example",
            "https://www.example.kr/?url=https://evil.example",
        ),
        ("https://도메인네임.com/", None),
    ],
)
def test_what_the_site_lists_is_a_target(said: str, led_to: str | None) -> None:
    if led_to is None:
        with pytest.raises(BadTarget):
            allowed_target(said, HOSTS)
        return
    target = with_scan(allowed_target(said, HOSTS), "s1", None)
    assert urlsplit(target).hostname == URL(target).raw_host == OURS
    before, after = urlsplit(led_to), urlsplit(target)
    assert (after.path or "/", after.fragment) == (before.path or "/", before.fragment)
    added = "utm_source=qr&utm_medium=qr&hw_scan=s1"
    assert after.query == (f"{before.query}&{added}" if before.query else added)


def test_a_korean_host_is_listed_in_the_spelling_of_the_dns() -> None:
    host = "물길.kr".encode("idna").decode()
    assert allowed_target("https://물길.kr/x", [host]) == f"https://{host}/x"


def test_parameters_that_are_there_keep_every_byte() -> None:
    tagged = (
        "https://www.example.kr/p?NaPm=ct%3dabc%7cci%3D0|tr=x&k=%b9%b0&k=%EB%B4%84&empty=&flag&a+b=c%20d#top"
    )
    assignment = Assignment(id="1", channel="flyer", campaign="봄 & 여름", placement="a=b#c", keyword="")
    target = with_scan(allowed_target(tagged, HOSTS), "s1", assignment)
    kept, _, added = target.removesuffix("#top").partition("&utm_source=")
    assert kept + "#top" == tagged
    assert target.endswith("#top")
    said = URL(f"https://x.example/?utm_source={added}").query
    assert dict(said) == {
        "utm_source": "flyer",
        "utm_medium": "qr",
        "utm_campaign": "봄 & 여름",
        "utm_content": "a=b#c",
        "hw_scan": "s1",
    }


def test_tagging_of_the_address_itself_is_left_alone() -> None:
    target = allowed_target("https://www.example.kr/?UTM_Source=mine", HOSTS)
    assert str(with_source(target, Assignment(id="1", channel="flyer"))) == target
    assert with_scan(target, "s1", None) == f"{target}&hw_scan=s1"


def test_the_longest_words_still_fit_a_header() -> None:
    assignment = Assignment(
        id="1", channel="c" * 64, campaign="봄" * 128, placement="가" * 512, keyword="나" * 512
    )
    longest = "https://www.example.kr/" + "x" * 2_000
    assert len(with_scan(allowed_target(longest, HOSTS), "s" * 32, assignment)) < 6_000


@pytest.mark.parametrize("name", ["hw_scan", "scan_id", "HW_SCAN", "%68w_scan"])
def test_a_target_brings_no_scan_of_its_own(name: str) -> None:
    with pytest.raises(BadTarget):
        allowed_target(f"https://www.example.kr/?{name}=old", HOSTS)


@pytest.mark.parametrize(
    "address",
    ["", "http://hw.example.kr", "https://localhost", "https://127.0.0.1:18080", "https://hw.example.kr/q",
     "https://hw.example.kr?x", "https://hw.example.kr#x", "https://u@hw.example.kr", "hw.example.kr", "https://10.0.0.1"],
)  # fmt: skip
def test_nothing_is_printed_without_a_public_https_address(address: str) -> None:
    with pytest.raises(BadTarget) as refused:
        public_address(address)
    assert refused.value.problem.field == "public_url"


def test_a_public_address() -> None:
    assert public_address("https://HW.example.kr/") == "https://hw.example.kr"


def test_a_refusal_quotes_no_address() -> None:
    with pytest.raises(BadTarget) as refused:
        allowed_target("https://evil.example/010-7321-4321", HOSTS)
    assert not re.search(r"7321|evil", str(refused.value))
