"""The day's addresses: who may look, at what, and what is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from slotsvc.portal.access.staff_sessions import end_staff_sessions
from slotsvc.portal.visitor import StaffRole
from tests.portal.day.bookings import TODAY, booking, waiting
from tests.portal.portal_fixtures import Visitor, World, running_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "/company/day"
DATA = ("/company/day/lists", "/company/day/board.json", "/company/day/lines.json")
TILE = "/company/tiles/14/8530/5974"
WITHIN_S = 2.0


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def planner(world: World) -> Visitor:
    """Signed in with the role that looks at days."""
    return await world.signed_in_staff(role=StaffRole.PLANNER)


@dataclass
class Stream:
    """Server-sent events of one open page."""

    answer: httpx.Response
    lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next event's data, with its id; comments are passed over."""
        told: dict[str, Any] = {}
        async with asyncio.timeout(WITHIN_S):
            async for line in self.lines:
                name, _, value = line.partition(": ")
                if name == "id":
                    told["id"] = value
                if name == "data":
                    return told | json.loads(value)
        raise AssertionError("the stream ended")

    async def opened(self) -> None:
        """The first comment came: from now on nothing is missed."""
        async with asyncio.timeout(WITHIN_S):
            assert await anext(self.lines) == ": open"

    async def ended(self) -> None:
        """The other side says that there is no more."""
        async with asyncio.timeout(WITHIN_S):
            async for _ in self.lines:
                pass


@asynccontextmanager
async def streaming(
    world: World, visitor: Visitor, http: httpx.AsyncClient | None = None, **headers: str
) -> AsyncIterator[Stream]:
    """An open page of ``visitor``. ``http``: a connection of its own."""
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    told = {"Cookie": cookie, "Accept": "text/event-stream"} | headers
    url = "/company/day/events?unit=riviera"
    async with (http or world.http).stream("GET", url, headers=told) as answer:
        stream = Stream(answer)
        if answer.status_code == 200:
            await stream.opened()
        yield stream


async def test_planners_and_administrators_look_at_the_day(world: World) -> None:
    """Both roles see the page and its data."""
    for role in (StaffRole.PLANNER, StaffRole.ADMINISTRATOR):
        visitor = await world.signed_in_staff(role=role)
        for path in (PAGE, *DATA):
            assert (await visitor.get(path)).status_code == 200, path


@pytest.mark.parametrize("path", [PAGE, *DATA, TILE, "/company/day/events"])
async def test_nobody_else_does(world: World, path: str) -> None:
    """Strangers and clients are sent to the company's login."""
    client = await world.signed_in_client(await world.contact())
    for visitor in (world.visitor(), client):
        answer = await visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/company/login")


@pytest.mark.parametrize("path", [PAGE, *DATA, "/company/day/events"])
async def test_a_unit_that_there_is_not_is_not_found(planner: Visitor, path: str) -> None:
    """Neither its page nor its data."""
    assert (await planner.get(f"{path}?unit=atlantis")).status_code == 404


@pytest.mark.parametrize("date", ["yesterday", "2030-02-30", "0001-01-01", "9999-12-31"])
async def test_a_date_that_is_none_is_refused(planner: Visitor, date: str) -> None:
    """Also one that no calendar of ours reaches."""
    assert (await planner.get(f"{PAGE}?date={date}")).status_code == 400


async def test_the_page_says_which_day_it_is(planner: Visitor) -> None:
    """In its title and its heading; today unless another is asked for, by the unit's clock."""
    today = await planner.get(PAGE)
    assert "<h1>Monday 3 June</h1>" in today.text
    assert "<title>Monday 3 June – Riviera Heating" in today.text
    other = await planner.get(f"{PAGE}?date=2031-01-01")
    assert "<h1>Wednesday 1 January 2031</h1>" in other.text
    assert "date=2030-12-31" in other.text
    assert "date=2031-01-02" in other.text


async def test_lists_name_work_clients_and_places(world: World, planner: Visitor) -> None:
    """Clients that the portal knows have their name, which leads to their record; others keep the
    engine's reference."""
    record = await world.client("harbour-master", name="Port Authority")
    site = await world.site("harbour-master", "quay")
    await booking(world, client="harbour-master", site=site)
    for client in ("harbour-master", "stranger-7"):
        await waiting(world, client)
    page = await planner.get(PAGE)
    assert page.text.count(f'<a href="/company/clients/{record}">Port Authority</a>') == 2
    assert "stranger-7" in page.text
    assert "Service" in page.text
    board = (await planner.get(f"{PAGE}/board.json")).json()
    said = [one["say"] for one in board["events"] if one.get("visit")]
    assert any("Port Authority" in words and "promised" in words for words in said)
    fragment = await planner.get(f"{PAGE}/lists")
    assert "<h1>" not in fragment.text
    assert "Port Authority" in fragment.text


async def test_what_is_broken_later_is_one_click_away(world: World, planner: Visitor) -> None:
    """The day shows its own; of the 28 days behind it, how many and when."""
    later = TODAY + timedelta(days=10)
    await booking(world, later)
    before = await planner.get(PAGE)
    assert "day-later" not in before.text
    start, end = world.company.at(later, 0), world.company.at(later, 23)
    await world.company.absence(f"{world.company.tenant}/technicians/tech1", start, end)
    page = await planner.get(PAGE)
    assert "1 more in the 28 days behind it:" in page.text
    assert f'<a href="/company/day?unit=riviera&amp;date={later}">Thu 13 Jun (1)</a>' in page.text
    on_the_day = await planner.get(f"{PAGE}?date={later}")
    assert "Nothing is broken." not in on_the_day.text


async def test_the_board_and_the_lines_are_of_the_same_day(world: World, planner: Visitor) -> None:
    """As many stops on the map as on the timeline; the lines follow roads."""
    await booking(world, TODAY + timedelta(days=1))
    query = "?unit=riviera&date=2030-06-04"
    board = (await planner.get(f"{PAGE}/board.json{query}")).json()
    lines = (await planner.get(f"{PAGE}/lines.json{query}")).json()
    stops = [one for one in board["events"] if one.get("visit")]
    points = [one for one in lines["features"] if one["geometry"]["type"] == "Point"]
    roads = [one for one in lines["features"] if one["geometry"]["type"] == "LineString"]
    assert [one["visit"] for one in stops] == [one["properties"]["visit"] for one in points]
    assert len(stops) == len(roads) == 1
    assert len(roads[0]["geometry"]["coordinates"]) > 3


async def test_tiles_are_kept_by_the_browser(planner: Visitor) -> None:
    """A tile of the roads, by its ETag; the same tag needs no second one."""
    answer = await planner.get(TILE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["cache-control"] == "private, max-age=86400"
    assert answer.content
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}"):
        again = await planner.get(TILE, **{"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other = await planner.get(TILE, **{"If-None-Match": '"of-another-map"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path", ["12/2132/1493", "20/0/0", "14/-1/5974", "14/16384/5974", "14/8530/x", "x/0/0"]
)
async def test_tiles_that_there_are_not(planner: Visitor, path: str) -> None:
    """Outside the world, or of a width that the engine does not draw."""
    assert (await planner.get(f"/company/tiles/{path}")).status_code == 404


async def test_the_page_lets_no_more_in_than_the_map_needs(planner: Visitor) -> None:
    """Its policy differs from that of all pages by the map's worker alone; nothing is kept."""
    answer = await planner.get(PAGE)
    policy = answer.headers["content-security-policy"]
    assert "worker-src 'self' blob:" in policy
    assert "script-src 'self';" in policy
    assert answer.headers["cache-control"] == "no-store"


async def test_a_booking_is_told_at_once(world: World, planner: Visitor) -> None:
    """As server-sent events that no proxy may keep back: with an id, and the day concerned."""
    async with streaming(world, planner) as stream:
        headers = stream.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["x-accel-buffering"] == "no"
        assert headers["cache-control"] == "no-store"
        visit = await booking(world)
        told = await stream.next()
        assert (told["kind"], told["visit"]) == ("VISIT_BOOKED", visit.name)
        assert told["day"] == "2030-06-03"
        assert told["id"]


async def test_a_page_goes_on_behind_its_last_event(world: World, planner: Visitor) -> None:
    """What happened while it was away is told when it comes back, while somebody else listened."""
    async with streaming(world, planner) as stays:
        async with streaming(world, planner) as stream:
            await booking(world)
            last = (await stream.next())["id"]
        missed = await booking(world)
        while (await stays.next())["visit"] != missed.name:
            pass
        async with streaming(world, planner, **{"Last-Event-ID": last}) as back:
            seen = [await back.next()]
            while seen[-1]["visit"] != missed.name:
                seen.append(await back.next())
            assert last not in [told["id"] for told in seen]


async def test_the_stream_ends_when_the_session_does(world: World) -> None:
    """With the next beat: signing out, or being disabled, closes pages that are left open."""
    staff = await world.staff(StaffRole.PLANNER)
    visitor = await world.signed_in_staff(staff)
    world.portal.feeds.beat_s = 0.05
    async with streaming(world, visitor) as stream:
        await world.portal.database.write(
            lambda tx: end_staff_sessions(tx, staff, world.clock.now())
        )
        await stream.ended()
    world.portal.feeds.beat_s = 15.0


async def test_listening_is_no_use_of_the_session(world: World) -> None:
    """A page that is left open does not keep it from going idle, nor does one that asks again by
    itself; one on which somebody clicks does."""
    visitor = await world.signed_in_staff(role=StaffRole.PLANNER)
    assert (await visitor.get(PAGE)).status_code == 200
    world.clock.pass_(timedelta(minutes=20))
    async with streaming(world, visitor):
        assert (await visitor.get(DATA[0], **{"X-Unattended": "1"})).status_code == 200
    world.clock.pass_(timedelta(minutes=9))
    assert (await visitor.get(DATA[0])).status_code == 200
    world.clock.pass_(timedelta(minutes=20))
    assert (await visitor.get(DATA[0], **{"X-Unattended": "1"})).status_code == 200
    world.clock.pass_(timedelta(minutes=11))
    assert (await visitor.get(PAGE)).status_code == 303


async def test_without_a_map_the_day_is_there(tmp_path: Path) -> None:
    """The page says so; routes are straight lines, and there are no tiles. When the portal stops it
    does not wait for pages that listen."""
    async with running_world(tmp_path) as world:
        visitor = await world.signed_in_staff(role=StaffRole.PLANNER)
        await booking(world)
        page = await visitor.get(PAGE)
        assert "No street map is set up" in page.text
        assert "data-tiles" not in page.text
        lines = (await visitor.get(f"{PAGE}/lines.json")).json()
        assert {one["geometry"]["type"] for one in lines["features"]} == {"LineString", "Point"}
        assert (await visitor.get(TILE)).status_code == 404
        async with streaming(world, visitor) as stream:
            world.portal.closing.set()
            await stream.ended()


async def test_stopping_does_not_wait_for_open_pages(tmp_path: Path) -> None:
    """Whoever stops the portal has it stopped within moments, though somebody listens."""
    clock = asyncio.get_running_loop().time
    async with running_world(tmp_path) as world:
        visitor = await world.signed_in_staff(role=StaffRole.PLANNER)
        listening = asyncio.create_task(_listen(world, visitor))
        while not world.portal.feeds.listeners:
            await asyncio.sleep(0.01)
        stopped = clock()
    assert clock() - stopped < WITHIN_S
    await listening


async def test_without_units_there_is_no_day(tmp_path: Path) -> None:
    """The page leads to where they are set up."""
    async with running_world(tmp_path, unit=False) as world:
        visitor = await world.signed_in_staff()
        answer = await visitor.get(PAGE)
        assert (answer.status_code, answer.headers["location"]) == (303, "/company/")
        assert (await visitor.get(DATA[0])).status_code == 404


async def _listen(world: World, visitor: Visitor) -> None:
    """Until the portal ends it. Connections of the world are closed before the portal is."""
    async with (
        httpx.AsyncClient(base_url=world.url) as http,
        streaming(world, visitor, http) as stream,
    ):
        await stream.ended()
