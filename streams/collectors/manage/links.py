"""A page's address and what stands for it -> the link to paste where no script runs."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from yarl import URL

from schemas.catalog import CatalogEntry, ChannelEntry
from streams.collectors.importers.cells import Unreadable
from streams.collectors.qr.targets import BadTarget, allowed_target
from streams.domain.channels import ChannelRules
from streams.domain.sources import read_source

LINK_MEDIUM: Final = "link"


class Address(NamedTuple):
    """An address that a code may lead to, as it goes into a Location header, and its host."""

    target: str
    host: str


def address_of(typed: str) -> Address:
    """An address as typed by somebody who may add hosts -> the address; raises Unreadable for every trick."""
    try:
        host = URL(typed).raw_host or ""
    except ValueError:
        host = ""
    try:
        return Address(allowed_target(typed, {host}), host)
    except BadTarget as bad:
        raise Unreadable(bad.problem.found, bad.problem.fix) from None


def tagged(destination: str, channel: str, placement: str = "", campaign: str = "") -> str:
    """An address, a channel and where it stands -> the address with UTM added; one that has UTM stays as it is."""
    address = URL(destination, encoded=True)
    if any(name.lower().startswith("utm_") for name in address.query):
        return destination
    wanted = {
        "utm_source": channel,
        "utm_medium": LINK_MEDIUM,
        "utm_campaign": campaign,
        "utm_content": placement,
    }
    return str(address.extend_query({name: value for name, value in wanted.items() if value}))


def channel_found(link: str, channels: Sequence[CatalogEntry]) -> str:
    """A link and the site's channel entries -> the channel to which a visit by it would be counted."""
    rules = [(one.id, one.rule_sets) for one in channels if isinstance(one, ChannelEntry) and one.rule_sets]
    return ChannelRules(rules).channel_of(read_source(link))
