"""Why not this technician in this window, what would open it, and that it really would."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.calls import fresh_id
from benchmarks.company import Company
from slotsvc.cli.wire import pb_date, pb_window
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from tests.e2e.days import TODAY, TOMORROW
from tests.service_fixtures import RunningService, booked, cancelled, held, offered, refused

ANN = "tenants/acme/technicians/ann"
TWO_AND_A_HALF = {"seconds": 150 * 60}
HOUR = timedelta(hours=1)


def why(
    company: Company, window: tuple[int, int] | None, on: date = TOMORROW, **more: object
) -> slots.WhyNotRequest:
    """Ann, on a day, between two hours of the clock; None: all windows of the grid."""
    request = slots.WhyNotRequest(team=company.team, technician=ANN, max_repairs=20)
    request.request.CopyFrom(company.search(on=on, **more).request)  # type: ignore[arg-type]
    if window is None:
        request.date.CopyFrom(pb_date(on))
    else:
        start, end = (company.at(on, 0) + hour * HOUR for hour in window)
        request.window.CopyFrom(pb_window(start, end))
    return request


async def asked(service: RunningService, request: slots.WhyNotRequest) -> slots.WindowVerdict:
    """The verdict on the one window."""
    (verdict,) = (await service.calls.slots.WhyNot(request)).verdicts
    return verdict


def reasons(verdict: slots.WindowVerdict) -> list[str]:
    """What stands in the way."""
    names = (types.RejectionReason.Name(block.reason) for block in verdict.blocks)
    return [name.removeprefix("REJECTION_REASON_") for name in names]


def ways(verdict: slots.WindowVerdict) -> dict[str, slots.Change]:
    """Single changes by kind."""
    single = [r.changes[0] for r in verdict.repairs if len(r.changes) == 1]
    names = (slots.ChangeKind.Name(change.kind) for change in single)
    return {n.removeprefix("CHANGE_KIND_"): c for n, c in zip(names, single, strict=True)}


async def test_a_possible_window_is_a_slot_that_can_be_held(
    service: RunningService, company: Company
) -> None:
    """On the offer grid or not; its cost is the sum of its parts, and it is compared with the
    best."""
    verdict = await asked(service, why(company, (9, 11)))
    assert not verdict.blocks
    assert not verdict.repairs
    slot = verdict.slot
    assert slot.place.technician == ANN
    assert sum(part.cost_millis for part in slot.components) == slot.cost_millis
    assert (slot.rank, slot.recommended) == (0, False)
    assert verdict.message == f"Possible: {slot.why}"
    assert (await held(service.calls, slot)).window == verdict.window


async def test_a_window_of_the_grid_costs_what_a_search_says(
    service: RunningService, company: Company
) -> None:
    """Every window of the day is judged, those that a search offers are possible at its cost."""
    await booked(service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0])
    search = company.search(on=TOMORROW, max_slots=50, max_slots_per_day=50)
    found = {
        s.window.start_time.seconds: s.cost_millis for s in await offered(service.calls, search)
    }
    answer = await service.calls.slots.WhyNot(why(company, None))
    assert len(answer.verdicts) == 4
    possible = {
        v.window.start_time.seconds: v.slot.cost_millis
        for v in answer.verdicts
        if v.HasField("slot")
    }
    assert possible == found


async def test_overtime_that_is_enough_is_enough(service: RunningService, company: Company) -> None:
    """Given so much overtime Ann can do it, with a minute less she cannot."""
    verdict = await asked(service, why(company, (18, 19)))
    assert reasons(verdict) == ["OUTSIDE_SHIFT"]
    minutes = ways(verdict)["OVERTIME"].size // 60
    assert all(repair.least for repair in verdict.repairs)
    for allowed in (minutes - 1, minutes):
        await overtime(service, allowed)
        verdict = await asked(service, why(company, (18, 19)))
        assert verdict.HasField("slot") == (allowed == minutes)


async def overtime(service: RunningService, minutes: int) -> None:
    """Ann may work so much longer."""
    who = await service.calls.calendar.GetTechnician(cal.GetTechnicianRequest(name=ANN))
    who.technician.max_overtime.FromSeconds(minutes * 60)
    request = cal.UpdateTechnicianRequest(technician=who.technician, request_id=fresh_id())
    await service.calls.calendar.UpdateTechnician(request)


async def test_moving_away_the_named_visit_makes_room(
    service: RunningService, company: Company
) -> None:
    """The visit that is named to be moved is enough; it is gone, and the window is open."""
    search = company.search(on=TOMORROW, service_duration=TWO_AND_A_HALF)
    for _ in range(3):
        await booked(service.calls, (await offered(service.calls, search))[0])
    request = why(company, (8, 10), service_duration=TWO_AND_A_HALF)
    verdict = await asked(service, request)
    assert reasons(verdict) == ["NO_ROOM"]
    change = ways(verdict)["MOVE_VISIT_AWAY"]
    assert change.visit.removeprefix("tenants/acme/visits/") in " ".join(
        repair.message for repair in verdict.repairs
    )
    await cancelled(service.calls, change.visit)
    assert (await asked(service, request)).HasField("slot")


async def test_a_missing_tag_is_the_one_thing_to_give(
    service: RunningService, company: Company
) -> None:
    """And with nothing else in the way, the one change that is told."""
    verdict = await asked(service, why(company, (8, 10), required_tags=["boiler"]))
    assert reasons(verdict) == ["MISSING_TAG"]
    assert ways(verdict)["GIVE_TAG"].subject == "boiler"
    assert verdict.message == (
        "Not possible. The tag “boiler” is missing. Give the technician the tag “boiler”."
    )


async def test_what_no_single_change_opens_is_told_together(
    service: RunningService, company: Company
) -> None:
    """A tag is missing, and the window lies outside the shift."""
    verdict = await asked(service, why(company, (18, 19), required_tags=["boiler"]))
    assert set(reasons(verdict)) == {"MISSING_TAG", "OUTSIDE_SHIFT"}
    assert not ways(verdict)
    assert {slots.CHANGE_KIND_GIVE_TAG, slots.CHANGE_KIND_OVERTIME} in [
        {change.kind for change in repair.changes} for repair in verdict.repairs
    ]


async def test_a_day_told_to_the_technician_may_be_reordered(
    service: RunningService, company: Company
) -> None:
    """A published day keeps its order: letting it go is a way out, and it is what the planner's
    wish to reorder published days does."""
    calls = service.calls
    first = why(company, (8, 15), service_duration={"seconds": 210 * 60})
    last = why(company, (13, 14), service_duration={"seconds": 240 * 60})
    for wanted in (first, last, why(company, (11, 12))):
        visit = await booked(calls, (await asked(service, wanted)).slot)
        if wanted is last:
            third = visit.name
    await cancelled(calls, third)  # the others came before it in this order, and stay so
    await calls.plan.PublishRoutes(
        plan.PublishRoutesRequest(
            team=company.team,
            first_date=pb_date(TOMORROW),
            last_date=pb_date(TOMORROW),
            request_id=fresh_id(),
        )
    )
    request = why(company, (8, 9))
    kept = await asked(service, request)
    assert reasons(kept) == ["NO_ROOM"]
    assert "REORDER" in ways(kept)
    request.resequence_published = True
    assert (await asked(service, request)).HasField("slot")


async def test_a_day_off_has_reasons_and_no_way_out(
    service: RunningService, company: Company
) -> None:
    """What a planner cannot change in the plan is only explained."""
    absence = company.at(TOMORROW, 0)
    await company.absence(ANN, absence, absence + timedelta(days=1))
    verdict = await asked(service, why(company, (8, 10)))
    assert reasons(verdict) == ["ABSENT"]
    assert not verdict.repairs
    assert verdict.message.startswith("Not possible. Away all day.")


async def test_a_window_that_has_begun_is_told_as_such(
    service: RunningService, company: Company
) -> None:
    """No change makes yesterday possible."""
    verdict = await asked(service, why(company, (7, 8), on=TODAY))
    assert "NOTICE" in reasons(verdict)
    assert not verdict.repairs


async def test_what_is_asked_wrongly_is_refused_field_by_field(
    service: RunningService, company: Company
) -> None:
    """Nobody of that name, no time, a window of two days, or years away: a team's days are not read
    without end."""
    request = why(company, (8, 10))
    request.technician = "tenants/acme/technicians/zoe"
    assert (await refused(service.calls.slots.WhyNot(request))).reason == "NOT_FOUND"
    request = why(company, (0, 30))
    found = await refused(service.calls.slots.WhyNot(request))
    assert found.violations == (("window", "at most 24 hours long"),)
    for years in (-20, 2, 169):
        request = why(company, (8, 10), on=TODAY.replace(year=TODAY.year + years))
        request.request.ClearField("allowed_dates")
        found = await refused(service.calls.slots.WhyNot(request))
        assert found.violations == (("window", "at most 366 days from the days of the request"),)
    request.ClearField("window")
    found = await refused(service.calls.slots.WhyNot(request))
    assert found.fields == {"when"}
