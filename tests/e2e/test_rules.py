"""Who may come and when: every rule closes what it must and says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from benchmarks.company import DOWNTOWN, Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1.slot_service_pb2 import Rejection, Slot, SuggestSlotsResponse
from tests.e2e.days import DAY, TODAY, TOMORROW, WEDNESDAY
from tests.service_fixtures import RunningService, booked, confirmed, held, offered, refused

HOUR = timedelta(hours=1)
NINE_HOURS = {"seconds": 9 * 3600}


def reasons(answer: SuggestSlotsResponse) -> dict[str, Rejection]:
    """Rejections by reason."""
    return {
        types.RejectionReason.Name(r.reason).removeprefix("REJECTION_REASON_"): r
        for r in answer.rejections
    }


def who(slots: list[Slot]) -> set[str]:
    """Ids of the technicians."""
    return {slot.place.technician.rpartition("/")[2] for slot in slots}


async def asked(
    service: RunningService, company: Company, **request: object
) -> SuggestSlotsResponse:
    """A search that also wants to know why not."""
    search = company.search(max_rejections=50, **request)  # type: ignore[arg-type]
    return await service.calls.slots.SuggestSlots(search)


async def test_no_slot_is_an_answer_with_reasons(service: RunningService, company: Company) -> None:
    """Empty slots, a reason with a size, and every cell accounted for."""
    answer = await asked(service, company, on=TOMORROW, service_duration={"seconds": 11 * 3600})
    assert not answer.slots
    found = reasons(answer)
    assert set(found) <= {"OUTSIDE_SHIFT", "NO_ROOM"}
    assert sum(r.cells for r in answer.rejections) == answer.receipt.cells == 4
    assert all(r.message for r in answer.rejections)
    assert max(r.margin for r in answer.rejections) > 0
    assert answer.receipt.complete


async def test_a_missing_tag_is_named(service: RunningService, company: Company) -> None:
    """Nobody offers it: the rejection says which tag; somebody does: only that one is offered."""
    answer = await asked(service, company, on=TOMORROW, required_tags=["boiler"])
    assert reasons(answer)["MISSING_TAG"].subject == "boiler"
    assert not answer.slots
    await company.technician("bob", tags=["boiler"])
    answer = await asked(service, company, on=TOMORROW, required_tags=["boiler"])
    assert who(list(answer.slots)) == {"bob"}
    assert reasons(answer)["MISSING_TAG"].technician == "tenants/acme/technicians/ann"


async def test_required_and_forbidden_technicians(
    service: RunningService, company: Company
) -> None:
    """Required: nobody else. Forbidden: never. The others' rejections say so."""
    ann, bob = "tenants/acme/technicians/ann", await company.technician("bob")
    only = await asked(service, company, on=TOMORROW, required_technicians=[bob])
    assert who(list(only.slots)) == {"bob"}
    assert reasons(only)["NOT_THIS_TECHNICIAN"].technician == ann
    never = await asked(service, company, on=TOMORROW, forbidden_technicians=[bob])
    assert who(list(never.slots)) == {"ann"}
    both = await asked(
        service, company, on=TOMORROW, required_technicians=[bob], forbidden_technicians=[bob]
    )
    assert not both.slots


@pytest.mark.parametrize("wish", ["preferred_technicians", "last_technician"])
async def test_a_preferred_technician_ranks_first(
    service: RunningService, company: Company, wish: str
) -> None:
    """Others pay the documented weight, and may still be offered."""
    bob = await company.technician("bob", home=(43.70, 7.35))
    value = bob if wish == "last_technician" else [bob]
    weights = {"weights": {"travel": 0.0, "waiting": 0.0}}
    answer = await asked(service, company, on=TOMORROW, options=weights, **{wish: value})
    assert answer.slots[0].place.technician == bob
    parts = {part.name: part.cost_millis for part in answer.slots[0].components}
    assert parts["technician"] == 0


async def test_a_preferred_window_ranks_first(service: RunningService, company: Company) -> None:
    """The afternoon is preferred: its windows come first, the others pay."""
    wish = {
        "start_time": {"seconds": int(company.at(TOMORROW, 15).timestamp())},
        "end_time": {"seconds": int(company.at(TOMORROW, 17).timestamp())},
    }
    found = (await asked(service, company, on=TOMORROW, preferred_windows=[wish])).slots
    assert found[0].window.start_time.seconds == wish["start_time"]["seconds"]
    paid = [{p.name: p.cost_millis for p in slot.components}["window"] for slot in found]
    assert paid == [0, 900_000, 900_000, 900_000]


async def test_allowed_windows_and_dates_bound_the_offers(
    service: RunningService, company: Company
) -> None:
    """Only windows that lie inside, only days that are named."""
    inside = {
        "start_time": {"seconds": int(company.at(TOMORROW, 9).timestamp())},
        "end_time": {"seconds": int(company.at(TOMORROW, 16).timestamp())},
    }
    found = (await asked(service, company, allowed_windows=[inside])).slots
    starts = [slot.window.start_time.seconds for slot in found]
    assert sorted(starts) == [company.at(TOMORROW, hour).timestamp() for hour in (10, 13)]
    found = (
        await asked(service, company, first_date=pb_date(TOMORROW), last_date=pb_date(TOMORROW))
    ).slots
    assert {slot.place.date.day for slot in found} == {TOMORROW.day}


async def test_notice_closes_what_is_too_soon(service: RunningService, company: Company) -> None:
    """It is 8:00: with 4 hours' notice today's windows begin at 13:00; the request's notice stands
    above the activity's, none included."""
    await company.activity("planned", notice=4 * HOUR)
    kind = f"{company.tenant}/activityTypes/planned"
    answer = await asked(service, company, on=TODAY, activity_type=kind)
    first = min(slot.window.start_time.seconds for slot in answer.slots)
    assert first == company.at(TODAY, 13).timestamp()
    assert reasons(answer)["NOTICE"].cells == 2
    day_off = await asked(
        service, company, on=TODAY, activity_type=kind, notice={"seconds": 86_400}
    )
    assert not day_off.slots
    none = await asked(service, company, on=TODAY, activity_type=kind, notice={"seconds": 0})
    first = min(slot.window.start_time.seconds for slot in none.slots)
    assert first < company.at(TODAY, 13).timestamp()


async def test_the_horizon_closes_what_is_too_far(
    service: RunningService, company: Company
) -> None:
    """Three days ahead and no further, with a reason."""
    await company.activity("soon", horizon=3 * DAY)
    kind = f"{company.tenant}/activityTypes/soon"
    answer = await asked(
        service,
        company,
        activity_type=kind,
        max_slots=50,
        last_date=pb_date(TODAY + 10 * DAY),
        options={"weights": {"day_away": 0.0}},
    )
    latest = max(slot.window.start_time.seconds for slot in answer.slots)
    assert latest <= (service.clock.now() + 3 * DAY).timestamp()
    assert reasons(answer)["HORIZON"].cells > 0


async def test_days_beyond_the_horizon_give_no_slot_and_a_reason(
    service: RunningService, company: Company
) -> None:
    """Asked for a day far ahead: an empty answer that says HORIZON."""
    far = TODAY + 200 * DAY
    answer = await asked(service, company, on=far, first_date=pb_date(far), last_date=pb_date(far))
    assert not answer.slots
    assert set(reasons(answer)) == {"HORIZON"}


async def test_days_that_are_over_give_no_slot(service: RunningService, company: Company) -> None:
    """Asked for the past: empty, not an error."""
    answer = await asked(
        service, company, first_date=pb_date(TODAY - 9 * DAY), last_date=pb_date(TODAY - 2 * DAY)
    )
    assert not answer.slots


async def test_opening_hours_bound_start_and_finish(
    service: RunningService, company: Company
) -> None:
    """Open 9 to 12: an hour's visit is promised inside and is over by noon."""
    site = await company.site("shop", DOWNTOWN, (9, 12))
    found = (await asked(service, company, place=site, on=TOMORROW)).slots
    opens, closes = company.at(TOMORROW, 9).timestamp(), company.at(TOMORROW, 12).timestamp()
    assert found
    for slot in found:
        assert opens <= slot.window.start_time.seconds
        assert slot.window.end_time.seconds <= closes
        assert opens <= slot.place.start_time.seconds
        assert slot.place.end_time.seconds <= closes


async def test_a_closed_site_is_told(service: RunningService, company: Company) -> None:
    """Open only at night: no slot, and the reason is the site."""
    site = await company.site("club", DOWNTOWN, (22, 24))
    answer = await asked(service, company, place=site, on=TOMORROW)
    assert not answer.slots
    assert "SITE_CLOSED" in reasons(answer)


async def test_days_off_and_absences_are_told(service: RunningService, company: Company) -> None:
    """NO_SHIFT and ABSENT, each for its technician."""
    await company.technician("bob", days=["wednesday"])
    await company.absence(
        "tenants/acme/technicians/ann", company.at(TOMORROW, 0), company.at(WEDNESDAY, 0)
    )
    answer = await asked(service, company, on=TOMORROW)
    found = reasons(answer)
    assert not answer.slots
    assert found["ABSENT"].technician.endswith("ann")
    assert found["NO_SHIFT"].technician.endswith("bob")


async def test_exact_starts_are_offered_every_quarter_of_an_hour(
    service: RunningService, company: Company
) -> None:
    """A grid with a step: the visit starts at the promised minute."""
    await company.activity("exact", grid=[(9, 12)], step=timedelta(minutes=15))
    kind = f"{company.tenant}/activityTypes/exact"
    found = (
        await asked(
            service, company, on=TOMORROW, activity_type=kind, max_slots=50, max_slots_per_day=50
        )
    ).slots
    assert len(found) == 12
    for slot in found:
        assert slot.window.end_time.seconds - slot.window.start_time.seconds == 900
        assert slot.place.start_time == slot.window.start_time
    visit = await booked(service.calls, found[5])
    assert visit.place.start_time == found[5].window.start_time


async def test_a_pinned_start_stays_when_others_come(
    service: RunningService, company: Company
) -> None:
    """Booked with PIN_START, the planned start becomes the only one."""
    calls = service.calls
    hold = await held(calls, (await offered(calls, company.search(on=TOMORROW)))[1])
    visit = await confirmed(calls, hold, pin=types.PIN_START)
    assert visit.pin == types.PIN_START
    for _ in range(3):
        found = (await asked(service, company, on=TOMORROW)).slots
        await booked(calls, found[0])
    listed = [v for v in await _visits(service, company) if v.name == visit.name]
    assert listed[0].place.start_time == visit.place.start_time


async def test_a_pinned_technician_is_shown(service: RunningService, company: Company) -> None:
    """PIN_TECHNICIAN is kept with the visit, by hold and by token."""
    found = await offered(service.calls, company.search(on=TOMORROW))
    by_token = await booked(service.calls, found[0], pin=types.PIN_TECHNICIAN)
    by_hold = await confirmed(
        service.calls, await held(service.calls, found[1]), pin=types.PIN_TECHNICIAN
    )
    assert by_token.pin == by_hold.pin == types.PIN_TECHNICIAN


async def test_insert_only_keeps_the_order(service: RunningService, company: Company) -> None:
    """With that freedom no offer re-sequences, and the receipt names it."""
    for _ in range(3):
        await booked(service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0])
    options = {"freedom": types.FREEDOM_INSERT_ONLY}
    answer = await asked(service, company, place=(43.70, 7.30), on=TOMORROW, options=options)
    assert answer.receipt.freedom == types.FREEDOM_INSERT_ONLY
    assert not any(slot.place.resequences for slot in answer.slots)


async def test_a_team_without_technicians_has_no_slot(service: RunningService) -> None:
    """Nobody works there: empty, not an error."""
    company = await Company(service.calls, "empty").found()
    await company.activity("service")
    answer = await asked(service, company, on=TOMORROW)
    assert not answer.slots
    assert answer.receipt.complete


async def test_a_hold_on_a_technician_who_left_is_gone(
    service: RunningService, company: Company
) -> None:
    """An offer whose day was closed meanwhile cannot be taken."""
    slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
    await company.absence(
        "tenants/acme/technicians/ann", company.at(TOMORROW, 0), company.at(WEDNESDAY, 0)
    )
    assert (await refused(held(service.calls, slot))).reason == "SLOT_GONE"


async def _visits(service: RunningService, company: Company) -> list:  # type: ignore[type-arg]
    from slotsvc.pb.v1 import visit_service_pb2 as visits

    request = visits.ListVisitsRequest(parent=company.tenant)
    return list((await service.calls.visits.ListVisits(request)).visits)
