"""Starting and stopping a portal."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from slotsvc.portal.options import PortalOptions, ServiceOptions
from slotsvc.portal.running import _served, running
from slotsvc.portal.secrets import SecretsError
from slotsvc.portal.tables.schema import BUSINESS_UNITS
from slotsvc.portal.tables.sole_portal import PortalInUseError
from tests.portal.portal_fixtures import portal_options
from tests.portal.tables.linked_contact import add_linked_contact


@pytest.fixture
def options(tmp_path: Path) -> PortalOptions:
    """A portal whose engine is not there."""
    return portal_options(tmp_path, ServiceOptions("127.0.0.1:1"), "tenants/acme")


async def test_a_portal_starts_without_its_engine(options: PortalOptions) -> None:
    """Pages answer; the health check says what is missing."""
    async with running(options) as portal, httpx.AsyncClient() as http:
        health = await http.get(f"http://{portal.address}/healthz")

    assert health.status_code == 200
    assert health.json() == {"database": "ok", "service": "does not answer"}


async def test_files_are_private_and_survive_a_restart(options: PortalOptions) -> None:
    """Keys and tables are readable by their owner only, and the next start finds them."""
    row = {"id": "coast", "team": "t", "locales": ["en"], "time_zone": "UTC", "live": {}}
    async with running(options) as portal:
        await portal.portal.database.write(
            lambda tx: tx.execute(insert(BUSINESS_UNITS).values(row))
        )
        mac = portal.portal.secrets.mac("test", "text")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (
        options.database, options.key_ring)}  # fmt: skip
    async with running(options) as portal:
        kept = await portal.portal.database.read(
            lambda tx: tx.execute(BUSINESS_UNITS.select()).one().id
        )
        assert portal.portal.secrets.matches("test", "text", mac)

    assert kept == "coast"
    assert modes == {"portal.db": 0o600, "keys": 0o600}


async def test_tables_made_with_keys_do_not_start_without_them(options: PortalOptions) -> None:
    """A backup has the tables alone: the ring that made them may lie in a safe."""
    async with running(options):
        pass
    kept = options.key_ring.read_bytes()
    options.key_ring.unlink()
    async with running(options):
        assert options.key_ring.read_bytes() != kept  # nothing depended on it yet
    add_linked_contact(options.database)
    options.key_ring.unlink()
    with pytest.raises(SecretsError, match="slotsvc portal new-keys"):
        async with running(options):
            pass
    assert not options.key_ring.exists()


async def test_signals_stay_with_their_owner(options: PortalOptions) -> None:
    """The web server takes no signal handler away."""
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    async with running(options):
        during = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    assert during == before


async def test_links_begin_with_the_public_url(options: PortalOptions) -> None:
    """The address really bound, where none is given."""
    async with running(options) as portal:
        assert portal.url == f"http://{portal.address}"
        assert not portal.address.endswith(":0")


async def test_pages_that_do_not_start_are_no_portal(options: PortalOptions) -> None:
    """The web server gives up at its start: its error comes out, and nothing runs on without it."""
    gone = socket.create_server(("127.0.0.1", 0))
    gone.close()
    began = False
    async with running(options) as portal:
        with pytest.raises(OSError, match="descriptor"):
            async with _served(portal.portal, "127.0.0.1:1", gone):
                began = True
    assert not began


async def test_a_taken_address_is_refused(options: PortalOptions, tmp_path: Path) -> None:
    """With the system's own error, and nothing left behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        told = portal_options(tmp_path, options.service, "tenants/acme", address=address)
        with pytest.raises(OSError, match="in use"):
            async with running(told):
                pass


async def test_a_second_portal_on_the_same_tables_is_refused(options: PortalOptions) -> None:
    """It says which process has them; once the first one is gone, the next one starts."""
    async with running(options):
        with pytest.raises(PortalInUseError, match=f"another portal \\(pid {os.getpid()}\\) runs"):
            async with running(options):
                pass
    async with running(options):
        pass


async def test_keys_that_others_may_read_are_refused(options: PortalOptions) -> None:
    """The portal does not start with secrets that are none."""
    async with running(options):
        pass
    options.key_ring.chmod(0o644)

    with pytest.raises(SecretsError, match="chmod 600"):
        async with running(options):
            pass


async def test_stopping_is_quick_with_a_browser_connected(options: PortalOptions) -> None:
    """Kept-alive connections do not hold the portal."""
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient() as http:
        async with running(options) as portal:
            await http.get(f"http://{portal.address}/healthz")
            begun = loop.time()
        assert loop.time() - begun < 2
