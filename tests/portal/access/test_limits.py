"""How often something may be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from slotsvc.portal.access import limits
from slotsvc.portal.access.limits import Limit, Throttle, network_of
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.database import engine_on
from slotsvc.portal.tables.schema import ATTEMPTS, METADATA

NOON = datetime(2030, 6, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """The portal's tables, empty."""
    engine = engine_on(tmp_path / "portal.db", "BEGIN IMMEDIATE", 1)
    with engine.begin() as opened:
        METADATA.create_all(opened)
        yield opened
    engine.dispose()


def test_one_more_is_free_until_the_count_is_reached(connection: Connection) -> None:
    """Three in ten minutes: the fourth waits until the first is ten minutes old."""
    most = (Limit(3, 10 * MINUTE),)
    for minute in (0, 1, 2):
        now = NOON + minute * MINUTE
        assert limits.free(connection, "code", "anna", most, now)
        limits.add(connection, "code", "anna", now)
    later = NOON + 3 * MINUTE
    assert not limits.free(connection, "code", "anna", most, later)
    assert limits.wait(connection, "code", "anna", most, later) == 7 * MINUTE
    assert limits.free(connection, "code", "paul", most, later)
    assert limits.free(connection, "other", "anna", most, later)
    assert limits.free(connection, "code", "anna", most, NOON + 10 * MINUTE)
    assert not limits.wait(connection, "code", "anna", most, NOON + 10 * MINUTE)


def test_s10_delays_grow_and_end(connection: Connection) -> None:
    """S10: the first failures cost nothing, then 1, 2, 4 … seconds up to the longest; after a
    while without failures all is forgotten."""
    throttle = Throttle(3, timedelta(seconds=60), timedelta(hours=1))
    waits = []
    for _ in range(12):
        limits.add(connection, "password", "anna", NOON)
        waits.append(limits.delay(connection, "password", "anna", throttle, NOON).seconds)
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert not limits.delay(connection, "password", "anna", throttle, NOON + MINUTE)
    limits.forget(connection, "password", "anna")
    assert not limits.delay(connection, "password", "anna", throttle, NOON)


def test_old_rows_are_swept(connection: Connection) -> None:
    """What no limit looks at any more goes; what counts stays."""
    limits.add(connection, "code", "old", NOON - timedelta(days=3))
    limits.add(connection, "code", "new", NOON - timedelta(hours=23))
    assert limits.sweep(connection, NOON) == 1
    assert connection.execute(select(func.count()).select_from(ATTEMPTS)).scalar_one() == 1


def test_keys_tell_nothing() -> None:
    """The table's key is an HMAC: of another kind, another key; the address is not in it."""
    secrets = PortalSecrets([b"k" * 32])
    key = limits.key_of(secrets, "code", "anna@example.org")
    assert len(key) == 64
    assert "anna" not in key
    assert key != limits.key_of(secrets, "other", "anna@example.org")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_s7_networks_are_24_or_48_bits_long(address: str, network: str) -> None:
    """S7: neighbours share a limit: /24 of IPv4 (also inside of IPv6), /48 of IPv6."""
    assert network_of(address) == network
