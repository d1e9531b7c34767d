"""One running portal: tables brought up, parts wired, pages served, background tasks kept alive."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog
import uvicorn

from slotsvc.portal.access.preparation import prepare_challenges
from slotsvc.portal.access.session_activity import SessionActivity
from slotsvc.portal.booking.unfinished import finish_bookings
from slotsvc.portal.clock import Clock, utc_now
from slotsvc.portal.day.team_feed import TeamFeeds
from slotsvc.portal.housekeeping import keep_house
from slotsvc.portal.messages.outbox import Outbox
from slotsvc.portal.messages.worker import run as send_letters
from slotsvc.portal.options import PortalOptions
from slotsvc.portal.parts import Portal
from slotsvc.portal.service.calls import ServiceCalls
from slotsvc.portal.tables.database import PortalDatabase
from slotsvc.portal.tables.key_ring import secrets_of
from slotsvc.portal.tables.migrate import upgrade
from slotsvc.portal.tables.sole_portal import sole_portal
from slotsvc.portal.web.app import application


class Background(Protocol):
    """What goes on behind the pages, until it is cancelled."""

    __name__: str

    async def __call__(self, portal: Portal) -> None: ...


_log = structlog.get_logger(__name__)
_BACKGROUND: tuple[Background, ...] = (
    send_letters,
    prepare_challenges,
    keep_house,
    finish_bookings,
)
_DRAIN_S = 5
_BACKLOG = 512
_RESTART_AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class RunningPortal:
    """A portal that answers. ``address``: host:port really bound; ``url``: what links begin with;
    ``portal``: its parts, to look at."""

    address: str
    url: str
    portal: Portal = field(repr=False)


@asynccontextmanager
async def running(
    options: PortalOptions, *, clock: Clock = utc_now
) -> AsyncIterator[RunningPortal]:
    """The portal while the block runs; leaving it answers what was asked, and stops everything.

    Signals are left alone. Raises what stands in the way of a start: ``PortalSchemaError``,
    ``SecretsError``, ``PortalInUseError``, ``OSError`` for an address that cannot be listened on.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(sole_portal(options.database))
        listening = stack.enter_context(_listening(options.address))
        bound = _bound(listening)
        portal = await _wired(options, clock, options.public_url or f"http://{bound}", stack)
        for task in _BACKGROUND:
            kept = asyncio.create_task(_kept(task, portal), name=f"portal-{task.__name__}")
            stack.push_async_callback(_cancelled, kept)
        await stack.enter_async_context(_served(portal, bound, listening))
        yield RunningPortal(bound, portal.public_url, portal)


async def _wired(
    options: PortalOptions, clock: Clock, public_url: str, stack: AsyncExitStack
) -> Portal:
    await asyncio.to_thread(upgrade, options.database)
    secrets = await asyncio.to_thread(secrets_of, options.database, options.key_ring)
    database = PortalDatabase(options.database)
    stack.callback(database.close)
    service = await stack.enter_async_context(ServiceCalls.connected(options))
    feeds = TeamFeeds(service.planner.watch)
    stack.push_async_callback(feeds.close)
    portal = Portal(
        options=options,
        public_url=public_url,
        clock=clock,
        database=database,
        secrets=secrets,
        service=service,
        outbox=Outbox.of(options, secrets, clock),
        activity=SessionActivity(),
        feeds=feeds,
    )
    stack.callback(portal.passwords.close)
    return portal


class _Server(uvicorn.Server):
    """Signals belong to whoever owns the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _served(portal: Portal, bound: str, listening: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        application(portal, bound),
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    # whatever handlers somebody gives it: its lines hold addresses, and addresses hold tokens (S4)
    logging.getLogger("uvicorn.access").disabled = True
    # a line for each byte of some forms, where somebody logs at debug level
    logging.getLogger("python_multipart").setLevel(logging.INFO)
    server = _Server(config)
    task = asyncio.create_task(server.serve([listening]), name="portal-pages")
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    if not server.started:
        await task
        raise RuntimeError("the web server did not start")
    try:
        yield
    finally:
        portal.closing.set()
        server.should_exit = True
        await task


async def _kept(task: Background, portal: Portal) -> None:
    """Runs a background task, and runs it again when it fails."""
    while True:
        try:
            await task(portal)
            return
        except Exception as error:
            _log.exception("portal task failed", task=task.__name__, error=type(error).__name__)
            await asyncio.sleep(_RESTART_AFTER_S)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@contextmanager
def _listening(address: str) -> Iterator[socket.socket]:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is told: else 40 ms an answer
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, int(port)))
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        yield listening
    finally:
        listening.close()


def _bound(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
