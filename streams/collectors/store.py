"""What ClickHouse knows, for the pages of the doors: the public views, read as a reader, with its limits."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

QUESTION_SECONDS: Final = 10.0
QUESTIONS_AT_ONCE: Final = 4


class StoreAway(Exception):
    """ClickHouse did not answer, or not in time, or refused; the page says so and works without."""


@dataclass(frozen=True)
class StoreSettings:
    """Where ClickHouse is, and who reads it."""

    url: str
    user: str = "reader"
    password: str = field(default="", repr=False)
    ca_file: str = ""
    seconds: float = QUESTION_SECONDS


class Store:
    """Read-only questions with bound parameters; opened on the first, and anew after an error."""

    def __init__(self, settings: StoreSettings) -> None:
        """The settings; nothing is opened yet."""
        self._settings = settings
        self._client: AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._room = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """SQL with `{name:Type}` parameters -> rows by column name; raises StoreAway."""
        try:
            async with asyncio.timeout(self._settings.seconds), self._room:
                client = await self._open()
                answer = await client.query(sql, parameters=dict(parameters or {}))
        except (ClickHouseError, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise StoreAway(f"ClickHouse: {type(error).__name__}") from None
        names = answer.column_names
        return [dict(zip(names, row, strict=True)) for row in answer.result_rows]

    async def stop(self) -> None:
        """Lets go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _open(self) -> AsyncClient:
        async with self._opening:
            if self._client is None:
                url = urlsplit(self._settings.url)
                secure = url.scheme == "https"
                more: dict[str, Any] = {"ca_cert": self._settings.ca_file} if self._settings.ca_file else {}
                self._client = await clickhouse_connect.get_async_client(
                    host=url.hostname,
                    port=url.port or (8443 if secure else 8123),
                    secure=secure,
                    username=self._settings.user,
                    password=self._settings.password,
                    database="headwater",
                    autogenerate_session_id=False,
                    **more,
                )
            return self._client
