"""A client with visits, as the booking tests need him: real engine, real pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.calls import fresh_id
from benchmarks.company import DOWNTOWN, Place
from slotsvc.cli.wire import pb_place
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.portal.messages.sink import sunk_letters
from slotsvc.portal.service.client_calls import Search
from slotsvc.portal.tables.schema import ACTIONS, ACTIVITY_TYPES
from tests.portal.portal_fixtures import UNIT, Visitor, World, running_world

_TOKEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass
class Household:
    """A world in which Anna, of one client, has a site and an activity type is shown."""

    world: World
    site: str
    client: str
    contact: str
    anna: Visitor
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The engine's reference of the client."""
        return self.client

    async def visit(self, **changed: Any) -> str:
        """Work without a place, of Anna's client; gives its id."""
        company = self.world.company
        told: dict[str, Any] = {
            "site": self.site,
            "activity_type": f"{company.tenant}/activityTypes/service",
            "team": company.team,
            "client": self.ref,
        }
        request = visits.CreateVisitRequest(
            parent=company.tenant, visit=visits.Visit(**told | changed), request_id=fresh_id()
        )
        made = (await self.world.service.calls.visits.CreateVisit(request)).visit
        return made.name.rpartition("/")[2]

    async def show(self, activity_type: str = "service", unit: str = UNIT, **changed: Any) -> None:
        """Shows an activity type to clients."""
        row: dict[str, Any] = {
            "name": f"{self.world.company.tenant}/activityTypes/{activity_type}",
            "shown": True,
            "title": {"en": "Boiler service", "fr": "Entretien de la chaudière"},
            "text": {},
            "steps": [{"step": "parts", "label": {"en": "Parts are ordered"}}],
        }
        await self.world.insert(ACTIVITY_TYPES, business_unit=unit, **row | changed)

    async def action(self, kind: str, unit: str = UNIT, **changed: Any) -> None:
        """Configures an action."""
        self.numbers["action"] = self.numbers.get("action", 0) + 1
        row: dict[str, Any] = {
            "id": f"action-{self.numbers['action']}",
            "kind": kind,
            "label": {},
            "enabled": True,
            "proof_needed": False,
            "conditions": {},
        }
        await self.world.insert(ACTIONS, business_unit=unit, **row | changed)

    async def later(self, span: timedelta) -> None:
        """Time goes by, and Anna signs in again."""
        self.world.clock.pass_(span)
        self.anna = await self.world.signed_in_client(self.contact)

    async def engine_visit(self, id: str) -> visits.Visit:
        """The visit as the engine has it."""
        name = f"{self.world.company.tenant}/visits/{id}"
        request = visits.GetVisitRequest(name=name)
        return (await self.world.service.calls.visits.GetVisit(request)).visit

    async def held(self, visit: str, n: int = 0, visitor: Visitor | None = None) -> httpx.Response:
        """The page of the hold on the n-th offer for the visit."""
        visitor = visitor or self.anna
        page = await visitor.get(f"/{UNIT}/visits/{visit}/slots")
        answer = await visitor.submit(page, "/hold", token=tokens(page)[n])
        assert answer.status_code == 303, answer.text
        return await visitor.followed(answer)

    async def booked(self, visit: str, n: int = 9) -> httpx.Response:
        """The page of the visit, booked through the portal."""
        page = await self.held(visit, n)
        return await self.anna.followed(await self.anna.submit(page, "/confirm"))

    async def first_window(self, visit: str) -> tuple[datetime, datetime]:
        """The window that the page of offers shows first."""
        desk = self.world.portal.service.for_client(self.ref)
        name = f"{self.world.company.tenant}/visits/{visit}"
        found = await desk.search(
            Search(team=self.world.company.team, visit=name, max_slots_per_day=8)
        )
        window = min(slot.window for slot in found)
        return window.start, window.end

    async def letters(self, directory: Path, count: int) -> list[str]:
        """The kinds of the letters sent, oldest first, once there are ``count``."""
        for _ in range(100):
            sent = sunk_letters(directory) if directory.exists() else []
            if len(sent) >= count:
                break
            await asyncio.sleep(0.05)
        return [letter.kind for letter in sent]

    async def taken(self, window_start: datetime, window_end: datetime) -> None:
        """A planner fills the window until nobody fits in."""
        calls = self.world.service.calls
        while True:
            search = self.world.company.search(max_slots=1)
            within = search.request.allowed_windows.add()
            within.start_time.FromDatetime(window_start)
            within.end_time.FromDatetime(window_end)
            found = (await calls.slots.SuggestSlots(search)).slots
            if not found:
                return
            await calls.visits.BookVisit(
                visits.BookVisitRequest(token=found[0].token, request_id=fresh_id())
            )


def tokens(page: httpx.Response) -> list[str]:
    """The offers of a page, in its order."""
    found = _TOKEN.findall(page.text)
    assert found, f"no offers on {page.url} ({page.status_code})"
    return list(found)


async def new_site(
    world: World, id: str, client: str, place: Place = DOWNTOWN, **fields: Any
) -> str:
    """A registered place of a client; gives its resource name."""
    fields = {"display_name": id.title(), "address": f"{id} street"} | fields
    site = cal.Site(location=pb_place(*place), client=client, **fields)
    await world.service.calls.calendar.CreateSite(
        cal.CreateSiteRequest(
            parent=world.company.tenant, site_id=id, site=site, request_id=fresh_id()
        )
    )
    return f"{world.company.tenant}/sites/{id}"


async def engine_offer(world: World, visit: str) -> slots.Slot:
    """An offer for a stored visit, as planners get it."""
    search = world.company.search(visit=f"{world.company.tenant}/visits/{visit}", max_slots=1)
    return (await world.service.calls.slots.SuggestSlots(search)).slots[0]


@asynccontextmanager
async def running_household(data_dir: Path, **options: Any) -> AsyncIterator[Household]:
    """The company with Anna and her site "home"; she is signed in and proven."""
    async with running_world(data_dir, **options) as world:
        client = await world.client()
        contact = await world.contact("Anna", client=client, email="anna@example.org", locale="en")
        site = await new_site(world, "home", client)
        household = Household(world, site, client, contact, await world.signed_in_client(contact))
        await household.show()
        yield household


FIVE_MINUTES = timedelta(minutes=5)
