"""Who asks: only what the connection or a trusted proxy says."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from slotsvc.portal.web.hosts import client_address, known_hosts


def request(peer: str, *forwarded: str) -> Request:
    """A request over a connection from ``peer``."""
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return Request({"type": "http", "client": (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("203.0.113.5", (), (), "203.0.113.5"),
        ("203.0.113.5", ("198.51.100.1",), (), "203.0.113.5"),
        ("203.0.113.5", ("198.51.100.1",), ("10.0.0.1",), "203.0.113.5"),
        ("10.0.0.1", ("198.51.100.1",), ("10.0.0.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 198.51.100.1",), ("10.0.0.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1", "198.51.100.1"), ("10.0.0.1",), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1, 10.0.0.2",), ("10.0.0.0/8",), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1, nonsense",), ("10.0.0.1",), "10.0.0.1"),
        ("::1", ("2001:db8::7",), ("::1",), "2001:db8::7"),
    ],
)
def test_the_nearest_untrusted_address_is_the_visitors(
    peer: str, forwarded: tuple[str, ...], trusted: tuple[str, ...], address: str
) -> None:
    """S16: what a stranger writes into X-Forwarded-For is not believed."""
    assert client_address(request(peer, *forwarded), trusted) == address


def test_the_public_and_the_bound_address_are_ours() -> None:
    """S16: with their ports, and localhost for who sits at the machine."""
    assert known_hosts("https://portal.example", "127.0.0.1:8080") == {
        "portal.example",
        "127.0.0.1:8080",
        "localhost:8080",
    }
