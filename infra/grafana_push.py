"""Folders, data source, dashboards and alerts into a running Grafana: what differs is written, what is not ours stays."""

import difflib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException
from niquests.exceptions import RequestException

from grafana.alerts import ALERTS, FOLDER, FOLDER_TITLE, rule_json
from grafana.board_json import DATA_SOURCE, PLUGIN, TAG
from grafana.words import Language

Json = dict[str, Any]

OWNER: Final = "headwater"
CONTACT: Final = "headwater-contact"
_SECONDS: Final = 20.0
_OLDEST: Final = (11, 6)


class PushRefused(Exception):
    """Why the push stopped, in words for people; everything told before is done, and the next push goes on."""


class Source(NamedTuple):
    """ClickHouse as Grafana is to reach it, with a user that may only read."""

    url: str
    user: str
    password: str


class Alerting(NamedTuple):
    """In which language alerts speak, and whom they tell: nobody, an address, or a webhook."""

    language: Language
    email: str = ""
    webhook: str = ""


class Change(NamedTuple):
    """One thing that is made or brought up to date, and how it differs from what is there."""

    verb: str
    what: str
    difference: str


@contextmanager
def grafana_at(url: str, token: str) -> Iterator[Any]:
    """Where a Grafana is and a token -> its API for the length of a block; refuses one that is silent or too old."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise PushRefused(f"{url!r} is no address of a Grafana; right would be https://grafana.example")
    root = url if url.endswith("/") else f"{url}/"
    grafana: Any = GrafanaApi.from_url(root, credential=token, timeout=_SECONDS)
    try:
        with _told("reach Grafana"):
            version = str((grafana.health.check() or {}).get("version", ""))
        numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdigit())
        if numbers < _OLDEST:
            raise PushRefused(f"Grafana {version or 'of unknown version'} is older than 11.6")
        yield grafana
    finally:
        grafana.client.s.close()


def push_all(
    grafana: Any,
    source: Source,
    dashboards: Mapping[tuple[Language, str], Json],
    *,
    alerting: Alerting | None = None,
    dry_run: bool = False,
    set_password: bool = False,
) -> Iterator[Change]:
    """Dashboards by language and slug -> each change, told once it is done; data source first, then what needs it."""
    yield from _data_source(grafana, source, dry_run, set_password)
    for language in dict.fromkeys(language for language, _ in dashboards):
        yield from _folder(grafana, language, dry_run)
    for (language, _), dashboard in dashboards.items():
        yield from _dashboard(grafana, folder_uid(language), dashboard, dry_run)
    if alerting is not None:
        yield from _alerting(grafana, alerting, dry_run)


def folder_uid(language: Language) -> str:
    """A language -> the uid of its folder."""
    return FOLDER[language]


class _told:
    """What fails inside is refused in words, without the request, which holds the token."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, failed: BaseException | None, trace: object) -> None:
        if isinstance(failed, GrafanaException):
            raise PushRefused(f"could not {self._doing}: {failed.message}") from None
        if isinstance(failed, (RequestException, OSError)):
            raise PushRefused(
                f"could not {self._doing}: Grafana does not answer ({type(failed).__name__})"
            ) from None


def _found(doing: str, ask: Any, uid: str) -> Json | None:
    """Ask for something by uid -> it, or None where there is none."""
    with _told(doing):
        try:
            found: Json = ask(uid)
            return found
        except GrafanaClientError as refused:
            if refused.status_code == 404:
                return None
            raise


def _data_source(grafana: Any, source: Source, dry_run: bool, set_password: bool) -> Iterator[Change]:
    uid = DATA_SOURCE["uid"]
    there = _found(f"read data source {uid}", grafana.datasource.get_datasource_by_uid, uid)
    if there is not None and there.get("readOnly"):
        return  # it comes from files of that Grafana, which only they can change
    if there is not None and (
        there.get("type") != PLUGIN or there.get("jsonData", {}).get("managedBy") != OWNER
    ):
        raise PushRefused(
            f"there is a data source with uid {uid!r} that headwater did not make ({there.get('name')!r});"
            " give it another uid, or delete it"
        )
    wanted = data_source(source)
    known = bool((there or {}).get("secureJsonFields", {}).get("password"))
    secret = {"password": source.password} if source.password and (set_password or not known) else {}
    if there is not None and not secret and covers(there, wanted):
        return
    difference = differences(_only(there, wanted) if there else {}, wanted)
    if secret:
        difference = "\n".join(filter(None, [difference, "+ password (not shown)"]))
    if not dry_run:
        body = wanted | ({"secureJsonData": {"password": source.password}} if source.password else {})
        with _told(f"write data source {uid}"):
            if there is None:
                grafana.datasource.create_datasource(body)
            else:
                grafana.datasource.update_datasource_by_uid(uid, body)
    yield Change("update" if there else "create", f"data source {uid}", difference)


def data_source(source: Source) -> Json:
    """ClickHouse as Grafana is to reach it -> the data source, without its secret."""
    parts = urlsplit(source.url)
    secure = parts.scheme == "https"
    return {
        "uid": DATA_SOURCE["uid"],
        "name": "headwater",
        "type": PLUGIN,
        "access": "proxy",
        "jsonData": {
            "host": parts.hostname,
            "port": parts.port or (8443 if secure else 8123),
            "protocol": "http",
            "secure": secure,
            "username": source.user,
            "defaultDatabase": "headwater",
            "dialTimeout": "10",
            "queryTimeout": "60",
            "validateSql": True,
            "managedBy": OWNER,
        },
    }


def _folder(grafana: Any, language: Language, dry_run: bool) -> Iterator[Change]:
    uid, title = folder_uid(language), FOLDER_TITLE[language]
    there = _found(f"read folder {uid}", grafana.folder.get_folder, uid)
    if there is not None and there.get("title") == title:
        return
    if not dry_run:
        with _told(f"write folder {uid}"):
            if there is None:
                grafana.folder.create_folder(title, uid=uid)
            else:
                grafana.folder.update_folder(uid, title=title, overwrite=True)
    before = {"title": there.get("title")} if there else {}
    yield Change("update" if there else "create", f"folder {uid}", differences(before, {"title": title}))


def _dashboard(grafana: Any, folder: str, wanted: Json, dry_run: bool) -> Iterator[Change]:
    uid = wanted["uid"]
    answer = _found(f"read dashboard {uid}", grafana.dashboard.get_dashboard, uid)
    there, meta = (answer["dashboard"], answer.get("meta", {})) if answer else (None, {})
    if there is not None and TAG not in there.get("tags", ()):
        raise PushRefused(
            f"there is a dashboard with uid {uid!r} that headwater did not make ({there.get('title')!r}, no tag"
            f" {TAG!r}); give it another uid, or delete it"
        )
    if there is not None and meta.get("provisioned"):
        raise PushRefused(f"dashboard {uid} comes from files of that Grafana; a push cannot change it")
    moved = there is not None and meta.get("folderUid") != folder
    if there is not None and not moved and covers(there, wanted):
        return
    difference = differences(_only(there, wanted) if there else {}, wanted)
    if moved:
        difference = "\n".join(
            filter(None, [difference, f"- folder {meta.get('folderUid')}", f"+ folder {folder}"])
        )
    if not dry_run:
        body = {"dashboard": {**wanted, "id": None}, "folderUid": folder, "overwrite": True,
                "message": "headwater dashboards push"}  # fmt: skip
        with _told(f"write dashboard {uid}"):
            grafana.dashboard.update_dashboard(body)
    yield Change("update" if there else "create", f"dashboard {uid}", difference)


def _alerting(grafana: Any, alerting: Alerting, dry_run: bool) -> Iterator[Change]:
    receiver = ""
    if alerting.email or alerting.webhook:
        yield from _contact_point(grafana, contact_point(alerting), dry_run)
        receiver = OWNER
    for alert in ALERTS:
        yield from _rule(grafana, rule_json(alert, alerting.language, receiver), dry_run)


def contact_point(alerting: Alerting) -> Json:
    """Whom alerts tell -> the contact point; an address goes before a webhook."""
    kind, settings = (
        ("email", {"addresses": alerting.email}) if alerting.email else ("webhook", {"url": alerting.webhook})
    )
    return {"uid": CONTACT, "name": OWNER, "type": kind, "settings": settings, "disableResolveMessage": False}


def _contact_point(grafana: Any, wanted: Json, dry_run: bool) -> Iterator[Change]:
    with _told("read the contact points"):
        named = [
            one for one in grafana.alertingprovisioning.get_contactpoints(OWNER) if one.get("name") == OWNER
        ]
    there = next((one for one in named if one.get("uid") == CONTACT), None)
    if named and there is None:
        raise PushRefused(
            f"there is a contact point {OWNER!r} that headwater did not make; rename it, or delete it"
        )
    if there is not None and covers(there, wanted):
        return
    if not dry_run:
        with _told("write the contact point"):
            if there is None:
                grafana.alertingprovisioning.create_contactpoint(wanted, disable_provenance=True)
            else:
                grafana.alertingprovisioning.update_contactpoint(CONTACT, wanted, disable_provenance=True)
    shown = [
        {**one, "settings": "not shown"} if one else {}
        for one in (_only(there, wanted) if there else {}, wanted)
    ]
    yield Change(
        "update" if there else "create",
        f"contact point {OWNER}",
        differences(*shown) or "~ settings (not shown)",
    )


def _rule(grafana: Any, wanted: Json, dry_run: bool) -> Iterator[Change]:
    uid = wanted["uid"]
    there = _found(f"read alert {uid}", grafana.alertingprovisioning.get_alertrule, uid)
    if there is not None and there.get("labels", {}).get("product") != TAG:
        raise PushRefused(
            f"there is an alert rule with uid {uid!r} that headwater did not make ({there.get('title')!r}); delete it"
        )
    if there is not None and there.get("provenance") == "file":
        return  # it comes from files of that Grafana, which only they can change
    if there is not None and covers(there, wanted):
        return
    difference = differences(_only(there, wanted) if there else {}, wanted)
    if not dry_run:
        with _told(f"write alert {uid}"):
            if there is None:
                grafana.alertingprovisioning.create_alertrule(wanted, disable_provenance=True)
            else:
                grafana.alertingprovisioning.update_alertrule(uid, wanted, disable_provenance=True)
    yield Change("update" if there else "create", f"alert {uid}", difference)


def covers(there: Any, wanted: Any) -> bool:
    """Whether what is there says all that is wanted; what Grafana added of its own is no difference."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(
            name in there and (covers(there[name], value) or _upgraded(name, there[name], value))
            for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(there, list)
            and len(there) == len(wanted)
            and all(covers(one, other) for one, other in zip(there, wanted, strict=True))
        )
    return bool(there == wanted)


def _upgraded(name: str, there: Any, wanted: Any) -> bool:
    """A newer Grafana reads an older schema and gives back its own."""
    return name == "schemaVersion" and isinstance(there, int) and there >= wanted


def _only(there: Any, wanted: Any) -> Any:
    """What is there, of what is wanted at all."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        return {name: _only(value, wanted[name]) for name, value in there.items() if name in wanted}
    if isinstance(there, list) and isinstance(wanted, list) and len(there) == len(wanted):
        return [_only(one, other) for one, other in zip(there, wanted, strict=True)]
    return there


def differences(there: Any, wanted: Any) -> str:
    """Two values -> a unified difference of their JSON, line by line."""
    before, after = (
        json.dumps(one, ensure_ascii=False, indent=2, sort_keys=True).splitlines() for one in (there, wanted)
    )
    return "\n".join(difflib.unified_diff(before, after, "in Grafana", "here", lineterm="", n=2))
