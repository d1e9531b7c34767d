"""The six steps of a broken day, each told in a few lines and checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from slotsvc.cli import demo_town as town
from slotsvc.cli.broken_day_calls import BrokenDayCalls, Broken, added
from slotsvc.cli.demo_setup import TENANT
from slotsvc.cli.demo_steps import expect
from slotsvc.cli.failure import CommandError
from slotsvc.cli.render_findings import check_lines, size_words, violation_lines, what_words
from slotsvc.cli.words import clock_words, count_words, span_of_day, span_words

if TYPE_CHECKING:
    from rich.text import Text

    from slotsvc.cli.broken_day import SetClock
    from slotsvc.cli.broken_day_page import Page
    from slotsvc.pb.v1.plan_service_pb2 import HandMove, RouteStop

PAUL = f"{TENANT}/technicians/paul-fontaine"
CHIARA = f"{TENANT}/technicians/chiara-rossi"
WIDTH = 80
OVERRUN = timedelta(minutes=40)
REASON = "Client phoned: late is fine"


class BrokenDay:
    """One telling. Each step raises ``CommandError`` when the service does not do what it says."""

    def __init__(self, calls: BrokenDayCalls, clock: SetClock, page: Page) -> None:
        self.calls, self.clock, self.page = calls, clock, page
        self.worst: Broken = {}

    def tell(self) -> None:
        """All six."""
        self.sick()
        self.new_client()
        self.overrun()
        self.hand_move()
        self.repair()
        self.summary()

    def sick(self) -> None:
        """Nobody comes to the visits of who is away: that is stored, not refused."""
        self.clock.set(self.clock.at(8, 5))
        stranded = self.calls.stops(PAUL)
        expect(not self.calls.broken(), "something is broken before anything happened")
        self.calls.absent(PAUL, self.clock.at(8, 5), self.clock.at(23, 59))
        broken = self.calls.broken()
        mine = [subject for subject in broken if subject[0] == PAUL]
        expect(len(mine) == len(broken) > 0, "the absence breaks another day than Paul's")
        told = {subject[2] for subject in mine}
        expect(told == {stop.visit for stop in stranded}, "not every stranded visit is listed")
        self.page.step("sick", f"Paul Fontaine is sick, with {count_words(len(stranded), 'visit')} booked today.")
        self.page.lines(self._violations(PAUL))
        self.worst = broken
