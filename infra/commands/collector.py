"""`headwater collector`: the HTTP door, in the foreground."""

import asyncio
import logging
import sys

import click
import uvloop

from infra.local.kafka import security
from infra.settings import Settings, load_settings
from streams.collectors.http import CollectorSettings, serve, utc_now
from streams.collectors.producer import ProducerSettings
from streams.secret_files import BadSecret


def producer_settings(settings: Settings) -> ProducerSettings:
    """The settings -> how to reach the log, TLS and SASL included."""
    return ProducerSettings(brokers=settings.bootstrap, security=security(settings))


def collector_settings(settings: Settings) -> CollectorSettings:
    """The settings -> what the collector needs of them."""
    return CollectorSettings(
        home=settings.home, port=settings.collector_port, producer=producer_settings(settings)
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
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # its messages may hold what was sent
    base = collector_settings(load_settings())
    settings = CollectorSettings(
        home=base.home,
        host=host,
        port=base.port,
        producer=base.producer,
        trusted_proxies=frozenset(trusted_proxy),
    )
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
