"""The planner's day, read-only: as a page, as data for timeline and map, and as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from slotsvc.portal.access.staff_sessions import staff_session
from slotsvc.portal.company.settings import shown_unit
from slotsvc.portal.company.units import Unit, all_units
from slotsvc.portal.day import words as day_words
from slotsvc.portal.day.board import COLOURS, board
from slotsvc.portal.day.map_lines import map_lines
from slotsvc.portal.day.read_day import read_day, read_routes, road
from slotsvc.portal.day.rows import StopRow
from slotsvc.portal.day.team_feed import Told
from slotsvc.portal.formats import spoken_span
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.cookies import STAFF_SESSION
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import fragment, render, see_other
from slotsvc.portal.web.request import portal_of, words_of
from slotsvc.portal.web.security import content_security_policy

pages = Pages()
PLANNERS = {StaffRole.PLANNER, StaffRole.ADMINISTRATOR}
PAGE = "/company/day"

_ONE_DAY = timedelta(days=1)
_BEAT_S = 15.0
_CHECK_SESSION_EVERY = 4  # beats
_TILE_S = 86_400
_MOST_ZOOM, _LEAST_ZOOM = 19, 13


@dataclass(frozen=True, slots=True)
class Asked:
    """Which business unit's day is looked at. ``today``: there, by the portal's clock."""

    unit: Unit
    units: list[Unit]
    day: date
    today: date

    @property
    def zone(self) -> ZoneInfo:
        """The unit's clock."""
        return ZoneInfo(self.unit.time_zone)


async def asked_of(request: Request) -> Asked | None:
    """From ``?unit=`` (else the first one) and ``?date=`` (else today). None: no unit is set up.

    Raises ``ProblemError`` for a unit or a date that there is not.
    """
    units = await portal_of(request).database.read(all_units)
    if not units:
        return None
    id = request.query_params.get("unit") or units[0].id
    unit = next((one for one in units if one.id == id), None)
    if unit is None:
        raise ProblemError(Problem.NOT_FOUND)
    today = portal_of(request).clock().astimezone(ZoneInfo(unit.time_zone)).date()
    return Asked(unit, units, _date(request.query_params.get("date"), today), today)


@pages.get(PAGE, access=Access.STAFF, roles=PLANNERS)
async def day(request: Request) -> Response:
    """The page. Without a script it is complete as lists."""
    asked = await asked_of(request)
    if asked is None:
        return see_other("/company/")
    service = portal_of(request).service
    read, teams = await asyncio.gather(
        read_day(service, asked.unit.team, asked.day), service.catalogue.teams()
    )
    team = teams.get(asked.unit.team)
    return render(
        request,
        "day/day.html",
        headers={
            "Content-Security-Policy": content_security_policy(worker_src="'self' blob:"),
        },
        unit=shown_unit(asked.unit, asked.unit.live),
        units=[shown_unit(one, one.live) for one in asked.units],
        team=team.display_name if team else asked.unit.team.rpartition("/")[2],
        day=asked.day,
        today=asked.today,
        day_before=asked.day - _ONE_DAY,
        day_after=asked.day + _ONE_DAY,
        day_url=partial(_address, PAGE, asked.unit.id),
        data_url=lambda path: _address(path, asked.unit.id, asked.day),
        **_lists(asked, read),
    )


@pages.get("/company/day/lists", access=Access.STAFF, roles=PLANNERS)
async def lists(request: Request) -> Response:
    """The lists of the page alone, to put in place of those that are shown."""
    asked = await _asked(request)
    read = await read_day(portal_of(request).service, asked.unit.team, asked.day)
    return fragment(request, "day/lists.html", **_lists(asked, read))


@pages.get("/company/day/board.json", access=Access.STAFF, roles=PLANNERS)
async def board_data(request: Request) -> Response:
    """What the timeline draws."""
    asked = await _asked(request)
    read = await read_day(portal_of(request).service, asked.unit.team, asked.day)
    return _json(board(read.rows, asked.zone, partial(_said, request, asked.unit.time_zone)))


@pages.get("/company/day/lines.json", access=Access.STAFF, roles=PLANNERS)
async def lines_data(request: Request) -> Response:
    """What the map draws: GeoJSON."""
    asked = await _asked(request)
    service = portal_of(request).service
    rows = await read_routes(service, asked.unit.team, asked.day)
    return _json(await map_lines(rows, partial(road, service)))


@pages.get("/company/tiles/{zoom}/{x}/{y}", access=Access.STAFF, roles=PLANNERS)
async def tile(request: Request, zoom: int, x: int, y: int) -> Response:
    """A vector tile of the engine's roads; its ETag is the map's."""
    if not (_LEAST_ZOOM <= zoom <= _MOST_ZOOM and min(x, y) >= 0 and max(x, y) < 2**zoom):
        raise ProblemError(Problem.NOT_FOUND)
    known = request.headers.get("If-None-Match", "").strip('W/"')
    found = await portal_of(request).service.planner.tile(zoom, x, y, known)
    headers = {"ETag": f'"{found.etag}"', "Cache-Control": f"private, max-age={_TILE_S}"}
    if found.not_modified:
        return Response(status_code=304, headers=headers)
    return Response(found.tile, headers=headers, media_type="application/vnd.mapbox-vector-tile")


@pages.get("/company/day/events", access=Access.STAFF, roles=PLANNERS)
async def events(request: Request) -> Response:
    """Server-sent events: what happened to the team; each is a hint to look again."""
    asked = await _asked(request)
    if portal_of(request).feeds.full():
        raise ProblemError(Problem.TOO_MANY)
    last = request.headers.get("Last-Event-ID", "")
    return StreamingResponse(
        _stream(request, asked.unit.team, last),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _stream(request: Request, team: str, last_id: str) -> AsyncIterator[bytes]:
    """Ends with the portal, and soon after the session does."""
    portal = portal_of(request)
    closing = asyncio.ensure_future(portal.closing.wait())
    try:
        async with portal.feeds.listening(team, last_id) as queue:
            yield b": open\n\n"
            beats = 0
            while not closing.done():
                told = await _next(queue, closing)
                if told is not None:
                    yield _framed(told)
                    continue
                beats += 1
                if beats % _CHECK_SESSION_EVERY == 0 and not await _still_in(request):
                    return
                yield b": beat\n\n"
    finally:
        closing.cancel()


async def _next(queue: asyncio.Queue[Told], closing: asyncio.Future[Any]) -> Told | None:
    """The next event; None when nothing came for a while, or the portal stops."""
    getting = asyncio.ensure_future(queue.get())
    try:
        await asyncio.wait({getting, closing}, timeout=_BEAT_S, return_when=asyncio.FIRST_COMPLETED)
        return getting.result() if getting.done() else None
    finally:
        getting.cancel()  # the browser may have gone away meanwhile


async def _still_in(request: Request) -> bool:
    token = request.cookies.get(STAFF_SESSION)
    return bool(token) and await staff_session(portal_of(request), token or "") is not None


def _framed(told: Told) -> bytes:
    values = {name: value for name, value in asdict(told).items() if name != "id"}
    head = f"id: {told.id}\n" if told.id else ""
    return f"{head}event: team\ndata: ".encode() + orjson.dumps(values) + b"\n\n"


async def _asked(request: Request) -> Asked:
    asked = await asked_of(request)
    if asked is None:
        raise ProblemError(Problem.NOT_FOUND)
    return asked


def _lists(asked: Asked, read: Any) -> dict[str, Any]:
    return {
        "rows": read.rows,
        "unplaced": read.unplaced,
        "more_unplaced": read.more_unplaced,
        "zone": asked.unit.time_zone,
        "colours": COLOURS,
        "broken_word": partial(day_words.word, day_words.BROKEN),
        "waiting_word": partial(day_words.word, day_words.WAITING),
        "no_shift_word": partial(day_words.word, day_words.NO_SHIFT),
        "route_word": partial(day_words.word, day_words.ROUTE_STATES),
        "stop_word": partial(day_words.word, day_words.STOP_STATES),
    }


def _said(request: Request, zone: str, stop: StopRow) -> str:
    """What a stop says to somebody who rests on it."""
    words = words_of(request)
    parts = [spoken_span(stop.start, stop.end, zone), stop.title, stop.address]
    if stop.promise:
        told = spoken_span(*stop.promise, zone)
        parts.append(words.gettext("promised %(window)s", window=told))
    parts.append(words.gettext(day_words.word(day_words.STOP_STATES, stop.state)))
    if stop.at_risk:
        parts.append(words.gettext("will be late"))
    return " · ".join(filter(None, parts))


def _date(text: str | None, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        raise ProblemError(Problem.BAD_REQUEST) from None


def _address(path: str, unit: str, day: date) -> str:
    return f"{path}?{urlencode({'unit': unit, 'date': day.isoformat()})}"


def _json(values: dict[str, Any]) -> Response:
    return Response(orjson.dumps(values), media_type="application/json")
