"""The demo's three portal clients: their places and their visits, made through the API.

One lives in a house, one manages several, one is an occupant of a managed house. They are invented;
streets and positions: © OpenStreetMap contributors, Open Database License.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from slotsvc.cli.channel import new_request_id
from slotsvc.cli.demo_setup import TEAM, TENANT
from slotsvc.cli.failure import CommandError
from slotsvc.cli.wire import pb_date, pb_place

if TYPE_CHECKING:
    from slotsvc.cli.demo_calls import DemoCalls
    from slotsvc.pb.v1.visit_service_pb2 import Visit

OWNER = "camille-moreau"
MANAGER = "azur-gestion"


@dataclass(frozen=True, slots=True)
class ClientSite:
    """A place of ``client``, the engine's reference."""

    id: str
    client: str
    name: str
    address: str
    lat: float
    lon: float

    @property
    def resource(self) -> str:
        """Its resource name."""
        return f"{TENANT}/sites/{self.id}"


@dataclass(frozen=True, slots=True)
class ClientVisit:
    """Work to be done at ``site``. ``booked_from``: on the best slot from that working day on;
    None: it waits to be booked by the client."""

    site: ClientSite
    activity: str
    booked_from: int | None = None

    @property
    def activity_type(self) -> str:
        """Its resource name."""
        return f"{TENANT}/activityTypes/{self.activity}"


HOME = ClientSite("villa-mimosa", OWNER, "Villa Mimosa", "Rue Victor Hugo, Les Monegetti",
                  43.7361, 7.4144)  # fmt: skip
PINS = ClientSite("residence-les-pins", MANAGER, "Résidence Les Pins",
                  "Avenue des Pins, Monaco-Ville", 43.73161, 7.42562)  # fmt: skip
PANORAMA = ClientSite("le-panorama", MANAGER, "Le Panorama", "Rue Imberty, La Condamine",
                      43.73376, 7.42022)  # fmt: skip
ALBERT = ClientSite("palais-albert", MANAGER, "Palais Albert", "Avenue Albert II, Fontvieille",
                    43.73041, 7.41735)  # fmt: skip
ANNONCIADE = ClientSite("villa-annonciade", MANAGER, "Villa Annonciade",
                        "Avenue de l'Annonciade, La Rousse", 43.74706, 7.43117)  # fmt: skip
SITES = (HOME, PINS, PANORAMA, ALBERT, ANNONCIADE)

TO_BOOK = ClientVisit(HOME, "boiler-service")
"""The one that the demo books through the portal's own pages."""
VISITS = (
    TO_BOOK,
    ClientVisit(HOME, "repair", 3),
    ClientVisit(PINS, "inspection"),
    ClientVisit(PANORAMA, "boiler-service"),
    ClientVisit(PANORAMA, "inspection", 2),
    ClientVisit(ALBERT, "repair", 1),
)


async def create_clients(calls: DemoCalls, days: Sequence[date]) -> str:
    """Sites and visits; what is there already stays as it is. The id of ``TO_BOOK``."""
    await asyncio.gather(*(_create_site(calls, site) for site in SITES))
    names = {}
    for visit in VISITS:
        there = await _there(calls, visit)
        names[visit] = (there or await _create_visit(calls, visit, days)).name
    return names[TO_BOOK].rpartition("/")[2]


async def _create_site(calls: DemoCalls, site: ClientSite) -> None:
    from slotsvc.pb.v1.calendar_service_pb2 import CreateSiteRequest, Site

    request = CreateSiteRequest(
        parent=TENANT,
        site_id=site.id,
        site=Site(
            display_name=site.name,
            location=pb_place(site.lat, site.lon),
            address=site.address,
            client=site.client,
        ),
        request_id=new_request_id(),
    )
    await calls.create(calls.calendar.CreateSite, request)


async def _there(calls: DemoCalls, wanted: ClientVisit) -> Visit | None:
    from slotsvc.pb.v1.visit_service_pb2 import ListUnplacedRequest, ListVisitsRequest

    client = wanted.site.client
    if wanted.booked_from is None:
        waiting = ListUnplacedRequest(parent=TENANT, client=client)
        found = (await calls.ask(calls.visits.ListUnplaced, waiting)).visits
    else:
        placed = ListVisitsRequest(parent=TENANT, client=client)
        found = (await calls.ask(calls.visits.ListVisits, placed)).visits
    same = (
        visit
        for visit in found
        if visit.site == wanted.site.resource and visit.activity_type == wanted.activity_type
    )
    return next(same, None)


async def _create_visit(calls: DemoCalls, wanted: ClientVisit, days: Sequence[date]) -> Visit:
    if wanted.booked_from is None:
        return await _put_in_backlog(calls, wanted)
    return await _book(calls, wanted, days[wanted.booked_from :])


async def _put_in_backlog(calls: DemoCalls, wanted: ClientVisit) -> Visit:
    from slotsvc.pb.v1.visit_service_pb2 import CreateVisitRequest, Visit

    visit = Visit(
        site=wanted.site.resource,
        activity_type=wanted.activity_type,
        client=wanted.site.client,
        team=TEAM,
    )
    request = CreateVisitRequest(parent=TENANT, visit=visit, request_id=new_request_id())
    return (await calls.ask(calls.visits.CreateVisit, request)).visit


async def _book(calls: DemoCalls, wanted: ClientVisit, days: Sequence[date]) -> Visit:
    from slotsvc.pb.v1.slot_service_pb2 import SlotRequest, SuggestSlotsRequest
    from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest

    asked = SlotRequest(
        site=wanted.site.resource,
        activity_type=wanted.activity_type,
        client=wanted.site.client,
        first_date=pb_date(days[0]),
        last_date=pb_date(days[-1]),
    )
    request = SuggestSlotsRequest(team=TEAM, request=asked, max_slots=1)
    slots = (await calls.ask(calls.slots.SuggestSlots, request)).slots
    if not slots:
        raise CommandError("The demo found no slot for its clients.", "DEMO_MISBEHAVED")
    booking = BookVisitRequest(token=slots[0].token, request_id=new_request_id())
    return (await calls.ask(calls.visits.BookVisit, booking)).visit
