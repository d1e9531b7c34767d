"""The six steps of a broken day, each told in a few lines and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from slotsvc.cli import demo_town as town
from slotsvc.cli.broken_day_calls import Broken, BrokenDayCalls, added
from slotsvc.cli.demo_setup import TENANT
from slotsvc.cli.demo_steps import expect
from slotsvc.cli.failure import CommandError
from slotsvc.cli.render_findings import check_lines, violation_lines
from slotsvc.cli.words import clock_words, count_words, instant, row_words, span_of_day, span_words

if TYPE_CHECKING:
    from rich.text import Text

    from slotsvc.cli.broken_day_clock import SetClock
    from slotsvc.cli.broken_day_page import Page
    from slotsvc.pb.v1.plan_service_pb2 import CheckPlanResponse, HandMove, RouteStop
    from slotsvc.pb.v1.slot_service_pb2 import Slot

PAUL = f"{TENANT}/technicians/paul-fontaine"
CHIARA = f"{TENANT}/technicians/chiara-rossi"
OVERRUN = timedelta(minutes=40)
LATE_S = range(60, 45 * 60)
"""How late a client may be for a planner to think of it."""
NEVER = datetime.min.replace(tzinfo=UTC)
REASON = "Client agreed by phone"


class BrokenDay:
    """One telling. Each step raises ``CommandError`` when the service does not do what it says."""

    def __init__(self, calls: BrokenDayCalls, clock: SetClock, page: Page) -> None:
        self.calls, self.clock, self.page = calls, clock, page
        self.most: Broken = {}

    def tell(self) -> None:
        """All six."""
        self.clock.set(self.clock.at(7))
        expect(self.calls.publish() > 0, "nothing was published")
        self.sick()
        self.new_client()
        self.overrun()
        self.move_that_breaks()
        self.always_possible()
        self.before_and_after()

    def sick(self) -> None:
        """Nobody comes to the visits of who is away: stored and listed, not refused."""
        self.clock.set(self.clock.at(8, 5))
        stranded = self._stops(PAUL)
        work = sum(stop.end_time.seconds - stop.start_time.seconds for stop in stranded)
        count = count_words(len(stranded), "visit")
        expect(not self.calls.broken(), "something is broken before anything happened")
        self.calls.absent(PAUL, self.clock.at(0), self.clock.at(23, 59))
        broken = self.calls.broken()
        listed = {(who, visit) for who, _, visit in broken}
        expect(listed == {(PAUL, stop.visit) for stop in stranded}, "other visits are listed")
        self.page.step(
            "sick", f"Paul Fontaine is sick: {count}, {span_words(work)} of work, have nobody."
        )
        self.page.show(self._violations())

    def new_client(self) -> None:
        """Automation goes on, and adds nothing to the list."""
        self.clock.set(self.clock.at(8, 10))
        before = self.calls.broken()
        slots = [*self.calls.newcomer(town.ACTIVITIES[0].id)]
        expect(bool(slots), "no offers for a new client")
        expect(all(s.place.technician != PAUL for s in slots), "an offer on the sick one's day")
        self.page.step("offers", f"A new client calls, {town.NEWCOMER.address}: boiler service.")
        self.page.say(*(self._offer(slot) for slot in slots[:3]))
        self.calls.book(slots[0])
        expect(not added(before, self.calls.broken()), "a booking made something worse")
        self.page.say("The first is booked. Nothing else got worse: the list is as it was.")

    def overrun(self) -> None:
        """Reported times replace planned ones; who will be late is known at once."""
        was = self._stops(CHIARA)
        first = was[0]
        self.clock.set(instant(first.start_time))
        self.calls.started(first.visit, instant(first.start_time))
        self.clock.set(instant(first.end_time) + OVERRUN)
        self.calls.finished(first.visit, self.clock.now())
        now = self._stops(CHIARA)
        expect([s.visit for s in now] == [s.visit for s in was], "the order changed")
        expect(now[1].start_time.seconds > was[1].start_time.seconds, "the next time stands still")
        expect(any(stop.at_risk for stop in now), "no promise is at risk")
        self.page.step("overrun", "Chiara Rossi's first visit took 40 minutes longer.")
        self.page.say(*(self._moved(old, new) for old, new in zip(was[1:], now[1:], strict=True)))
        pause = self.calls.broken().get((CHIARA, "BREAK", ""), 0)
        if pause:
            self.page.say(f"Her pause begins {span_words(pause)} too late.")
        self.page.say(self._event())

    def _moved(self, was: RouteStop, now: RouteStop) -> str:
        where = self.calls.names.visit(now.visit)
        times = f"{clock_words(was.start_time, self.clock.zone)} is now "
        times += clock_words(now.start_time, self.clock.zone)
        late = self.calls.broken().get((CHIARA, "LATE", now.visit), 0)
        if was.start_time == now.start_time:
            times = f"{clock_words(now.start_time, self.clock.zone)} as planned"
        return f"{times}  {where}" + (f": AT RISK, {span_words(late)} late" if late else "")

    def _event(self) -> str:
        event = self.calls.event("PROMISE_AT_RISK", CHIARA)
        if event is None:
            raise CommandError("The demo misbehaved: no event came.", "DEMO_MISBEHAVED")
        late = span_words(int(event.data["late_seconds"]))
        at = clock_words(event.time, self.clock.zone)
        names = self.calls.names
        where = names.where(names.read(event.visit))
        return f"Event at {at}: promise at risk, {where}, {late} late."

    def move_that_breaks(self) -> None:
        """A planner's move is checked, refused with sizes, and made with a reason."""
        self.clock.set(self.clock.now() + timedelta(minutes=2))
        move, checked = self._find(self._breaks_a_little, everywhere=True)
        before = self.calls.broken()
        where = self.calls.names.visit(move.visit)
        who = self.calls.names.technician(move.technician)
        self.page.step("override", f"The planner tries {where}, with {who}.")
        try:
            self.calls.move(move)
            expect(False, "a move that breaks something was made")
        except CommandError as refused:
            expect(refused.reason == "PLAN_WORSE", f"it was refused with {refused.reason}")
            self.page.say("Refused, nothing has changed. With a reason it is made all the same.")
            self.page.show(check_lines(refused.routes, self.calls.names, self.page.width))
        expect(self.calls.broken() == before, "a refused move changed something")
        self.calls.move(move, REASON)
        found = [
            f
            for route in self.calls.violations()
            for f in route.findings
            if f.override_reason == REASON
        ]
        expect(len(found) == _worse(checked), "not all of it is on record with its reason")
        self.page.say(f'Made with the reason "{REASON}", and on record with it.')
        self.most = self.calls.broken()

    def always_possible(self) -> None:
        """Start, cancel and move away work on broken days; the rest waits and gets offers."""
        self.clock.set(self.clock.now() + timedelta(minutes=3))
        self.page.step("repair", "On a broken day one can always start, cancel and move away.")
        self._start_late()
        self._cancel_one()
        for _ in range(2):
            self._move_soundly()
        self._rest_to_backlog()

    def _start_late(self) -> None:
        late = next(stop for stop in self._stops(CHIARA) if stop.at_risk)
        self.clock.set(instant(late.start_time))
        self.calls.started(late.visit, self.clock.now())
        at = clock_words(late.start_time, self.clock.zone)
        self.page.say(f"Started:   {self.calls.names.visit(late.visit)}, at {at}")

    def _cancel_one(self) -> None:
        last = self._stops(CHIARA)[-1]
        before = self.calls.broken()
        expect(any(who == CHIARA for who, _, _ in before), "Chiara's day is not broken")
        self.calls.cancel(last.visit)
        expect(not added(before, self.calls.broken()), "a cancellation made something worse")
        self.page.say(f"Cancelled: {self.calls.names.visit(last.visit)}, on the same day")

    def _move_soundly(self) -> None:
        move, _ = self._find(lambda answer: answer.sound)
        before = self.calls.broken()
        self.calls.move(move)
        expect(not added(before, self.calls.broken()), "a sound move made something worse")
        expect(not self._listed(move.visit), "a moved visit is still listed")
        who = self.calls.names.technician(move.technician)
        self.page.say(f"Moved:     {self.calls.names.visit(move.visit)}, to {who}")

    def _rest_to_backlog(self) -> None:
        rest = [stop.visit for stop in self._stops(PAUL)]
        for visit in rest:
            self.calls.unplace(visit)
        expect(not self._stops(PAUL), "somebody still waits for Paul")
        waiting = {visit.name for visit in self.calls.unplaced()}
        expect(waiting == set(rest), "the backlog is not what was put there")
        for visit in rest:
            self._offered(visit)

    def _offered(self, visit: str) -> None:
        """Books the best offer inside what was told; else the client has to be asked anew."""
        before, name = self.calls.broken(), self.calls.names.visit(visit)
        kept = self.calls.offers(visit)
        slots = kept or self.calls.offers(visit, ask_anew=True)
        expect(bool(slots), "no offer for a visit of the backlog")
        who, window = slots[0].place.technician_display_name, slots[0].window
        if not kept:
            offer = f"{who}, {row_words(window, self.clock.zone)}"
            self.page.say(f"Backlog:   {name}; to ask the client: {offer}")
            return
        self.calls.book(slots[0])
        expect(not added(before, self.calls.broken()), "a booking made something worse")
        self.page.say(f"Backlog:   {name}; offered and booked: {who}")

    def before_and_after(self) -> None:
        """What is left is what a planner decided."""
        left = self.calls.broken()
        days = count_words(len({who for who, _, _ in self.most}), "day")
        self.page.step("after", f"Broken before: {len(self.most)} on {days}. Now {len(left)}:")
        self.page.show(self._violations())
        expect(len(left) < len(self.most), "the list did not get shorter")
        expect(not added(self.most, left), "something got worse")
        expect(all(who != PAUL for who, _, _ in left), "Paul's day is still broken")

    def _find(
        self, wanted: Callable[[CheckPlanResponse], bool], *, everywhere: bool = False
    ) -> tuple[HandMove, CheckPlanResponse]:
        """For the first stranded visit that can be moved as wanted: where it drives least.

        ``everywhere``: at every place of a day's order, not only where it breaks least.
        """
        for stop in self._stops(PAUL):
            found = [pair for pair in self._moves(stop.visit, everywhere) if wanted(pair[1])]
            if found:
                return min(found, key=lambda pair: _driving(pair[1]))
        raise CommandError("The demo misbehaved: no such move.", "DEMO_MISBEHAVED")

    def _moves(self, visit: str, everywhere: bool) -> Iterator[tuple[HandMove, CheckPlanResponse]]:
        """To everybody who works, where it still can begin."""
        for route in self.calls.routes():
            if not route.HasField("shift"):
                continue
            begun = sum(stop.state in _begun() for stop in route.stops)
            places = [*range(begun, len(route.stops) + 1)] if everywhere else [None]
            for place in places:
                move = self.calls.hand_move(visit, route.technician, place)
                answer = self.calls.check(move)
                if self.clock.now() <= _start(answer, visit):
                    yield move, answer

    def _breaks_a_little(self, answer: CheckPlanResponse) -> bool:
        worse = [f for route in answer.routes for f in route.findings if f.worse]
        late = [f for f in worse if f.kind == "LATE" and f.size_seconds in LATE_S]
        return len(late) == 1 and all(f.kind in ("LATE", "BREAK") for f in worse)

    def _stops(self, technician: str) -> Sequence[RouteStop]:
        return self.calls.routes(technician)[0].stops

    def _listed(self, visit: str) -> bool:
        return any(subject == visit for _, _, subject in self.calls.broken())

    def _violations(self) -> list[Text]:
        routes = self.calls.violations()
        return violation_lines(
            routes, self.clock.zone, self.calls.names, self.page.width, ids=False
        )

    def _offer(self, slot: Slot) -> str:
        driving = span_words(slot.place.added_travel_seconds)
        who = slot.place.technician_display_name
        return f"{span_of_day(slot.window, self.clock.zone)}  {who}, {driving} more driving"


def _begun() -> tuple[int, ...]:
    from slotsvc.pb.v1.visit_service_pb2 import (
        VISIT_STATE_DONE,
        VISIT_STATE_EN_ROUTE,
        VISIT_STATE_STARTED,
    )

    return VISIT_STATE_EN_ROUTE, VISIT_STATE_STARTED, VISIT_STATE_DONE


def _driving(answer: CheckPlanResponse) -> int:
    return sum(route.added_travel_seconds for route in answer.routes)


def _start(answer: CheckPlanResponse, visit: str) -> datetime:
    stops = [stop for route in answer.routes for stop in route.stops if stop.visit == visit]
    return max((instant(stop.start_time) for stop in stops), default=NEVER)


def _worse(answer: CheckPlanResponse) -> int:
    return sum(f.worse for route in answer.routes for f in route.findings)
