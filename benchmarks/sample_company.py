"""Company acme with two technicians and two clients, each with a site, a visit and a hold: what
``sample_requests`` speaks of."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.calls import Calls, fresh_id
from benchmarks.company import DOWNTOWN, Company
from slotsvc.cli.wire import pb_date, pb_place
from slotsvc.pb.v1 import access_service_pb2 as access
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
from slotsvc.pb.v1.options_pb2 import ROLE_PLANNER

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
    key = access.ApiKey(display_name="spare", role=ROLE_PLANNER)
    make = access.CreateApiKeyRequest(parent=company.tenant, api_key=key, request_id=fresh_id())
    made = await AccessServiceStub(calls.channel).CreateApiKey(make)
    names["key"] = made.api_key.name
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
    await _layers(calls, company, names, tomorrow + timedelta(days=40))


async def _layers(calls: Calls, company: Company, names: Names, day: date) -> None:
    """A van, a closure, and a loan to a second team."""
    tenant, on = company.tenant, pb_date(day)
    van = cal.CreateVanRequest(parent=tenant, van_id="van", van=cal.Van(display_name="Van"))
    closure = cal.CreateClosureRequest(
        parent=tenant, closure_id="shut", closure=cal.Closure(first_date=on, last_date=on)
    )
    south = cal.Team(display_name="South", time_zone="Europe/Monaco")
    team = cal.CreateTeamRequest(parent=tenant, team_id="south", team=south)
    names["other_team"] = f"{tenant}/teams/south"
    lent = cal.Loan(to_team=names["other_team"], first_date=on, last_date=on)
    loan = cal.CreateLoanRequest(parent=names["ann"], loan_id="lent", loan=lent)
    for method, request in (
        (calls.calendar.CreateVan, van),
        (calls.calendar.CreateClosure, closure),
        (calls.calendar.CreateTeam, team),
        (calls.calendar.CreateLoan, loan),
    ):
        request.request_id = fresh_id()
        await method(request)
    names |= {"van": f"{tenant}/vans/van", "closure": f"{tenant}/closures/shut"}
    names |= {"loan": f"{names['ann']}/loans/lent", "tag": company.tags[0]}


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
