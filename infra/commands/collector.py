"""`headwater collector`: the HTTP door, in the foreground."""

import asyncio
import logging
import sys
from dataclasses import replace

import click
import uvloop

from infra.local.kafka import security
from infra.settings import Settings, load_settings
from streams.collectors.edge import CollectorSettings
from streams.collectors.http import serve, utc_now
from streams.collectors.json_lines import JsonLines
from streams.collectors.producer import ProducerSettings
from streams.collectors.spool import SpoolSettings
from streams.collectors.store import StoreSettings
from streams.secret_files import BadSecret


def producer_settings(settings: Settings) -> ProducerSettings:
    """The settings -> how to reach the log, TLS and SASL included."""
    return ProducerSettings(brokers=settings.bootstrap, security=security(settings))


def collector_settings(settings: Settings) -> CollectorSettings:
    """The settings -> what the collector needs of them."""
    return CollectorSettings(
        home=settings.home,
        port=settings.collector_port,
        public_url=settings.public_url.rstrip("/"),
        producer=replace(producer_settings(settings), delivery_seconds=5.0),
        spool=SpoolSettings(
            most_bytes=settings.spool_megabytes << 20, free_share=settings.spool_free_percent / 100
        ),
        store=StoreSettings(
            url=settings.clickhouse,
            user=settings.reader_user,
            password=settings.reader_password,
            ca_file=settings.clickhouse_ca_file,
        ),
    )


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless proxied."
)
@click.option(
    "--trusted-proxy", multiple=True, help="Address whose X-Forwarded-For is believed; may be repeated."
)
def collector(host: str, trusted_proxy: tuple[str, ...]) -> None:
    """Listen for events (POST /v1/events) until SIGTERM."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the delivery says once what it repeats
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # its messages may hold what was sent
    base = collector_settings(load_settings())
    settings = replace(base, host=host, trusted_proxies=frozenset(trusted_proxy))
    try:
        uvloop.run(serve(settings, clock=utc_now))
    except BadSecret as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise click.ClickException(
            f"port {settings.port} on {host}: {reason}; stop what uses it or set HEADWATER_COLLECTOR_PORT"
        ) from None
    except asyncio.CancelledError:
        pass


COMMANDS = {"collector": collector}
