"""Who asks, and for which host: only what the connection or a trusted proxy says counts (S16)."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

type Network = IPv4Network | IPv6Network


def known_hosts(public_url: str, bound: str) -> frozenset[str]:
    """Values of ``Host`` that are ours: that of ``public_url`` and the address listened on."""
    port = bound.rpartition(":")[2]
    return frozenset({urlsplit(public_url).netloc, bound, f"localhost:{port}"})


def own_origins(public_url: str, bound: str) -> frozenset[str]:
    """Values of ``Origin`` that are ours, as scripts of our pages send it."""
    port = bound.rpartition(":")[2]
    return frozenset({public_url, f"http://{bound}", f"http://localhost:{port}"})


def client_address(request: HTTPConnection, trusted: tuple[str, ...]) -> str:
    """The nearest address that is not a trusted proxy's; "" where there is no connection.

    ``X-Forwarded-For`` is read from its end, and only as far as those who wrote it are trusted.
    """
    address = request.client.host if request.client else ""
    told = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
    for earlier in reversed([entry.strip() for entry in told if entry.strip()]):
        if not _is_trusted(address, trusted) or not _is_address(earlier):
            break
        address = earlier
    return address


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    if not trusted or not _is_address(address):
        return False
    return any(ip_address(address) in network for network in _networks(trusted))


@cache
def _networks(trusted: tuple[str, ...]) -> list[Network]:
    return [ip_network(text, strict=False) for text in trusted]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
