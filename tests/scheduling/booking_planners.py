"""Rules of the booking machine: planners, the road, the calendar, and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    consumes,
    rule,
)

from slotsvc.domain.commitment import Commitment, CommitmentKind
from slotsvc.domain.errors import (
    InvalidRequestError,
    PlanWorseError,
    SlotsvcError,
    WrongStateError,
)
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Outcome, PlacementState, RouteKey, Visit
from slotsvc.scheduling.hand_moves import HandMove
from slotsvc.scheduling.report_visit import Report, ReportKind
from tests.scheduling.booking_books import By
from tests.scheduling.booking_company import NOON, PLACES, technicians, two_shifts, week, whole_day
from tests.scheduling.booking_model import (
    HOURS,
    SOME_DAY,
    BookingModel,
    Known,
)
from tests.scheduling.booking_world import (
    TECHNICIANS,
    TENANT,
    local,
)

DOING = {
    "longer": lambda who: replace(who, working_time=week(whole_day(until=19))),
    "shorter": lambda who: replace(who, working_time=week(whole_day(NOON, until=15))),
    "two shifts": lambda who: replace(who, working_time=week(two_shifts())),
    "no gas": lambda who: replace(who, tags=frozenset(), certificates=()),
    "as before": lambda who: next(t for t in technicians() if t.id == who.id),
}


class Planners(BookingModel):
    """Backlog, moves by hand, announcements, publishing, reports, absences, other hours."""

    visits, absences = BookingModel.visits, BookingModel.absences

    # --- the backlog --------------------------------------------------------------------------

    @rule(
        target=visits,
        place=st.sampled_from(PLACES),
        kind=st.sampled_from(CommitmentKind),
        day=SOME_DAY,
        gas=st.booleans(),
    )
    def create(self, place, kind, day, gas):  # type: ignore[no-untyped-def]
        self.step(By.NOBODY)
        on = self.world.day(day)
        due = local(on, 12) if kind is CommitmentKind.DEADLINE else None
        flexible = kind is CommitmentKind.FLEXIBLE
        target = TimeWindow(local(on, 9), local(on, 14)) if flexible else None
        work = Visit(
            "", place, timedelta(hours=1), frozenset(["gas"] if gas else []),
            activity_type="service", access=timedelta(minutes=5),
            commitment=Commitment(kind, due, target),
        )  # fmt: skip
        visit = self.world.create(work).stored.visit.id
        self.known[visit] = Known()
        return visit

    @rule(visit=visits)
    def unplace(self, visit: str) -> None:
        self.step(By.REMOVAL)
        known = self.known[visit]
        try:
            self.world.unplace(visit)
        except WrongStateError:
            booked = known.placement and known.state is PlacementState.BOOKED
            assert not booked, "one can always take a booked visit off its route"
            return
        self.back_to_the_backlog(visit)

    @rule(
        visit=visits,
        day=SOME_DAY,
        hours=st.lists(st.sampled_from([8, 10, 13, 15]), min_size=1, max_size=2, unique=True),
        instead=st.booleans(),
    )
    def announce(self, visit, day, hours, instead):  # type: ignore[no-untyped-def]
        self.step(By.PEOPLE)
        on, known = self.world.day(day), self.known[visit]
        windows = tuple(TimeWindow(local(on, h), local(on, h + 2)) for h in sorted(hours))
        try:
            self.world.announce(visit, windows, instead=instead)
        except WrongStateError:
            held = any(h.visit == visit and self.live(h) for h in self.held.values())
            assert known.over or held or known.state is PlacementState.DONE

    # --- by hand ------------------------------------------------------------------------------

    @rule(
        visit=visits,
        who=st.sampled_from(TECHNICIANS),
        day=SOME_DAY,
        shift=st.sampled_from([0, 0, 1]),
        position=st.sampled_from([None, None, 0, 1]),
        hour=st.sampled_from([None, 9, 14]),
        reason=st.sampled_from(["", "", "the client begs"]),
    )
    def move(self, visit, who, day, shift, position, hour, reason):  # type: ignore[no-untyped-def]
        on, known = self.world.day(day), self.known[visit]
        window = TimeWindow(local(on, hour), local(on, hour + 2)) if hour else None
        move = HandMove(visit, who, on, shift, position, window)
        self.step(By.PEOPLE if reason else By.AUTOMATION, known.route)
        try:
            placed, routes = self.world.move(move, reason)
        except (WrongStateError, PlanWorseError, InvalidRequestError) as refusal:
            note(f"refused: {refusal}")
            self.check_refused_move(visit, move, reason, refusal)
            return
        assert reason or not any(route.worse for route in routes)
        assert placed.stored.placed.route == RouteKey(TENANT, who, on, shift)
        self.stands(placed)
        self.books.disturbed |= {route.key for route in routes}

    def check_refused_move(
        self, visit: str, move: HandMove, reason: str, refusal: SlotsvcError
    ) -> None:
        known = self.known[visit]
        if isinstance(refusal, PlanWorseError):
            assert not reason
        elif isinstance(refusal, InvalidRequestError):
            assert move.position is not None or move.window is not None
        else:
            held = any(h.visit == visit and self.live(h) for h in self.held.values())
            begun = known.placement and known.state is not PlacementState.BOOKED
            assert known.over or held or begun

    @rule(who=st.sampled_from([*TECHNICIANS, ""]), day=SOME_DAY, withdraw=st.booleans())
    def publish(self, who: str, day: int, withdraw: bool) -> None:
        self.step(By.NOBODY)
        on = self.world.day(day)
        try:
            self.world.publish(who, on, on, withdraw=withdraw)
        except InvalidRequestError:
            assert on < (self.now + timedelta(hours=2)).date()

    # --- from the road ------------------------------------------------------------------------

    @rule(
        visit=visits,
        kind=st.sampled_from(ReportKind),
        late=st.sampled_from([0, 0, 60, 1200, 7200]),
        outcome=st.sampled_from(Outcome),
    )
    def report(self, visit, kind, late, outcome):  # type: ignore[no-untyped-def]
        self.step(By.PEOPLE)
        known = self.known[visit]
        at = self.now - timedelta(seconds=late) if late else None
        done = outcome if kind is ReportKind.FINISHED else None
        try:
            placed = self.world.report(visit, Report(kind, at, "checked", done))
        except WrongStateError:
            departs = kind is ReportKind.DEPARTED and known.state is PlacementState.STARTED
            assert not known.placement or known.state is PlacementState.DONE or departs
            return
        except InvalidRequestError:
            assert late, "what happens now can be reported"
            return
        for id, other in self.known.items():
            here = id != visit and other.route == known.route
            if here and other.state is PlacementState.EN_ROUTE:
                # who set out for another visit came back, unless the report came late
                other.state = self.world.visit(id).placed.state
                assert other.state in (PlacementState.EN_ROUTE, PlacementState.BOOKED)
        known.state = placed.stored.placed.state

    # --- the world goes on --------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 60, 300, 900, 900, 3600, 2 * 3600, 4 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.step(By.NOBODY)
        self.world.clock.pass_(timedelta(seconds=seconds))

    @rule(
        target=absences,
        who=st.sampled_from(TECHNICIANS),
        day=SOME_DAY,
        hours=HOURS,
        sick=st.booleans(),
    )
    def somebody_is_away(self, who, day, hours, sick):  # type: ignore[no-untyped-def]
        """Sick: the visits go back to the backlog."""
        self.step(By.PEOPLE)
        self.disturbed_on(who)
        on = self.world.day(day)
        window = TimeWindow(local(on, hours[0], 5), local(on, hours[1]))
        if not sick:
            return who, self.world.leave(who, window)
        absence, returned = self.world.fall_ill(who, window)
        for visit in returned:
            assert self.known[visit].state is PlacementState.BOOKED
            self.back_to_the_backlog(visit)
        return who, absence

    @rule(absence=consumes(absences))
    def somebody_comes_back(self, absence: tuple[str, str]) -> None:
        self.step(By.PEOPLE)
        self.disturbed_on(absence[0])
        self.world.come_back(*absence)

    @rule(who=st.sampled_from(TECHNICIANS), change=st.sampled_from(sorted(DOING)))
    def the_calendar_changes(self, who: str, change: str) -> None:
        self.step(By.PEOPLE)
        self.disturbed_on(who)
        self.world.change(Technician, who, DOING[change])
