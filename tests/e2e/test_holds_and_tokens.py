"""Promises with an end: holds expire, offers lapse, tokens open for nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.calls import fresh_id
from benchmarks.company import Company
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.e2e.days import TOMORROW, WEDNESDAY
from tests.service_fixtures import (
    RunningService,
    booked,
    cancelled,
    confirmed,
    held,
    offered,
    refused,
    running_service,
    settings_for,
    visit_now,
)

TEN_SECONDS = {"seconds": 10}
SECOND = timedelta(seconds=1)


async def test_a_hold_stands_until_its_last_second(
    service: RunningService, company: Company
) -> None:
    """Nobody else gets the place, and it can be confirmed."""
    search = company.search(on=TOMORROW, service_duration={"seconds": 9 * 3600})
    slot = (await offered(service.calls, search))[0]
    hold = await held(service.calls, slot, hold_duration=TEN_SECONDS)
    service.clock.pass_(9 * SECOND)
    assert (await refused(held(service.calls, slot))).reason == "SLOT_GONE"
    assert (await confirmed(service.calls, hold)).state == visits.VISIT_STATE_BOOKED


async def test_a_hold_ends_at_its_expiry_by_itself(
    service: RunningService, company: Company
) -> None:
    """From that second on confirming and extending are refused, although nothing else happened,
    and the place is everybody's."""
    calls = service.calls
    search = company.search(on=TOMORROW, service_duration={"seconds": 9 * 3600})
    slot = (await offered(calls, search))[0]
    hold = await held(calls, slot, hold_duration=TEN_SECONDS)
    service.clock.pass_(10 * SECOND)
    late = await refused(confirmed(calls, hold))
    assert (late.code, late.reason) == ("FAILED_PRECONDITION", "HOLD_EXPIRED")
    extend = slots.ExtendHoldRequest(hold=hold.name, request_id=fresh_id())
    assert (await refused(calls.slots.ExtendHold(extend))).reason == "HOLD_EXPIRED"
    assert (await visit_now(calls, hold.visit)).state == visits.VISIT_STATE_RELEASED
    assert [s.window for s in await offered(calls, search)] == [slot.window]
    assert (await held(calls, slot)).window == slot.window
    assert (await refused(confirmed(calls, hold))).reason == "HOLD_EXPIRED"


async def test_releasing_a_lapsed_hold_is_fine(service: RunningService, company: Company) -> None:
    """It is over anyway."""
    slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
    hold = await held(service.calls, slot, hold_duration=TEN_SECONDS)
    service.clock.pass_(11 * SECOND)
    release = slots.ReleaseHoldRequest(hold=hold.name, request_id=fresh_id())
    await service.calls.slots.ReleaseHold(release)


async def test_one_live_hold_for_a_client_and_an_activity(
    service: RunningService, company: Company
) -> None:
    """A second is refused; another client, another activity, or the first one's end is fine."""
    calls = service.calls
    await company.activity("repair")

    def search(client: str, kind: str = "service") -> slots.SuggestSlotsRequest:
        activity = f"{company.tenant}/activityTypes/{kind}"
        return company.search(on=TOMORROW, client=client, activity_type=activity)

    slot, other = (await offered(calls, search("c-1")))[:2]
    first = await held(calls, slot)
    again = await refused(held(calls, other))
    assert (again.code, again.reason) == ("RESOURCE_EXHAUSTED", "HOLD_LIMIT")
    await held(calls, (await offered(calls, search("c-2")))[0])
    await held(calls, (await offered(calls, search("c-1", "repair")))[0])
    await confirmed(calls, first)
    await held(calls, (await offered(calls, search("c-1")))[0])


async def test_an_offer_lapses(service: RunningService, company: Company) -> None:
    """After its expiry it can be neither held nor booked."""
    slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
    lapse = slot.expire_time.seconds - int(service.clock.now().timestamp())
    service.clock.pass_(timedelta(seconds=lapse))
    for call in (held, booked):
        late = await refused(call(service.calls, slot))
        assert (late.code, late.reason) == ("FAILED_PRECONDITION", "SLOT_EXPIRED")


async def test_an_altered_token_is_refused(service: RunningService, company: Company) -> None:
    """One letter, a cut end, or something else: INVALID_ARGUMENT, the same words for all."""
    token = (await offered(service.calls, company.search(on=TOMORROW)))[0].token
    swapped = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    words = set()
    for wrong in (swapped, token[:-3], token + "AAAA", "made-up", "é"):
        request = slots.HoldSlotRequest(token=wrong, request_id=fresh_id())
        told = await refused(service.calls.slots.HoldSlot(request))
        assert (told.code, told.reason) == ("INVALID_ARGUMENT", "SLOT_TOKEN_INVALID")
        words.add(told.message)
    assert len(words) == 1


async def test_a_token_of_another_service_is_refused(
    service: RunningService, company: Company, tmp_path: Path
) -> None:
    """Keys are the service's own."""
    token = (await offered(service.calls, company.search(on=TOMORROW)))[0].token
    async with running_service(settings_for(tmp_path / "other")) as other:
        request = slots.HoldSlotRequest(token=token, request_id=fresh_id())
        told = await refused(other.calls.slots.HoldSlot(request))
    assert told.reason == "SLOT_TOKEN_INVALID"


async def test_a_token_tells_nothing(service: RunningService, company: Company) -> None:
    """Two searches give two tokens, and neither shows names or places."""
    first = (await offered(service.calls, company.search(on=TOMORROW)))[0].token
    second = (await offered(service.calls, company.search(on=TOMORROW)))[0].token
    assert first != second
    assert not any(word in first for word in ("acme", "ann", "crew"))


async def test_a_bulky_search_still_gives_usable_tokens(
    service: RunningService, company: Company
) -> None:
    """With every list of the request full, slots come and can be held."""
    start, end = company.at(TOMORROW, 0), company.at(WEDNESDAY, 0)
    windows = [
        {
            "start_time": {"seconds": int(start.timestamp()) + 7 * n * n},
            "end_time": {"seconds": int(end.timestamp()) - 11 * n * n},
        }
        for n in range(64)
    ]
    crowd = [f"{company.tenant}/technicians/{await _somebody(company, n)}" for n in range(25)]
    search = company.search(
        on=[TOMORROW, WEDNESDAY],
        allowed_windows=windows,
        preferred_windows=windows[::-1],
        forbidden_technicians=crowd,
        client="".join(chr(0x4E00 + 37 * n % 5000) for n in range(200)),
    )
    slot = (await offered(service.calls, search))[0]
    assert (await held(service.calls, slot)).window == slot.window
    assert (await refused(held(service.calls, slot))).code == "RESOURCE_EXHAUSTED"


async def _somebody(company: Company, number: int) -> str:
    name = f"t{number * 7919 % 1000:03d}-{number * 104729 % 999983}"
    await company.technician(name)
    return name


async def test_a_restart_keeps_holds_tokens_and_answers(tmp_path: Path) -> None:
    """Everything promised before a stop stands after the start."""
    settings = settings_for(tmp_path)
    async with running_service(settings) as before:
        company = await Company(before.calls, "acme").found()
        await company.technician("ann")
        await company.activity("service")
        found = await offered(before.calls, company.search(on=TOMORROW))
        hold = await held(before.calls, found[0], request_id="the-same")
    async with running_service(settings, before.clock) as after:
        assert await held(after.calls, found[0], request_id="the-same") == hold
        assert (await confirmed(after.calls, hold)).state == visits.VISIT_STATE_BOOKED
        assert (await held(after.calls, found[1])).window == found[1].window


@pytest.mark.parametrize("length", [10, 900])
async def test_shortest_and_longest_hold(
    service: RunningService, company: Company, length: int
) -> None:
    """10 seconds and 15 minutes are both fine."""
    slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
    hold = await held(service.calls, slot, hold_duration={"seconds": length})
    assert hold.expire_time.seconds == service.clock.now().timestamp() + length


async def test_a_hold_whose_visit_was_cancelled_may_be_given_back(
    service: RunningService, company: Company
) -> None:
    """There is nothing left to give back, and nothing to complain of."""
    hold = await held(service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0])
    await cancelled(service.calls, hold.visit)
    request = slots.ReleaseHoldRequest(hold=hold.name, request_id=fresh_id())
    await service.calls.slots.ReleaseHold(request)
