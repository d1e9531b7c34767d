"""How often something may be done: counted in ``ATTEMPTS``, by an HMAC of what it is counted for.

Nothing of a person is kept: neither address nor number nor network can be read back.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.schema import ATTEMPTS

KEPT = timedelta(days=2)
_IPV4_PREFIX = 24
_IPV6_PREFIX = 48


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` of a kind in any span of the length ``within``."""

    count: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Throttle:
    """Failures that cost growing time: ``free`` of them nothing, each further one twice as much as
    the one before, from one second up to ``longest``. Failures older than ``within`` are forgotten:
    nobody is locked out for good by somebody else (S10).
    """

    free: int
    longest: timedelta
    within: timedelta

    def delay(self, failures: int) -> timedelta:
        """How long after the last of so many failures nothing may be tried."""
        if failures < self.free:
            return timedelta(0)
        # 2**20 s is above any ``longest``: the power stays small
        return min(timedelta(seconds=2 ** min(failures - self.free, 20)), self.longest)


def key_of(secrets: PortalSecrets, kind: str, of: str) -> str:
    """What the table knows somebody or something by."""
    return secrets.mac(f"attempts:{kind}", of)


def count(connection: Connection, kind: str, key: str, since: datetime) -> int:
    """How many there were after ``since``."""
    query = select(func.count()).where(*_of(kind, key), ATTEMPTS.c.at > int(since.timestamp()))
    return int(connection.execute(query).scalar_one())


def add(connection: Connection, kind: str, key: str, now: datetime) -> None:
    """Counts one."""
    connection.execute(insert(ATTEMPTS).values(kind=kind, key=key, at=int(now.timestamp())))


def forget(connection: Connection, kind: str, key: str) -> None:
    """Starts from zero: a success ends a row of failures."""
    connection.execute(delete(ATTEMPTS).where(*_of(kind, key)))


def free(
    connection: Connection, kind: str, key: str, limits: Sequence[Limit], now: datetime
) -> bool:
    """Whether one more is within all limits."""
    return all(count(connection, kind, key, now - limit.within) < limit.count for limit in limits)


def wait(
    connection: Connection, kind: str, key: str, limits: Sequence[Limit], now: datetime
) -> timedelta:
    """How long until one more is within all limits; zero: now."""
    waits = [_wait_for(connection, kind, key, limit, now) for limit in limits]
    return max(waits, default=timedelta(0))


def delay(
    connection: Connection, kind: str, key: str, throttle: Throttle, now: datetime
) -> timedelta:
    """How long until the next try is let through; zero: now."""
    since = int((now - throttle.within).timestamp())
    query = select(func.count(), func.max(ATTEMPTS.c.at)).where(
        *_of(kind, key), ATTEMPTS.c.at > since
    )
    failures, last = connection.execute(query).one()
    if last is None:
        return timedelta(0)
    passed = now - datetime.fromtimestamp(last, now.tzinfo)
    return max(throttle.delay(failures) - passed, timedelta(0))


def sweep(connection: Connection, now: datetime) -> int:
    """Takes out what no limit looks at any more; gives how many rows."""
    oldest = int((now - KEPT).timestamp())
    return connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at < oldest)).rowcount


def network_of(address: str) -> str:
    """The network that an IP address is in: /24 of IPv4, /48 of IPv6; "" for no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    prefix = _IPV4_PREFIX if ip.version == 4 else _IPV6_PREFIX
    return str(ipaddress.ip_network((ip, prefix), strict=False))


def _of(kind: str, key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ATTEMPTS.c.kind == kind, ATTEMPTS.c.key == key


def _wait_for(
    connection: Connection, kind: str, key: str, limit: Limit, now: datetime
) -> timedelta:
    """Until the ``count``-th newest one leaves the span."""
    since = int((now - limit.within).timestamp())
    query = (
        select(ATTEMPTS.c.at)
        .where(*_of(kind, key), ATTEMPTS.c.at > since)
        .order_by(ATTEMPTS.c.at.desc())
        .offset(limit.count - 1)
        .limit(1)
    )
    at = connection.execute(query).scalar_one_or_none()
    if at is None:
        return timedelta(0)
    return datetime.fromtimestamp(at, now.tzinfo) + limit.within - now
