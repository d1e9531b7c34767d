"""Company acme with two technicians and two clients, each with a site, a visit and a hold: what
``sample_requests`` speaks of."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.calls import Calls, fresh_id
from benchmarks.company import DOWNTOWN, Company
from slotsvc.cli.wire import pb_date, pb_place
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits

A, B = "client-a", "client-b"

type Names = dict[str, str]


async def sample_company(calls: Calls, company: Company, tomorrow: date) -> Names:
    """Adds everything to a company that has its tenant and team; gives the names.

    ``tomorrow``: a date in the near future on which the visits are.
    """
    names: Names = {"tenant": company.tenant, "team": company.team, "client_a": A, "client_b": B}
    for id in ("ann", "ben"):
        names[id] = await company.technician(id)
    names["service"] = await company.activity()
    for client, id in ((A, "site_a"), (B, "site_b")):
        site = cal.Site(display_name=id, location=pb_place(*DOWNTOWN), client=client)
        request = cal.CreateSiteRequest(
            parent=company.tenant, site_id=id, site=site, request_id=fresh_id()
        )
        names[id] = (await calls.calendar.CreateSite(request)).site.name
    await _dates(calls, company, names, tomorrow)
    for letter, technician in (("a", "ann"), ("b", "ben")):
        await _visit_and_hold(calls, company, names, letter, technician, tomorrow)
    search = company.search(names["site_a"], on=tomorrow)
    names["token_of_planner"] = (await calls.slots.SuggestSlots(search)).slots[0].token
    return names


async def _dates(calls: Calls, company: Company, names: Names, tomorrow: date) -> None:
    ann = names["ann"]
    day = company.at(tomorrow + timedelta(days=20), 0)
    await company.absence(ann, day, day + timedelta(days=1))
    exception = cal.ShiftException(date=pb_date(tomorrow + timedelta(days=10)), note="dentist")
    await calls.calendar.CreateShiftException(
        cal.CreateShiftExceptionRequest(
            parent=ann, shift_exception_id="x", shift_exception=exception, request_id=fresh_id()
        )
    )
    names |= {"absence": f"{ann}/absences/away", "exception": f"{ann}/shiftExceptions/x"}


async def _visit_and_hold(
    calls: Calls, company: Company, names: Names, letter: str, technician: str, day: date
) -> None:
    search = company.search(
        names[f"site_{letter}"],
        client=names[f"client_{letter}"],
        required_technicians=[names[technician]],
        on=day,
    )
    found = (await calls.slots.SuggestSlots(search)).slots
    book = visits.BookVisitRequest(token=found[0].token, request_id=fresh_id())
    names[f"visit_{letter}"] = (await calls.visits.BookVisit(book)).visit.name
    hold = slots.HoldSlotRequest(token=found[-1].token, request_id=fresh_id())
    names[f"hold_{letter}"] = (await calls.slots.HoldSlot(hold)).hold.name
