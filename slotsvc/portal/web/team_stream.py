"""What happens to a team as server-sent events (HTML Living Standard §9.2), for one open page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import orjson
from starlette.requests import Request

from slotsvc.portal.access.staff_sessions import staff_session
from slotsvc.portal.day.team_feed import Told
from slotsvc.portal.web.cookies import STAFF_SESSION
from slotsvc.portal.web.request import portal_of


async def team_stream(request: Request, team: str, last_id: str) -> AsyncIterator[bytes]:
    """Events named "team", each a hint to look again, those behind ``last_id`` first; comments in
    between. Ends with the portal, and with the beat after the session did."""
    portal = portal_of(request)
    clock = asyncio.get_running_loop().time
    closing = asyncio.ensure_future(portal.closing.wait())
    try:
        async with portal.feeds.listening(team, last_id) as queue:
            yield b": open\n\n"
            beat = clock() + portal.feeds.beat_s
            while not closing.done():
                told = await _next(queue, closing, beat - clock())
                if told is not None:
                    yield _framed(told)
                if clock() >= beat:
                    if not await _still_in(request):
                        return
                    yield b": beat\n\n"
                    beat = clock() + portal.feeds.beat_s
    finally:
        closing.cancel()


async def _next(
    queue: asyncio.Queue[Told], closing: asyncio.Future[Any], seconds: float
) -> Told | None:
    """The next event; None when nothing came for so long, or the portal stops."""
    getting = asyncio.ensure_future(queue.get())
    try:
        await asyncio.wait(
            {getting, closing}, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED
        )
        return getting.result() if getting.done() else None
    finally:
        getting.cancel()  # the browser may have gone away meanwhile


async def _still_in(request: Request) -> bool:
    """Whether somebody is still signed in, and may still look; that he listens is no use of it."""
    token = request.cookies.get(STAFF_SESSION, "")
    return await staff_session(portal_of(request), token, used=False) is not None


def _framed(told: Told) -> bytes:
    values = {name: value for name, value in asdict(told).items() if name != "id"}
    head = f"id: {told.id}\n" if told.id else ""
    return f"{head}event: team\ndata: ".encode() + orjson.dumps(values) + b"\n\n"
