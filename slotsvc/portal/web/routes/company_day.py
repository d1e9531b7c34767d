"""The planner's day, read-only: as a page, as data for timeline and map, and as it happens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from slotsvc.portal.company.units import Unit, all_units
from slotsvc.portal.day import words as day_words
from slotsvc.portal.day.board import COLOURS, board
from slotsvc.portal.day.client_names import ClientNames, client_names
from slotsvc.portal.day.map_lines import map_lines
from slotsvc.portal.day.read_day import (
    LATER_DAYS,
    Day,
    broken_later,
    read_day,
    read_routes,
    road,
    street_map,
)
from slotsvc.portal.day.rows import StopRow
from slotsvc.portal.formats import spoken_span
from slotsvc.portal.languages import Words
from slotsvc.portal.unit_settings import shown_unit
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import fragment, render, see_other
from slotsvc.portal.web.request import portal_of, words_of
from slotsvc.portal.web.security import content_security_policy
from slotsvc.portal.web.team_stream import team_stream

pages = Pages()
PLANNERS = {StaffRole.PLANNER, StaffRole.ADMINISTRATOR}
PAGE = "/company/day"

_ONE_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
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


@dataclass(frozen=True, slots=True)
class Shown:
    """A day, and the names of its clients."""

    day: Day
    clients: ClientNames


@pages.get(PAGE, access=Access.STAFF, roles=PLANNERS)
async def day(request: Request) -> Response:
    """The page. Without a script it is complete as lists."""
    asked = await asked_of(request)
    if asked is None:
        return see_other("/company/")
    service = portal_of(request).service
    listed, teams, streets = await asyncio.gather(
        _lists(request, asked), service.catalogue.teams(), street_map(service)
    )
    team = teams.get(asked.unit.team)
    return render(
        request,
        "day/day.html",
        headers={"Content-Security-Policy": content_security_policy(worker_src="'self' blob:")},
        units=[shown_unit(one, one.live) for one in asked.units],
        team=team.display_name if team else asked.unit.team.rpartition("/")[2],
        streets=streets,
        **_head(asked),
        **listed,
    )


@pages.get("/company/day/lists", access=Access.STAFF, roles=PLANNERS)
async def lists(request: Request) -> Response:
    """The lists of the page alone, to put in place of those that are shown."""
    asked = await _asked(request)
    return fragment(request, "day/lists.html", **await _lists(request, asked))


@pages.get("/company/day/board.json", access=Access.STAFF, roles=PLANNERS)
async def board_data(request: Request) -> Response:
    """What the timeline draws."""
    asked = await _asked(request)
    shown = await _shown(request, asked)
    say = partial(_said, words_of(request), asked.unit.time_zone, shown.clients)
    return _json(board(shown.day.rows, asked.zone, say, portal_of(request).clock()))


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
    known = request.headers.get("If-None-Match", "").removeprefix("W/").strip('"')
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
        team_stream(request, asked.unit.team, last),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _asked(request: Request) -> Asked:
    asked = await asked_of(request)
    if asked is None:
        raise ProblemError(Problem.NOT_FOUND)
    return asked


async def _shown(request: Request, asked: Asked) -> Shown:
    portal = portal_of(request)
    read = await read_day(portal.service, asked.unit.team, asked.day)
    names = await portal.database.read(lambda tx: client_names(tx, asked.unit.id, read.clients))
    return Shown(read, names)


def _head(asked: Asked) -> dict[str, Any]:
    return {
        "unit": shown_unit(asked.unit, asked.unit.live),
        "today": asked.today,
        "day_before": asked.day - _ONE_DAY,
        "day_after": asked.day + _ONE_DAY,
        "data_url": lambda path: _address(path, asked.unit.id, asked.day),
    }


async def _lists(request: Request, asked: Asked) -> dict[str, Any]:
    shown, later = await asyncio.gather(
        _shown(request, asked),
        broken_later(portal_of(request).service, asked.unit.team, asked.day),
    )
    return _words_of_lists() | {
        "day": asked.day,
        "day_url": partial(_address, PAGE, asked.unit.id),
        "rows": shown.day.rows,
        "unplaced": shown.day.unplaced,
        "more_unplaced": shown.day.more_unplaced,
        "broken_later": later,
        "later_days": LATER_DAYS,
        "clients": shown.clients,
        "zone": asked.unit.time_zone,
        "colours": COLOURS,
    }


def _words_of_lists() -> dict[str, Any]:
    return {
        "broken_word": partial(day_words.word, day_words.BROKEN),
        "waiting_word": partial(day_words.word, day_words.WAITING),
        "no_shift_word": partial(day_words.word, day_words.NO_SHIFT),
        "route_word": partial(day_words.word, day_words.ROUTE_STATES),
        "stop_word": partial(day_words.word, day_words.STOP_STATES),
    }


def _said(words: Words, zone: str, clients: ClientNames, stop: StopRow) -> str:
    """What a stop says to somebody who rests on it."""
    client = clients.get(stop.client)
    parts = [
        spoken_span(stop.start, stop.end, zone),
        stop.title,
        client.name if client else stop.client,
        stop.address,
        words.gettext(day_words.word(day_words.STOP_STATES, stop.state)),
    ]
    if stop.promise:
        told = spoken_span(*stop.promise, zone)
        parts.append(words.gettext("promised %(window)s", window=told))
    if stop.at_risk:
        parts.append(words.gettext("will be late"))
    return " · ".join(filter(None, parts))


def _date(text: str | None, today: date) -> date:
    try:
        asked = date.fromisoformat(text) if text else today
    except ValueError:
        raise ProblemError(Problem.BAD_REQUEST) from None
    if not _FIRST_YEAR <= asked.year < _LAST_YEAR:
        raise ProblemError(Problem.BAD_REQUEST)
    return asked


def _address(path: str, unit: str, day: date) -> str:
    return f"{path}?{urlencode({'unit': unit, 'date': day.isoformat()})}"


def _json(values: dict[str, Any]) -> Response:
    return Response(orjson.dumps(values), media_type="application/json")
