"""Ten thousand near misses of each signature are refused; sources are kept, rotated and revoked."""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from multidict import CIMultiDict

from streams.collectors.crm.messages import check_sendgrid, check_solapi
from streams.collectors.phone import callrail, twilio
from streams.collectors.signatures import (
    BadSource,
    SignatureRefused,
    Webhooks,
    key_of,
    signed,
    verified,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
BODY = b'{"call_id":"c-1","status":"completed","from":"010-1234-5678","to":"070-1234-5678"}'
TOKEN = "f2a9c4d1e8b76350a1b2c3d4e5f60718"
URL = "https://in.haengbok.kr/hooks/haengbok/phone?number=%2B827012345678"
FORM = {
    "AccountSid": "AC0123456789abcdef0123456789abcdef",
    "CallSid": "CA0123456789abcdef0123456789abcdef",
    "CallStatus": "completed",
    "DialCallDuration": "61",
    "DialCallStatus": "completed",
    "Direction": "inbound",
    "From": "+821012345678",
    "FromCity": "",
    "To": "+827012345678",
}


def refused(check: Callable[..., object], *sent: object, **more: object) -> bool:
    """Whether the check refuses what was sent."""
    try:
        check(*sent, **more)
    except SignatureRefused:
        return True
    return False


def flipped(content: bytes, dice: random.Random) -> bytes:
    """The same with one bit flipped."""
    place = dice.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << dice.randrange(8)]) + content[place + 1 :]


def test_a_message_signed_rightly_is_taken_with_any_active_secret() -> None:
    for secrets in ([SECRET], [OTHER, SECRET], [SECRET, OTHER]):
        message = verified(CIMultiDict(signed(SECRET, "msg_1", NOW, BODY)), BODY, secrets, now=NOW)
        assert (message.id, message.sent_at) == ("msg_1", NOW)


def test_a_list_of_signatures_is_taken_when_one_is_right() -> None:
    headers = signed(SECRET, "msg_1", NOW, BODY)
    wrong = signed(OTHER, "msg_1", NOW, BODY)["webhook-signature"]
    headers["webhook-signature"] = f"v1a,abc {wrong} {headers['webhook-signature']}"
    assert verified(CIMultiDict(headers), BODY, [SECRET], now=NOW).id == "msg_1"


def test_ten_thousand_mutations_of_a_signed_message_are_refused() -> None:
    dice = random.Random(3)
    headers = signed(SECRET, "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", NOW, BODY)
    taken = []
    for turn in range(10_000):
        body, changed = BODY, dict(headers)
        trick = turn % 10
        name = dice.choice(list(headers))
        if trick < 4:
            body = flipped(BODY, dice)
        elif trick == 4:
            body = BODY[: dice.randrange(len(BODY))]
        elif trick == 5:
            body = BODY + dice.choice([b" ", b"\n", b"\x00", b"}", BODY])
        elif trick in (6, 7):
            changed[name] = flipped(changed[name].encode(), dice).decode("latin-1")
        elif trick == 8:
            changed[name] = changed[name][: dice.randrange(len(changed[name]))]
        else:
            del changed[name]
        if not refused(verified, CIMultiDict(changed), body, [SECRET], now=NOW):
            taken.append((body, changed))
    assert taken == []


def test_header_tricks_are_refused() -> None:
    right = signed(SECRET, "msg_1", NOW, BODY)
    signature = right["webhook-signature"]
    raw = base64.b64decode(signature[3:])
    sent = right["webhook-timestamp"]
    sha1 = base64.b64encode(hmac.digest(key_of(SECRET), f"msg_1.{sent}.".encode() + BODY, "sha1")).decode()
    unsigned_key = hmac.digest(SECRET.encode(), f"msg_1.{sent}.".encode() + BODY, "sha256")
    tricks: list[dict[str, str]] = [
        {"webhook-signature": signature.replace("v1,", "v2,")},
        {"webhook-signature": signature.replace("v1,", "V1,")},
        {"webhook-signature": signature[3:]},
        {"webhook-signature": "v1," + raw.hex()},
        {"webhook-signature": "v1," + signature[3:].rstrip("=")},
        {"webhook-signature": "v1," + base64.urlsafe_b64encode(raw).decode() + "="},
        {"webhook-signature": f"v1,{sha1}"},
        {"webhook-signature": "v1," + base64.b64encode(unsigned_key).decode()},
        {"webhook-signature": "v1,"},
        {"webhook-signature": ""},
        {"webhook-signature": signature.replace("v1,", "v1, ")},
        {"webhook-signature": "\t" + signature},
        {"webhook-timestamp": "+" + sent},
        {"webhook-timestamp": sent + ".0"},
        {"webhook-timestamp": "٠" + sent[1:]},
        {"webhook-timestamp": " " + sent},
        {"webhook-id": f"msg_1.{sent}"},
        {"webhook-id": ""},
        {"webhook-id": "msg_1\r\nX: y"},
        {"webhook-id": "MSG_1"},
    ]
    for trick in tricks:
        assert refused(verified, CIMultiDict({**right, **trick}), BODY, [SECRET], now=NOW), trick
    for name in right:
        twice = CIMultiDict(right)
        twice.add(name.upper(), right[name])
        assert refused(verified, twice, BODY, [SECRET], now=NOW), name
    assert refused(verified, CIMultiDict(right), BODY, [], now=NOW)
    assert refused(verified, CIMultiDict(right), BODY, [OTHER], now=NOW)


def test_a_signature_of_nobody_opens_nothing() -> None:
    """Whoever guesses what a missing source is compared with is refused all the same."""
    content = f"msg_1.{int(NOW.timestamp())}.".encode() + BODY
    key = hashlib.sha256(b"no such source").digest()
    headers = signed(SECRET, "msg_1", NOW, BODY)
    headers["webhook-signature"] = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    assert refused(verified, CIMultiDict(headers), BODY, [], now=NOW)


@pytest.mark.parametrize(
    ("seconds", "taken"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_five_minutes_either_way_of_the_doors_clock(seconds: int, taken: bool) -> None:
    headers = CIMultiDict(signed(SECRET, "msg_1", NOW + timedelta(seconds=seconds), BODY))
    assert refused(verified, headers, BODY, [SECRET], now=NOW) is not taken


def twilio_signature(url: str, form: dict[str, str]) -> str:
    """What Twilio computes: HMAC-SHA1 over the URL and the sorted parameters."""
    content = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(TOKEN.encode(), content.encode(), "sha1")).decode()


def test_twilios_published_example_is_taken() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    headers = CIMultiDict({"X-Twilio-Signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="})
    found = twilio.parameters(urlencode(form).encode())
    twilio.check_signature(headers, url, found, ["12345"])


def check_twilio(url: str, body: bytes, signature: str) -> None:
    """One request as the door checks it."""
    headers = CIMultiDict({"X-Twilio-Signature": signature})
    twilio.check_signature(headers, url, twilio.parameters(body), [TOKEN])


def test_ten_thousand_mutations_of_a_twilio_request_are_refused() -> None:
    dice = random.Random(5)
    body, signature = urlencode(FORM).encode(), twilio_signature(URL, FORM)
    check_twilio(URL, body, signature)
    right = twilio.parameters(body)
    taken = []
    for turn in range(10_000):
        url, sent, said = URL, body, signature
        trick = turn % 5
        if trick < 2:
            sent = flipped(body, dice)
        elif trick == 2:
            said = flipped(signature.encode(), dice).decode("latin-1")
        elif trick == 3:
            url = flipped(URL.encode(), dice).decode("latin-1")
        else:
            place = dice.randrange(len(body))
            sent = body[:place] + dice.choice([b"&", b"=", b"A", b"%00", b""]) + body[place + 1 :]
        try:
            if sent != body and twilio.parameters(sent) == right:
                continue  # %2b for %2B: other bytes that say the same
        except SignatureRefused:
            continue
        if (url, sent, said) != (URL, body, signature) and not refused(check_twilio, url, sent, said):
            taken.append((url, sent, said))
    assert taken == []


def test_a_value_cannot_be_moved_into_a_name_of_twilios() -> None:
    """`DialCallStatus=no-answer` and `DialCallStatu=sno-answer` have one signature."""
    signature = twilio_signature(URL, FORM)
    tried = 0
    for name, value in FORM.items():
        joined = name + value
        for cut in {*range(1, len(joined))} - {len(name)}:
            moved = [(joined[:cut], joined[cut:]) if one == name else (one, FORM[one]) for one in FORM]
            content = URL + "".join(key + text for key, text in sorted(moved))
            if name not in ("AccountSid", "FromCity"):  # of which nothing is read
                assert refused(check_twilio, URL, urlencode(moved).encode(), signature), moved
                same = URL + "".join(key + FORM[key] for key in sorted(FORM))
                tried += content == same
    assert tried > 20  # so many of them have the very same signature


def test_twilio_may_write_the_port_or_leave_it_out() -> None:
    body = urlencode(FORM).encode()
    with_port = URL.replace(".kr/", ".kr:443/")
    check_twilio(URL, body, twilio_signature(with_port, FORM))
    check_twilio(with_port, body, twilio_signature(URL, FORM))
    assert refused(check_twilio, URL, body, twilio_signature(URL.replace(".kr/", ".kr:8443/"), FORM))


def test_ten_thousand_mutations_of_a_callrail_request_are_refused() -> None:
    dice = random.Random(7)
    right = base64.b64encode(hmac.digest(TOKEN.encode(), BODY, "sha1")).decode()

    def check(body: bytes, said: str) -> None:
        callrail.check_signature(CIMultiDict({"Signature": said}), body, [TOKEN])

    check(BODY, right)
    taken = 0
    for turn in range(10_000):
        body = flipped(BODY, dice) if turn % 2 else BODY
        said = right if turn % 2 else flipped(right.encode(), dice).decode("latin-1")
        taken += not refused(check, body, said)
    assert taken == 0


def test_sendgrid_signs_with_a_key_of_which_we_hold_the_public_half() -> None:
    dice = random.Random(9)
    private = ec.generate_private_key(ec.SECP256R1())
    public = base64.b64encode(
        private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    sent = str(int(NOW.timestamp()))
    right = base64.b64encode(private.sign(sent.encode() + BODY, ec.ECDSA(SHA256()))).decode()

    def check(body: bytes, said: str, at: str = sent) -> None:
        headers = CIMultiDict(
            {
                "X-Twilio-Email-Event-Webhook-Signature": said,
                "X-Twilio-Email-Event-Webhook-Timestamp": at,
            }
        )
        check_sendgrid(headers, body, ["AAAA", public], now=NOW)

    check(BODY, right)
    assert refused(check, BODY, right, str(int(sent) + 1))
    assert refused(check, BODY, right, str(int(sent) - 301))
    taken = 0
    for turn in range(1_000):
        body = flipped(BODY, dice) if turn % 2 else BODY
        said = right if turn % 2 else flipped(right.encode(), dice).decode("latin-1")
        taken += not refused(check, body, said)
    assert taken == 0


def test_solapi_sends_a_digest_of_its_secret() -> None:
    right = hashlib.sha1(TOKEN.encode()).hexdigest()
    check_solapi(CIMultiDict({"X-Solapi-Secret": right}), [SECRET, TOKEN])
    for wrong in (right[:-1], right[:-1] + "g", TOKEN, "", "é" * 40):
        assert refused(check_solapi, CIMultiDict({"X-Solapi-Secret": wrong}), [TOKEN]), wrong


def test_two_secrets_are_active_until_the_old_one_is_revoked(tmp_path: Path) -> None:
    sources = Webhooks(tmp_path)
    _, old_id, old = sources.create("haengbok", "crm", "crm", now=NOW)
    _, _, new = sources.create("haengbok", "crm", "crm", now=NOW)
    running = Webhooks(tmp_path)
    found = running.find("haengbok", "crm")
    assert found is not None and set(found.active) == {old, new}
    assert sources.revoke(old_id, now=NOW) is not None
    found = running.find("haengbok", "crm")
    assert found is not None and found.active == [new]
    path = tmp_path / "secrets/webhooks/haengbok/crm.json"
    assert old not in path.read_text() and path.stat().st_mode & 0o777 == 0o600
    assert old not in repr(found) and new not in repr(found)


def test_a_source_of_another_site_or_a_broken_file_is_no_source(tmp_path: Path) -> None:
    sources = Webhooks(tmp_path)
    sources.create("haengbok", "crm", "crm", now=NOW)
    assert sources.find("other", "crm") is None and sources.find("haengbok", "../haengbok/crm") is None
    path = tmp_path / "secrets/webhooks/haengbok/crm.json"
    (tmp_path / "secrets/webhooks/other").mkdir()
    (tmp_path / "secrets/webhooks/other/crm.json").write_bytes(path.read_bytes())
    assert sources.find("other", "crm") is None
    for broken in ("", "[]", "{}", '{"kind": 1}'):
        path.write_text(broken)
        assert sources.find("haengbok", "crm") is None


@pytest.mark.parametrize(
    ("site", "name", "kind", "given"),
    [
        ("Haeng bok", "crm", "crm", None),
        ("haengbok", "a/b", "crm", None),
        ("haengbok", "x" * 33, "crm", None),
        ("haengbok", "crm", "nobody", None),
        ("haengbok", "crm", "twilio", None),
        ("haengbok", "crm", "twilio", "short"),
        ("haengbok", "crm", "twilio", "aaaaaaaaaaaaaaaaaaaaaaaa"),
        ("haengbok", "crm", "crm", "whsec_AAAA"),
        ("haengbok", "crm", "crm", "a password of mine that is long"),
    ],
)
def test_a_source_without_a_sound_name_or_secret_is_not_made(
    tmp_path: Path, site: str, name: str, kind: str, given: str | None
) -> None:
    with pytest.raises(BadSource):
        Webhooks(tmp_path).create(site, name, kind, now=NOW, given=given)
    assert Webhooks(tmp_path).every() == []
