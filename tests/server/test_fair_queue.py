"""Places and lines: whose turn it is, who is sent away, and that no place is lost."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass

import pytest

from slotsvc.server import fair_queue
from slotsvc.server.fair_queue import Cause, FairQueue, Limits, Place, TurnedAwayError


@dataclass
class Hands:
    """A clock that the test turns."""

    seconds: float = 100.0

    def now(self) -> float:
        return self.seconds


def queue_of(hands: Hands | None = None, **changed: float | None) -> FairQueue:
    usual = {"places": 1, "room": 10, "burst_s": 1.0, "standing_s": 0.05}
    return FairQueue(Limits(**usual | changed), (hands or Hands()).now)  # type: ignore[arg-type]


def asking(queue: FairQueue, tenant: str) -> asyncio.Task[Place]:
    return asyncio.create_task(queue.enter(tenant))


async def refused(call: Awaitable[Place]) -> Cause:
    with pytest.raises(TurnedAwayError) as away:
        await call
    return away.value.cause


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_while_there_are_places_does_not_wait() -> None:
    """Two places: two are at work at once, the third waits until one leaves."""
    queue = queue_of(places=2)
    first, second = await queue.enter("a"), await queue.enter("a")
    third = asking(queue, "a")
    await settle()
    assert (queue.running, queue.waiting, third.done()) == (2, 1, False)

    first.leave()
    (await third).leave()
    second.leave()

    assert (queue.running, queue.waiting) == (0, 0)


async def test_tenants_take_turns_whatever_the_length_of_their_lines() -> None:
    """Nine calls of one tenant wait; a call of another, come last, is the second one served."""
    queue, served = queue_of(), []

    async def call(tenant: str) -> None:
        place = await queue.enter(tenant)
        served.append(tenant)
        await settle()
        place.leave()

    first = await queue.enter("loud")
    calls = [asyncio.create_task(call("loud")) for _ in range(9)]
    await settle()
    calls.append(asyncio.create_task(call("quiet")))
    await settle()
    first.leave()
    await asyncio.gather(*calls)

    assert served[:3] == ["loud", "quiet", "loud"]
    assert len(served) == 10


async def test_when_there_is_no_room_the_longest_line_gives() -> None:
    """A full queue refuses the loud tenant, and sends its last away for a quiet one."""
    queue = queue_of(room=3)
    place = await queue.enter("loud")
    waiting = [asking(queue, "loud") for _ in range(3)]
    await settle()

    assert await refused(queue.enter("loud")) is Cause.FULL
    quiet = asking(queue, "quiet")
    await settle()

    assert await refused(waiting.pop()) is Cause.FULL
    assert queue.waiting == 3
    place.leave()
    for one in (waiting[0], quiet, waiting[1]):
        (await asyncio.wait_for(one, 1)).leave()


async def test_a_burst_waits_and_a_standing_queue_does_not() -> None:
    """For a second everybody waits; a line that is never empty keeps nobody longer than 50 ms."""
    hands = Hands()
    queue = queue_of(hands)
    place = await queue.enter("a")
    early = asking(queue, "a")
    await settle()
    hands.seconds += 0.99
    late = asking(queue, "a")
    await settle()
    assert not early.done()

    hands.seconds += 0.02

    assert await refused(asyncio.wait_for(early, 1)) is Cause.WAITED
    place.leave()
    (await late).leave()


async def test_under_overload_a_call_that_would_wait_too_long_is_refused_at_once() -> None:
    """The line moves every 20 ms: after the burst nobody gets into it who would wait over 60 ms,
    and somebody always stands in it."""
    hands = Hands()
    queue = queue_of(hands, standing_s=0.06)
    place = await queue.enter("a")
    calls = [asking(queue, "a") for _ in range(3)]
    lengths = []
    for _ in range(100):
        await settle()
        hands.seconds += 0.02
        calls += [asking(queue, "a"), asking(queue, "a")]
        await settle()
        lengths.append(queue.waiting)
        place.leave()
        await settle()
        [place] = [c.result() for c in calls if c.done() and c.exception() is None]
        calls = [c for c in calls if not c.done()]

    calls += [asking(queue, "a") for _ in range(3)]
    await settle()
    assert {*lengths[80:]} <= {1, 2, 3}
    assert isinstance(queue.refusal("a"), TurnedAwayError)
    assert queue.refusal("quiet") is None
    queue.close()
    assert {await refused(one) for one in calls} == {Cause.CLOSED, Cause.WAITED}


async def test_overload_is_over_when_nobody_was_sent_away_for_a_while() -> None:
    """Those who come again at once meet a standing queue, though it was empty for a moment; a
    second later all is forgotten."""
    hands = Hands()
    queue = queue_of(hands)
    place = await queue.enter("a")
    early = asking(queue, "a")
    await settle()
    hands.seconds += 1.1
    assert await refused(asyncio.wait_for(early, 1)) is Cause.WAITED

    hands.seconds += 0.01
    served = asking(queue, "a")
    await settle()
    place.leave()
    place = await served
    again = asking(queue, "a")
    await settle()
    hands.seconds += 0.9
    assert await refused(asyncio.wait_for(again, 1)) is Cause.WAITED

    hands.seconds += 1.1
    patient = asking(queue, "a")
    await settle()
    hands.seconds += 0.9
    await asyncio.sleep(0.05)
    assert not patient.done()
    place.leave()
    (await patient).leave()


@pytest.mark.parametrize("moment", ["in line", "as its turn comes"])
async def test_a_caller_who_leaves_keeps_no_place(moment: str) -> None:
    """Cancelled in line, or in the very moment of its turn: the next one gets the place."""
    queue = queue_of()
    place = await queue.enter("a")
    leaving, next_one = asking(queue, "a"), asking(queue, "a")
    await settle()

    if moment == "in line":
        leaving.cancel()
        await settle()
        place.leave()
    else:
        place.leave()
        leaving.cancel()

    (await asyncio.wait_for(next_one, 1)).leave()
    assert leaving.cancelled()
    assert (queue.running, queue.waiting) == (0, 0)


async def test_a_turn_is_not_given_to_one_who_is_just_leaving() -> None:
    """Cancelled and not gone yet when a place gets free: the place goes to the next in line."""
    queue = queue_of()
    place = await queue.enter("a")
    leaving, next_one = asking(queue, "a"), asking(queue, "a")
    await settle()
    leaving.cancel()
    place.leave()

    (await asyncio.wait_for(next_one, 1)).leave()
    assert (queue.running, queue.waiting) == (0, 0)


async def test_long_work_leaves_its_place_to_others_up_to_a_limit() -> None:
    """The first two that work long step aside, the third keeps its place."""
    queue = queue_of(long_after_s=0.01, most_long=2)
    places = [await asyncio.wait_for(queue.enter("a"), 1) for _ in range(3)]
    await asyncio.sleep(0.03)
    waiting = asking(queue, "a")
    await settle()

    assert (queue.running, waiting.done()) == (3, False)
    for place in places:
        place.leave()
    (await waiting).leave()
    assert queue.running == 0


async def test_a_closed_queue_begins_nothing() -> None:
    """Who waits and who comes is sent away; who works goes on."""
    queue = queue_of()
    place, waiting = await queue.enter("a"), asking(queue, "a")
    await settle()
    queue.close()

    assert await refused(waiting) is Cause.CLOSED
    assert await refused(queue.enter("b")) is Cause.CLOSED
    assert queue.running == 1
    place.leave()
    assert queue.running == 0


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_no_place_is_lost_or_doubled(seed: int) -> None:
    """Random comings, leavings and cancellations: never more at work than places, none at the
    end."""
    chance, hands = random.Random(seed), Hands()
    queue = queue_of(hands, places=3, room=8, burst_s=0.3)
    working: list[Place] = []
    tasks: list[asyncio.Task[Place]] = []
    for _ in range(400):
        hands.seconds += chance.random() * 0.02
        what = chance.random()
        if what < 0.5:
            tasks.append(asking(queue, chance.choice("abc")))
        elif what < 0.65 and tasks:
            chance.choice(tasks).cancel()
        elif working:
            working.pop(chance.randrange(len(working))).leave()
        if chance.random() < 0.7:
            await settle()
        for task in [t for t in tasks if t.done()]:
            tasks.remove(task)
            if not task.cancelled() and task.exception() is None:
                working.append(task.result())
        assert queue.running <= 3
        assert 0 <= queue.waiting <= 8
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    for place in (*working, *(e for e in ends if isinstance(e, Place))):
        place.leave()
    assert (queue.running, queue.waiting) == (0, 0)


@pytest.mark.parametrize("turn_s", [0.3, 0.6, 2.0])
async def test_long_turns_starve_nobody(turn_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """One place, and twenty callers of a tenant who ask again at once: another tenant, who asks now
    and then, still gets his share of the turns, however long one takes."""
    monkeypatch.setattr(fair_queue, "SWEEP_S", 0.001)
    hands, turns = Hands(), Counter[str]()
    queue = queue_of(hands)
    asked: dict[asyncio.Task[Place], str] = {}
    at_work, until, quiet_at = await queue.enter("loud"), hands.seconds + turn_s, 0.0
    while turns.total() < 24:
        asked |= {
            asking(queue, "loud"): "loud" for _ in range(20 - Counter(asked.values())["loud"])
        }
        if "quiet" not in asked.values() and hands.seconds >= quiet_at:
            asked[asking(queue, "quiet")] = "quiet"
        await asyncio.sleep(0.002)
        hands.seconds += 0.1
        if hands.seconds >= until:
            at_work.leave()
            until += turn_s
        await asyncio.sleep(0.002)
        for task in [task for task in asked if task.done()]:
            whose = asked.pop(task)
            if task.exception() is None:
                at_work = task.result()
                turns[whose] += 1
            elif whose == "quiet":
                quiet_at = hands.seconds + 0.25
    queue.close()
    await asyncio.gather(*asked, return_exceptions=True)

    assert turns["quiet"] >= 8, turns


async def test_names_that_were_never_heard_before_do_not_come_first() -> None:
    """Where callers may name any tenant, one who takes a new name for each call waits behind those
    who came before."""
    queue, served = queue_of(room=50), []

    async def call(tenant: str) -> None:
        place = await queue.enter(tenant)
        served.append(tenant)
        asyncio.get_running_loop().call_soon(calls.append, asking_anew(len(served)))
        await settle()
        place.leave()

    def asking_anew(number: int) -> asyncio.Task[None]:
        return asyncio.create_task(call(f"name-{number}") if number < 20 else asyncio.sleep(0))

    first = await queue.enter("steady")
    calls = [asyncio.create_task(call("steady")) for _ in range(4)]
    await settle()
    calls += [asyncio.create_task(call(f"new-{n}")) for n in range(2)]
    await settle()
    first.leave()
    while calls:
        await calls.pop()

    assert [n for n, tenant in enumerate(served) if tenant == "steady"][:3] == [0, 3, 7]
