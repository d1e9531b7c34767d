"""A client finds a slot, holds it, confirms it, and everybody sees the same."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.calls import fresh_id
from benchmarks.company import DEPOT, DOWNTOWN, Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.e2e.days import TODAY, TOMORROW, WEDNESDAY
from tests.service_fixtures import (
    RunningService,
    booked,
    cancelled,
    confirmed,
    held,
    offered,
    refused,
    visit_now,
)


async def day(service: RunningService, company: Company, on: object = TOMORROW) -> plan.Route:
    """The first technician's route."""
    request = plan.GetDayRequest(team=company.team, date=pb_date(on))  # type: ignore[arg-type]
    return (await service.calls.plan.GetDay(request)).routes[0]


async def test_an_answer_ranks_explains_and_proves(
    service: RunningService, company: Company
) -> None:
    """Slots come ranked from 1, each cost the sum of its parts, one at most recommended, with a
    sentence; the receipt accounts for every cell."""
    answer = await service.calls.slots.SuggestSlots(company.search(on=[TOMORROW, WEDNESDAY]))
    assert [slot.rank for slot in answer.slots] == [1, 2, 3, 4, 5]
    costs = [slot.cost_millis for slot in answer.slots]
    assert costs == sorted(costs)
    for slot in answer.slots:
        assert sum(part.cost_millis for part in slot.components) == slot.cost_millis
        assert slot.why
        assert slot.window.start_time.seconds <= slot.place.start_time.seconds
        assert slot.place.start_time.seconds < slot.window.end_time.seconds
        assert slot.travel_provenance == types.TRAVEL_PROVENANCE_ESTIMATE
    assert sum(slot.recommended for slot in answer.slots) <= 1
    receipt = answer.receipt
    assert receipt.cells == 8
    assert receipt.cells == (
        receipt.cells_rejected
        + receipt.cells_evaluated
        + receipt.cells_pruned
        + receipt.cells_skipped
    )
    assert receipt.as_of.ToDatetime() == service.clock.now().replace(tzinfo=None)
    assert receipt.map_id.startswith("estimate:")


async def test_a_search_reserves_nothing(service: RunningService, company: Company) -> None:
    """The same search twice gives the same slots, apart from the tokens."""
    first = await offered(service.calls, company.search(on=TOMORROW))
    again = await offered(service.calls, company.search(on=TOMORROW))
    for slot in (*first, *again):
        slot.ClearField("token")
    assert first == again


async def test_at_most_so_many_slots_of_one_day(service: RunningService, company: Company) -> None:
    """``max_slots_per_day`` caps each day, ``max_slots`` the answer."""
    search = company.search(on=[TOMORROW, WEDNESDAY], max_slots=3, max_slots_per_day=1)
    found = await offered(service.calls, search)
    assert [slot.place.date.day for slot in found] == [TOMORROW.day, WEDNESDAY.day]


async def test_from_search_to_cancellation(service: RunningService, company: Company) -> None:
    """Held, prolonged, confirmed, read, listed, seen on the day, cancelled: each step shows the
    same visit at the same place, and the cancelled one leaves the day as it was."""
    calls = service.calls
    slot = (await offered(calls, company.search("tenants/acme/sites/casino", on=TOMORROW)))[0]
    hold = await held(calls, slot, external_ref="order-1", note="ring twice")
    assert hold.window == slot.window
    assert hold.extendable
    assert (await visit_now(calls, hold.visit)).state == visits.VISIT_STATE_HELD
    extended = await calls.slots.ExtendHold(
        slots.ExtendHoldRequest(hold=hold.name, request_id=fresh_id())
    )
    assert not extended.hold.extendable

    visit = await confirmed(calls, hold)
    assert visit.name == hold.visit
    assert visit.state == visits.VISIT_STATE_BOOKED
    assert (visit.site, visit.external_ref, visit.note) == (
        "tenants/acme/sites/casino",
        "order-1",
        "ring twice",
    )
    assert visit.promise.window == slot.window
    assert not visit.hold
    assert visit.place.start_time == slot.place.start_time
    assert await visit_now(calls, visit.name) == visit
    listed = await calls.visits.ListVisits(visits.ListVisitsRequest(parent=company.tenant))
    assert list(listed.visits) == [visit]

    route = await day(service, company)
    assert [stop.visit for stop in route.stops] == [visit.name]
    assert route.stops[0].start_time == visit.place.start_time
    assert len(route.transitions) == 2
    assert not route.findings

    gone = await cancelled(calls, visit.name)
    assert gone.state == visits.VISIT_STATE_CANCELLED
    assert not gone.HasField("place")
    assert not (await day(service, company)).stops
    again = await refused(cancelled(calls, visit.name))
    assert (again.code, again.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")


async def test_each_change_of_a_route_grows_its_version_by_one(
    service: RunningService, company: Company
) -> None:
    """Hold, extend, confirm, cancel: 1, 2, 3, 4."""
    calls = service.calls
    slot = (await offered(calls, company.search(on=TOMORROW)))[0]
    assert (await day(service, company)).version == 0
    hold = await held(calls, slot)
    assert (await day(service, company)).version == 1
    await calls.slots.ExtendHold(slots.ExtendHoldRequest(hold=hold.name, request_id=fresh_id()))
    assert (await day(service, company)).version == 2
    visit = await confirmed(calls, hold)
    assert (await day(service, company)).version == 3
    await cancelled(calls, visit.name)
    assert (await day(service, company)).version == 4


async def test_a_held_slot_is_not_offered_to_others(
    service: RunningService, company: Company
) -> None:
    """Four windows, four times two hours of work: each hold or booking takes one of them, the fifth
    search is told that there is no room. Holds alone may not fill a day."""
    search = company.search(on=TOMORROW, service_duration={"seconds": 2 * 3600})
    for left in (4, 3, 2, 1):
        found = await offered(service.calls, search)
        assert len(found) == left
        if left == 2:
            assert (await refused(held(service.calls, found[0]))).reason == "HOLD_LIMIT"
        await (held if left > 2 else booked)(service.calls, found[0])
    answer = await service.calls.slots.SuggestSlots(
        company.search(on=TOMORROW, service_duration={"seconds": 2 * 3600}, max_rejections=10)
    )
    assert not answer.slots
    reasons = {types.RejectionReason.Name(r.reason) for r in answer.rejections}
    assert reasons == {"REJECTION_REASON_NO_ROOM"}


async def test_a_released_hold_gives_its_place_back(
    service: RunningService, company: Company
) -> None:
    """Released, it can be held again from the same token; releasing twice is fine; a released hold
    cannot be confirmed."""
    calls = service.calls
    slot = (await offered(calls, company.search(on=TOMORROW)))[0]
    hold = await held(calls, slot)
    for _ in range(2):
        await calls.slots.ReleaseHold(
            slots.ReleaseHoldRequest(hold=hold.name, request_id=fresh_id())
        )
    assert (await visit_now(calls, hold.visit)).state == visits.VISIT_STATE_RELEASED
    assert (await refused(confirmed(calls, hold))).reason == "HOLD_EXPIRED"
    assert (await held(calls, slot)).window == slot.window


async def test_a_booked_hold_cannot_be_released(service: RunningService, company: Company) -> None:
    """It has to be cancelled."""
    calls = service.calls
    hold = await held(calls, (await offered(calls, company.search(on=TOMORROW)))[0])
    await confirmed(calls, hold)
    release = slots.ReleaseHoldRequest(hold=hold.name, request_id=fresh_id())
    assert (await refused(calls.slots.ReleaseHold(release))).reason == "WRONG_STATE"


async def test_a_slot_can_be_booked_in_one_step(service: RunningService, company: Company) -> None:
    """With a token, held and confirmed at once."""
    slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
    visit = await booked(service.calls, slot, external_ref="order-9", note="at the back")
    assert visit.state == visits.VISIT_STATE_BOOKED
    assert (visit.external_ref, visit.note) == ("order-9", "at the back")
    assert (await day(service, company)).version == 1


async def test_an_external_ref_is_unique_while_its_visit_lives(
    service: RunningService, company: Company
) -> None:
    """A second visit with it is refused until the first is cancelled."""
    calls = service.calls
    found = await offered(calls, company.search(on=TOMORROW))
    first = await booked(calls, found[0], external_ref="order-1")
    for call in (held, booked):
        again = await refused(call(calls, found[1], external_ref="order-1"))
        assert again.code == "ALREADY_EXISTS"
    await cancelled(calls, first.name)
    assert (await booked(calls, found[1], external_ref="order-1")).name != first.name


async def test_visits_are_listed_page_by_page(service: RunningService, company: Company) -> None:
    """In order of date, technician, position, each once; filters narrow the list."""
    calls = service.calls
    await company.technician("bob")
    for on in (TOMORROW, WEDNESDAY):
        for _ in range(3):
            await booked(calls, (await offered(calls, company.search(on=on)))[0])
    names: list[str] = []
    token = ""
    while True:
        page = await calls.visits.ListVisits(
            visits.ListVisitsRequest(parent=company.tenant, page_size=2, page_token=token)
        )
        assert len(page.visits) <= 2
        names += [visit.name for visit in page.visits]
        token = page.next_page_token
        if not token:
            break
    assert len(names) == len(set(names)) == 6
    listed = {}
    for name, wanted in {
        "all": visits.ListVisitsRequest(parent=company.tenant),
        "team": visits.ListVisitsRequest(parent=company.tenant, team=company.team),
        "day": visits.ListVisitsRequest(parent=company.tenant, first_date=pb_date(WEDNESDAY)),
        "none": visits.ListVisitsRequest(parent=company.tenant, last_date=pb_date(TODAY)),
        "held": visits.ListVisitsRequest(parent=company.tenant, state=visits.VISIT_STATE_HELD),
    }.items():
        listed[name] = [v.name for v in (await calls.visits.ListVisits(wanted)).visits]
    assert listed["all"] == listed["team"] == names
    assert listed["day"] == names[3:]
    assert listed["none"] == listed["held"] == []


async def test_a_page_token_belongs_to_its_question(
    service: RunningService, company: Company
) -> None:
    """With another filter, or made up, it is refused."""
    calls = service.calls
    for _ in range(2):
        await booked(calls, (await offered(calls, company.search(on=TOMORROW)))[0])
    first = visits.ListVisitsRequest(parent=company.tenant, page_size=1)
    token = (await calls.visits.ListVisits(first)).next_page_token
    for request in (
        visits.ListVisitsRequest(parent=company.tenant, team=company.team, page_token=token),
        visits.ListVisitsRequest(parent=company.tenant, page_token="made-up"),
    ):
        assert (await refused(calls.visits.ListVisits(request))).fields == {"page_token"}


async def test_a_day_shows_every_technician_with_breaks_and_driving(
    service: RunningService, company: Company
) -> None:
    """Transitions lie before, between and after the stops, and add up; a lunch stands where it is
    taken; a technician without visits has an empty route."""
    await company.technician("bob", lunch=True, tags=["boiler"])
    search = company.search(on=TOMORROW, required_tags=["boiler"])
    for _ in range(3):
        await booked(service.calls, (await offered(service.calls, search))[0])
    request = plan.GetDayRequest(team=company.team, date=pb_date(TOMORROW))
    ann, bob = (await service.calls.plan.GetDay(request)).routes
    assert (ann.technician, bob.technician) == (
        "tenants/acme/technicians/ann",
        "tenants/acme/technicians/bob",
    )
    assert not ann.stops
    assert len(bob.stops) == 3
    assert len(bob.transitions) == 4
    pauses = [pause for gap in bob.transitions for pause in gap.breaks]
    assert len(pauses) == 1
    noon, one = company.at(TOMORROW, 12), company.at(TOMORROW, 13)
    assert noon.timestamp() <= pauses[0].start_time.seconds < one.timestamp()
    driven = sum(gap.travel_duration.seconds for gap in bob.transitions)
    assert driven == bob.travel_duration.seconds
    only = plan.GetDayRequest(team=company.team, date=pb_date(TOMORROW), technician=ann.technician)
    assert list((await service.calls.plan.GetDay(only)).routes) == [ann]


async def test_other_tenants_see_nothing(service: RunningService, company: Company) -> None:
    """A foreign visit, hold or team does not exist."""
    calls = service.calls
    hold = await held(calls, (await offered(calls, company.search(on=TOMORROW)))[0])
    other = await Company(calls, "rival").found()
    theirs = {"visit": hold.visit, "hold": hold.name}
    mine = {name: value.replace("acme", "rival") for name, value in theirs.items()}
    read = visits.GetVisitRequest(name=mine["visit"])
    assert (await refused(calls.visits.GetVisit(read))).code == "NOT_FOUND"
    take = visits.BookVisitRequest(hold=mine["hold"], request_id=fresh_id())
    assert (await refused(calls.visits.BookVisit(take))).code == "NOT_FOUND"
    assert (await refused(cancelled(calls, mine["visit"]))).code == "NOT_FOUND"
    listed = await calls.visits.ListVisits(visits.ListVisitsRequest(parent=other.tenant))
    assert not listed.visits
    foreign = other.search(DOWNTOWN, service_duration={"seconds": 3600})
    foreign.request.site = "tenants/acme/sites/casino"
    assert (await refused(calls.slots.SuggestSlots(foreign))).code == "INVALID_ARGUMENT"


async def test_the_service_counts_what_it_does(service: RunningService, company: Company) -> None:
    """Holds, bookings, cancellations and conflicts appear in the metrics."""
    calls = service.calls
    slot = (await offered(calls, company.search(DEPOT, on=TOMORROW)))[0]
    visit = await confirmed(calls, await held(calls, slot))
    await cancelled(calls, visit.name)
    counted = {
        name: service.metrics.registry.get_sample_value("slotsvc_bookings_total", {"result": name})
        for name in ("held", "booked", "cancelled")
    }
    assert counted == {"held": 1.0, "booked": 1.0, "cancelled": 1.0}


async def test_an_unset_hold_lasts_five_minutes(service: RunningService, company: Company) -> None:
    """And fifteen at most, its extension included."""
    calls = service.calls
    now = service.clock.now()
    hold = await held(calls, (await offered(calls, company.search(on=TOMORROW)))[0])
    assert hold.expire_time.seconds == (now + timedelta(minutes=5)).timestamp()
    service.clock.pass_(timedelta(minutes=4))
    longer = slots.ExtendHoldRequest(hold=hold.name, request_id=fresh_id())
    longer.hold_duration.FromTimedelta(timedelta(minutes=15))
    extended = (await calls.slots.ExtendHold(longer)).hold
    assert extended.expire_time.seconds == (now + timedelta(minutes=15)).timestamp()
    longer.request_id = fresh_id()
    assert (await refused(calls.slots.ExtendHold(longer))).reason == "HOLD_LIMIT"


async def test_an_acknowledgement_names_the_version_it_made(
    service: RunningService, company: Company
) -> None:
    """Hold, booking and cancellation each tell the route's new version; reading tells the same."""
    calls = service.calls
    hold = await held(calls, (await offered(calls, company.search(on=TOMORROW)))[0])
    assert hold.place.route_version == 1
    visit = await confirmed(calls, hold)
    assert visit.place.route_version == 2
    assert (await visit_now(calls, visit.name)).place.route_version == 2
    day = await calls.plan.GetDay(plan.GetDayRequest(team=company.team, date=pb_date(TOMORROW)))
    assert day.routes[0].version == 2
