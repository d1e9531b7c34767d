"""Addresses to listen on, ``host:port``."""

from __future__ import annotations

import ipaddress
import socket


def split_address(address: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` as host and port; port 0 means a free one.

    Raises ``ValueError``.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be host:port")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError("must be host:port; an IPv6 host stands in brackets")
    return host.strip("[]"), int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach ``host:port``. The name ``localhost`` is looked up: a
    file may say that it is elsewhere. Other names are not."""
    host, _ = split_address(address)
    if host == "localhost":
        return _is_here(host)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_here(name: str) -> bool:
    """Whether every address of the name is a loopback one; one that has none is nowhere."""
    try:
        found = socket.getaddrinfo(name, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(to[0]).is_loopback for *_, to in found)
