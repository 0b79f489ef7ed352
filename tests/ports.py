"""Ports for tests, below those the system gives to clients: no passing connection takes one while its owner is down."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_LOWEST, _USUAL_CLIENTS = 20_000, 32_768
_BLOCK = 50
_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A loopback port nobody uses, never handed out before."""
    return next(_ports)


def free_ports(count: int) -> list[int]:
    """As many of them."""
    return list(islice(_ports, count))


def _handed_out() -> Iterator[int]:
    """Ports of blocks that this process alone draws from, as long as it lives."""
    clients = int(_CLIENTS.read_text("ascii").split()[0]) if _CLIENTS.exists() else _USUAL_CLIENTS
    if clients < _LOWEST + 20 * _BLOCK:  # a system without room below
        clients = _USUAL_CLIENTS
    for first in range(_LOWEST, clients - _BLOCK + 1, _BLOCK):
        path = Path(tempfile.gettempdir()) / f"headwater-test-ports-{first}"
        try:
            claim = os.open(path, os.O_RDWR | os.O_CREAT)
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another process draws from this block
            continue
        yield from filter(_is_free, range(first, first + _BLOCK))
    raise AssertionError(f"no port between {_LOWEST} and {clients} is left")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


_ports = _handed_out()
