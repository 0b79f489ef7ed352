"""A site as it may be defined before an audit."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson

from schemas.catalog import CatalogEntry, ChannelEntry, QrCodeEntry, SiteEntry
from schemas.doors import admit_entry
from streams.collectors.importers.business import business_from
from streams.collectors.importers.drafts import Refusal
from streams.collectors.manage.audit import AuditRow, Given, RawRow, read_rows

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
HOME_PAGE = "https://www.center.example/"


def entry(kind: str, id: str, **fields: Any) -> CatalogEntry:
    """An entry as a door admits it."""
    body = orjson.loads(orjson.dumps({"kind": kind, "site": "center", "id": id, **fields}))
    return admit_entry(body, now=NOW)


def given(*entries: CatalogEntry, home_page: str = HOME_PAGE) -> Given:
    """What is defined, as the audit is given it."""
    known = business_from(entries)
    site = next((one for one in entries if isinstance(one, SiteEntry)), None)
    return Given(
        site="center",
        today=TODAY,
        home_page=home_page,
        site_entry=site,
        channels=[one for one in entries if isinstance(one, ChannelEntry)],
        codes=[one for one in entries if isinstance(one, QrCodeEntry)],
        branches=known.branches,
        channel_names=known.channels,
    )


def lines(*texts: Mapping[str, str]) -> list[RawRow]:
    """Lines as typed."""
    return [RawRow(at, one) for at, one in enumerate(texts, start=2)]


def read(raws: Sequence[RawRow], site: Given) -> tuple[list[AuditRow], list[Refusal]]:
    """Lines as the audit reads them."""
    return read_rows(raws, site)
