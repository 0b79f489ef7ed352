"""What a person may be recognised by: phone and e-mail become pseudonyms here, before the log.

`hmac:<key version>:<64 hex digits>` is HMAC-SHA256 of the normalised value (E.164; trimmed lower case) under
a key of the site's own, derived from a master secret, so that two sites can never be joined. Rotating adds a
master of the next version: `phone` then carries the newest, `phone_aliases` every retained older one, and old
and new events of a person stay joined. Deleting an old master ends what only it could join.

A browser's key is public, so a phone or e-mail it gives proves nothing: it leaves the identifiers and is kept
as `claimed_phone` or `claimed_email` (pseudonyms too). It links the visitor once a server says the same phone at that
time or within 30 days (docs/adr/0013).

A site's keys can be destroyed. Then every other site's are copied out of their masters first, the masters are made
anew, and a tombstone stands where the site's would be: nobody can make its pseudonyms any more, and those in the log
lead nowhere.

Of a forgotten person the door lists one phone and one e-mail per retained master. It does not know which
call_ids the person had: whoever forgets a person asks the `calls` view for them first (`headwater forget`
does) and sends them along in `identifiers`.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus

from schemas.problems import Problem
from streams.domain.phones import e164
from streams.secret_files import BadSecret, create_secret, read_key, secrets_directory, write_secret

PSEUDONYM = re.compile(r"hmac:[1-9][0-9]{0,8}:[0-9a-f]{64}\Z")
_UTM_AND_CLICKS = (
    "utm_id utm_source utm_medium utm_campaign utm_term utm_content utm_source_platform utm_creative_format"
    " utm_marketing_tactic gclid gbraid wbraid dclid gad_source gad_campaignid fbclid msclkid ttclid twclid"
    " li_fat_id yclid n_click_id scan_id hw_scan"
)
# Naver's and Kakao's automatic tracking
_NAVER_AND_KAKAO = (
    "n_campaign_type n_ad_group n_media n_ad n_keyword n_keyword_id n_match n_rank n_ad_group_type n_mall_id"
    " n_mall_pid n_contract n_network napm nt_source nt_medium nt_detail nt_keyword dmkw dmcol mk bscpn"
    " n_query dmskw"
)
_TYPED = frozenset({"n_query", "dmskw"})
"""What the person typed into the search: kept only while it is as short as a keyword."""
KEPT_PARAMETERS = frozenset(f"{_UTM_AND_CLICKS} {_NAVER_AND_KAKAO}".split())
"""The query parameters that stay in a recorded URL, in lower case; every other one is cut out."""

_EMAIL = re.compile(r"[^@\s<>()\[\],;:\"]{1,64}@[^@\s<>()\[\],;:\"]+\.[^@\s<>()\[\],;:\".]{2,63}\Z")
_PHONE = r"(?<![0-9])(?:\+?82[\s.-]?0?|0)1[016-9][\s.-]?[0-9]{3,4}[\s.-]?[0-9]{4}(?![0-9])"
_LOOKS_PERSONAL = re.compile(rf"[^@\s/?&=]{{1,64}}(?:@|%40)[^@\s/?&=]{{1,190}}\.[a-zA-Z]{{2,}}|{_PHONE}")
"""A whole text that is an e-mail address or a mobile's number."""

_HOLDS_PERSONAL = re.compile(rf"(?<=[^@\s/?&=])(?:@|%40)[^@%\s/?&=]{{1,190}}\.[a-zA-Z]{{2,}}|{_PHONE}")
"""The same anywhere in a text, found in time that grows with its length alone: whoever sends a URL chooses it."""

_OPAQUE_FIELDS = (
    "event_id",
    "visitor_id",
    "session_id",
    "lead_id",
    "call_id",
    "referrer_lead_id",
    "scan_id",
    "withdraws",
)
_URL_FIELDS = ("url", "referrer")
_NUMBER_FIELDS = ("number",)
_LABEL_FIELDS = ("campaign", "segment", "experiment", "variant", "keyword", "ad_group")
"""What a business calls its own things: in a shifted row, or by whoever tags calls, a number may get into them."""
_MASKED_FROM = 3
_KEYWORD_CHARACTERS = 40


class SiteKeysDestroyed(BadSecret):
    """A site whose keys were destroyed: nothing personal of it can be taken in any more."""


class Pseudonyms:
    """The master secrets of one home, newest first, and the pseudonyms they make for a site."""

    def __init__(self, home: Path) -> None:
        """The home -> its masters; version 1 is made on first use."""
        self._directory = secrets_directory(home) / "pseudonym-keys"
        self._copies = secrets_directory(home) / "site-keys"
        self._masters: dict[int, bytes] = {}
        self._seen: int | None = None
        self._site_keys: dict[str, list[tuple[int, bytes]]] = {}
        if not self._versions_on_disk():
            create_secret(self._directory / "1", secrets.token_hex(32).encode("ascii"))
        self.refresh()

    @property
    def versions(self) -> list[int]:
        """The retained key versions, newest first."""
        return sorted(self._masters, reverse=True)

    def refresh(self) -> None:
        """Reads the masters again if the directory changed; called for every request."""
        seen = self._directory.stat().st_mtime_ns
        if seen == self._seen:
            return
        versions = self._versions_on_disk()
        if not versions:
            raise BadSecret(
                f"{self._directory} holds no key: restore it, or phones and e-mails cannot be joined"
            )
        self._masters = {version: read_key(self._directory / str(version)) for version in versions}
        self._site_keys.clear()
        self._seen = seen

    def rotate(self) -> int:
        """Makes the master of the next version -> that version; every older one is retained."""
        version = max(self._versions_on_disk()) + 1
        if not create_secret(self._directory / str(version), secrets.token_hex(32).encode("ascii")):
            raise BadSecret(f"version {version} was made by somebody else just now")
        self._seen = None
        self.refresh()
        return version

    def of(self, site: str, normalised: str) -> list[str]:
        """A site and a normalised value -> its pseudonyms, one per retained version, newest first."""
        value = normalised.encode("utf-8")
        return [
            f"hmac:{version}:{hmac.digest(key, value, hashlib.sha256).hex()}"
            for version, key in self._keys_of(site)
        ]

    def destroy_site(self, site: str, others: Iterable[str]) -> None:
        """Destroys a site's keys for good; `others` are all other sites that have pseudonyms, whose keys stay.

        Cut short it can be done again. The old masters end with it, so keep no copy of them.
        """
        kept = {*others, *self._copied_sites()} - {site}
        for other in sorted(kept):
            if not self._tombstone(other).exists():
                for version, key in self._keys_of(other):
                    create_secret(self._copy(other, version), key.hex().encode("ascii"))
        _sync(self._copies)
        write_secret(self._tombstone(site), b"destroyed")
        for version in self._versions_on_disk():
            self._copy(site, version).unlink(missing_ok=True)
        _sync(self._copy(site, 1).parent)
        for version in self._versions_on_disk():
            write_secret(self._directory / str(version), secrets.token_hex(32).encode("ascii"))
        _sync(self._directory)
        self._seen = None
        self.refresh()

    def is_destroyed(self, site: str) -> bool:
        """Whether a site's keys were destroyed."""
        return self._tombstone(site).exists()

    def _keys_of(self, site: str) -> list[tuple[int, bytes]]:
        keys = self._site_keys.get(site)
        if keys is None:
            if self.is_destroyed(site):
                raise SiteKeysDestroyed(f"the keys of {site} were destroyed")
            keys = [(version, self._key_of(site, version)) for version in self.versions]
            if len(self._site_keys) < 10_000:
                self._site_keys[site] = keys
        return keys

    def _key_of(self, site: str, version: int) -> bytes:
        copy = self._copy(site, version)
        if copy.exists():
            return read_key(copy)
        purpose = b"headwater identifiers of the site " + site.encode("utf-8")
        return hmac.digest(self._masters[version], purpose, hashlib.sha256)

    def _copy(self, site: str, version: int) -> Path:
        return self._copies / site.encode("utf-8").hex() / str(version)

    def _tombstone(self, site: str) -> Path:
        return self._copies / site.encode("utf-8").hex() / "destroyed"

    def _copied_sites(self) -> list[str]:
        if not self._copies.is_dir():
            return []
        return [bytes.fromhex(path.name).decode("utf-8") for path in self._copies.iterdir() if path.is_dir()]

    def _versions_on_disk(self) -> list[int]:
        if not self._directory.is_dir():
            return []
        return [int(path.name) for path in self._directory.iterdir() if path.name.isdecimal()]


def _sync(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def normalised_phone(text: str) -> str | None:
    """A phone as typed or dialled -> E.164, or None when it is none."""
    return e164(text)


@lru_cache(maxsize=65_536)
def normalised_email(text: str) -> str | None:
    """An e-mail address as typed -> trimmed, lower case, or None when it is none."""
    address = text.strip().lower()
    return address if len(address) <= 254 and _EMAIL.match(address) else None


def pseudonymised(
    body: Mapping[str, Any], pseudonyms: Pseudonyms, *, public: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """An event as it came -> the event with pseudonyms and clean URLs, and what is wrong.

    `public` says that a browser key sent it: ready-made pseudonyms are refused then, and given ones become
    claims. What is not a text is left for the schema to refuse. Nothing found is ever quoted in a problem.
    """
    event = dict(body)
    site = event.get("site")
    problems: list[Problem] = []
    if not isinstance(site, str):
        return event, problems
    try:
        for field, normalise in (("phone", normalised_phone), ("email", normalised_email)):
            _replace_identifier(event, field, normalise, site, pseudonyms, public, problems)
        if "referrer_phone" in event:
            _replace_identifier(event, "referrer_phone", normalised_phone, site, pseudonyms, public, problems)
        if isinstance(event.get("identifiers"), list):
            event["identifiers"] = _every_version(event["identifiers"], site, pseudonyms, problems)
    except SiteKeysDestroyed:
        problems.append(
            Problem("site", "a site whose keys were destroyed", "an event without phone and email")
        )
    for field in _URL_FIELDS:
        if isinstance(event.get(field), str):
            event[field] = without_private_parts(event[field])
    for field in [name for name in event if name.startswith("utm_")]:
        if isinstance(event[field], str) and _HOLDS_PERSONAL.search(event[field]):
            del event[field]  # as it would go from a URL
    if event.get("type") == "content_engaged" and isinstance(event.get("content"), str):
        event["content"] = _without_persons(event["content"])
    for field in _LABEL_FIELDS:
        if isinstance(event.get(field), str):
            event[field] = _without_persons(event[field])
    if isinstance(event.get("tags"), list):
        event["tags"] = [_without_persons(tag) if isinstance(tag, str) else tag for tag in event["tags"]]
    _clean_numbers(event)
    if event.get("type") == "search_query_measured" and names_somebody(str(event.get("query"))):
        fix = "what many search for; leave this one out"
        problems.append(Problem("query", "a phone number or e-mail address", fix))
    for field in _OPAQUE_FIELDS:
        value = event.get(field)
        if isinstance(value, str) and _LOOKS_PERSONAL.fullmatch(value.strip()):
            problems.append(
                Problem(
                    field,
                    "a phone number or e-mail address",
                    "an id that names nobody; phone and email have fields",
                )
            )
    return event, problems


def names_somebody(text: str) -> bool:
    """Whether a mobile's number or an e-mail address stands anywhere in a text."""
    return _HOLDS_PERSONAL.search(text) is not None


def claims_apart(event: dict[str, Any]) -> dict[str, Any]:
    """A browser's pseudonymised event, changed in place -> the claims that left it."""
    claims = {}
    for field in ("phone", "email"):
        for name in (field, f"{field}_aliases"):
            if name in event:
                claims[f"claimed_{name}"] = event.pop(name)
    return claims


def without_private_parts(url: str) -> str:
    """A URL -> the same without user, fragment and the query parameters that are not on the list.

    What stays keeps its bytes and order (old Korean links are cp949, Naver's NaPm must not change); a listed
    parameter whose value looks like a phone number or an e-mail address goes too, and such a part of the path is a *.
    """
    address = url.partition("#")[0]
    address, has_query, query = address.partition("?")
    scheme, separator, rest = address.partition("//")
    if separator:
        host, slash, path = rest.partition("/")
        address = f"{scheme}//{host.rpartition('@')[2]}{slash}{_without_persons(path)}"
    else:
        address = _without_persons(address)
    if not has_query:
        return address
    kept = [part for part in query.replace(";", "&").split("&") if _is_kept(part)]
    return f"{address}?{'&'.join(kept)}" if kept else address


def _without_persons(path: str) -> str:
    """A path -> the same with * for every part that holds what looks like a phone number or an e-mail address."""
    parts = path.split("/")
    return "/".join(
        "*" if _HOLDS_PERSONAL.search(unquote(part, errors="replace")) else part for part in parts
    )


def _is_kept(part: str) -> bool:
    name, _, value = part.partition("=")
    if "%" in name or "+" in name:
        name = unquote_plus(name, errors="replace")
    name = name.lower()
    if name not in KEPT_PARAMETERS:
        return False
    text = unquote_plus(value, errors="replace")
    if name in _TYPED and len(text) > _KEYWORD_CHARACTERS:
        return False
    return _HOLDS_PERSONAL.search(text) is None


def _replace_identifier(
    event: dict[str, Any],
    field: str,
    normalise: Callable[[str], str | None],
    site: str,
    pseudonyms: Pseudonyms,
    public: bool,
    problems: list[Problem],
) -> None:
    aliases_field = f"{field}_aliases"
    aliases = event.get(aliases_field)
    if aliases is not None:
        if public:
            problems.append(Problem(aliases_field, "a field that only servers send", "leave it out"))
            del event[aliases_field]
        elif not isinstance(aliases, list) or not all(
            isinstance(a, str) and PSEUDONYM.match(a) for a in aliases
        ):
            problems.append(
                Problem(aliases_field, "something else than pseudonyms", "leave it out: the door fills it")
            )
            del event[aliases_field]
    text = event.get(field)
    if text is None:
        event.pop(field, None)
    if not isinstance(text, str):
        return
    if text.startswith("hmac:"):
        if public or not PSEUDONYM.match(text):
            wrong = "a pseudonym from a browser" if public else "a pseudonym of another form"
            problems.append(Problem(field, wrong, _fix_of(field)))
            del event[field]
        return
    value = normalise(text)
    if value is None:
        problems.append(Problem(field, f"{len(text)} characters that are none", _fix_of(field)))
        del event[field]
        return
    newest, *older = pseudonyms.of(site, value)
    event[field] = newest
    if older and field != "referrer_phone":
        given = event.get(aliases_field, [])
        event[aliases_field] = [*older, *(alias for alias in given if alias not in older and alias != newest)]


def _every_version(
    identifiers: list[Any], site: str, pseudonyms: Pseudonyms, problems: list[Problem]
) -> list[Any]:
    listed: list[Any] = []
    for index, identifier in enumerate(identifiers):
        if not isinstance(identifier, dict) or len(identifier) != 1:
            listed.append(identifier)
            continue
        ((name, text),) = identifier.items()
        if name not in ("phone", "email") or not isinstance(text, str) or PSEUDONYM.match(text):
            listed.append(identifier)
            continue
        value = normalised_phone(text) if name == "phone" else normalised_email(text)
        if value is None:
            problems.append(
                Problem(f"identifiers.{index}.{name}", f"{len(text)} characters that are none", _fix_of(name))
            )
            continue
        listed += [{name: pseudonym} for pseudonym in pseudonyms.of(site, value)]
    return [one for index, one in enumerate(listed) if one not in listed[:index]]


def _clean_numbers(event: dict[str, Any]) -> None:
    """The business's own numbers in E.164; a number dialled outwards is the customer's and is masked."""
    for field in _NUMBER_FIELDS:
        text = event.get(field)
        if not isinstance(text, str):
            continue
        number = e164(text)
        if event.get("type") == "call_ended" and event.get("direction") == "outbound":
            dialled = number or re.sub(r"[^0-9+]", "", text)
            event[field] = dialled[:_MASKED_FROM] + "*" * max(2, len(dialled) - _MASKED_FROM)
        elif number is not None:
            event[field] = number
    target = event.get("target")
    if isinstance(target, str) and event.get("type") == "contact_clicked":
        if event.get("kind") == "tel":
            event["target"] = e164(target.removeprefix("tel:")) or target
        elif "//" in target:
            event["target"] = without_private_parts(target)


def _fix_of(field: str) -> str:
    if field.endswith("email"):
        return "an address like name@example.kr, or leave it out"
    return "a number like 010-1234-5678 or +82…; leave it out when the caller withheld it"
