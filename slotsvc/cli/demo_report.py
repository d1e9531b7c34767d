"""What the demo says, as text while it goes or as one JSON object at its end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from slotsvc.cli import demo_town as town
from slotsvc.cli.demo_doors import Doors, door_lines, doors_json
from slotsvc.cli.program import program
from slotsvc.cli.progress import staged
from slotsvc.cli.render_answer import answer_lines
from slotsvc.cli.render_visit import route_name, route_words
from slotsvc.cli.screen import console, paragraph, show
from slotsvc.cli.words import count_words, day_words, elapsed_words, short, window_words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from slotsvc.bootstrap import RunningServer
    from slotsvc.cli.demo_fill import DayLoad
    from slotsvc.cli.demo_steps import Step
    from slotsvc.cli.demo_visitor import Journey
    from slotsvc.pb.v1.plan_service_pb2 import Route
    from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsRequest, SuggestSlotsResponse

COMMAND_WIDTH = 74
"""Longest line of a printed command; two blanks stand before it, a backslash may follow."""


@dataclass
class DemoReport:
    """Hears what happened, step by step. ``seconds``: time spent, by what it went to."""

    running: RunningServer
    zone: ZoneInfo
    as_json: bool
    seconds: dict[str, float]
    screen: Console = field(default_factory=console)
    told: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Remembers how long the block took."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun

    @contextmanager
    def filling(self) -> Iterator[Callable[[float], None]]:
        """Progress of the filling."""
        with staged("Booking ten days of visits", quiet=self.as_json) as told:
            yield lambda share: told("", share)

    def company(self, made: bool, days: Sequence[date], loads: Sequence[DayLoad]) -> None:
        """Who works, and how full the days are."""
        busy = sum(sum(load.busy.values()) for load in loads)
        share = busy / max(sum(sum(load.capacity.values()) for load in loads), 1)
        visits = sum(load.visits for load in loads)
        self.told |= {
            "technicians": len(town.TECHNICIANS),
            "sites": len(town.SITES),
            "days": [day.isoformat() for day in days],
            "visits": visits,
            "full": round(share, 3),
        }
        took = elapsed_words(self.seconds["company"] + self.seconds["fill"])
        self._tell(
            f"{len(town.TECHNICIANS)} technicians, {len(town.SITES)} sites, {len(days)} working "
            f"days ({day_words(days[0])} to {day_words(days[-1])}), "
            f"{count_words(visits, 'visit')}: {round(share * 100)} % full. "
            + (f"Searched and booked one by one, in {took}." if made else "Kept from before.")
        )

    def head(self) -> None:
        """Where it is, and on which map."""
        info = self.running.map_info
        name = f"map {info.map_id}" if info else "no map: driving times are estimates"
        self._say(
            f"Monaco and the Riviera, {town.ATTRIBUTION} ({name})",
            f"gRPC at {self.running.address}, started in {elapsed_words(self.seconds['start'])}",
        )

    def search(
        self,
        answer: SuggestSlotsResponse,
        request: SuggestSlotsRequest,
        seconds: float,
        again: float,
    ) -> None:
        """The slots of the new client; ``again``: seconds the same question took a second time."""
        self.seconds |= {"search": seconds, "search_again": again}
        where = town.NEWCOMER.address
        if self.as_json:
            from slotsvc.cli.as_json import as_json

            self.told["suggestion"] = {"place": where, **as_json(answer)}
            return
        asked = f"a new client at {where}: boiler service, 60 min"
        self._say("")
        show(answer_lines(answer, request, self.zone, self.screen.width, head=asked, next_=""))
        self._say(f"       Asked again: {elapsed_words(again)}, there and back.")

    def step(self, step: Step) -> None:
        """One of the four steps after the search: what it did, the routes before and after."""
        told = told_words(step, self.zone)
        self.steps.append(step_json(step, told, self.zone))
        self.seconds[step.name] = step.seconds
        done = f"{step.sentence} {told}".strip()
        took = elapsed_words(step.seconds)
        self._say("", f"{len(self.steps) + 1}. {step.name}: {done} ({took})")
        for before, after in step.routes:
            self._say(*self._change(before, after, step.visit))

    def _change(self, before: Route, after: Route, visit: str) -> list[str]:
        """The planned starts before and after, or one line when nothing moved."""
        was, now = (route_words(route, self.zone, visit) for route in (before, after))
        name = route_name(after)
        if was == now:
            return [f"   {name}: nothing moved"]
        if len(self.steps) == 1:
            name += " (planned starts, this visit in brackets)"
        width = self.screen.width
        return [
            f"   {name}",
            *paragraph(was, width, 13, "     before"),
            *paragraph(now, width, 13, "     after"),
        ]

    def doors(self, doors: Doors) -> None:
        """How to get into the portal."""
        self.told["portal"] = doors_json(doors)
        took = elapsed_words(self.seconds["portal"])
        self._say("", f"The portal is open at {doors.url}/ (in {took}).")
        self._say(*door_lines(doors, self.screen.width))

    def visited(self, journey: Journey) -> None:
        """What a client did in the portal, and how long each page took."""
        pages = [{"page": what, "milliseconds": round(s * 1000, 1)} for what, s in journey.pages]
        self.told["portal"]["pages"] = pages
        told = ", ".join(f"{what} {elapsed_words(s)}" for what, s in journey.pages)
        self._say("")
        self._tell(f"Camille signs in and books: {told}.")

    def end(self, *, once: bool) -> None:
        """The JSON object, or what to type next."""
        if self.as_json:
            from slotsvc.cli.as_json import echo_json

            echo_json(self._object())
        elif once:
            self._say("", f"All five steps did what they should, on visit {self._visit()}.")
        else:
            self._say("", "It stays up; Ctrl-C stops it. In another terminal:")
            self._say(*(f"  {line}" for line in self.calls()))

    def _visit(self) -> str:
        return short(self.steps[-1]["visit"]) if self.steps else ""

    def _object(self) -> dict[str, Any]:
        info = self.running.map_info
        return {
            "address": self.running.address,
            "metrics_address": self.running.metrics_address,
            "map_id": info.map_id if info else None,
            "attribution": town.ATTRIBUTION,
            "team": f"tenants/{town.TENANT}/teams/{town.TEAM}",
            "time_zone": town.ZONE,
            **self.told,
            "steps": self.steps,
            "seconds": {name: round(value, 4) for name, value in self.seconds.items()},
        }

    def calls(self) -> list[str]:
        """Command lines that work as printed."""
        there = self.running.address
        to = "" if there == "127.0.0.1:50051" else f" --address {there}"
        first = self.told["days"][0]
        run, place = program(), f"{town.NEWCOMER.lat},{town.NEWCOMER.lon}"
        asks = f"{run} suggest{to} --activity {town.ACTIVITIES[0].id} --at {place} --from {first}"
        return [
            *folded(asks),
            *folded(f"{asks} --pick 1 | {run} book{to} -"),
            f"{run} calendar{to} {first}",
            f"{run} calendar{to} {first} --technician {town.TECHNICIANS[1].id}",
            f"{run} map find{to} moulins",
            f"grpcurl -plaintext {there} list slotsvc.v1.SlotService",
        ]

    def _tell(self, sentence: str) -> None:
        self._say(*paragraph(sentence, self.screen.width))

    def _say(self, *lines: str) -> None:
        if not self.as_json:
            show(lines, self.screen)


def folded(command: str) -> list[str]:
    """A long command line broken before an option, so that a shell still reads it as one."""
    lines, line = [], ""
    for part in re.split(r" (?=--|\| )", command):
        if line and len(line) + len(part) > COMMAND_WIDTH:
            lines.append(f"{line} \\")
            line = "   "
        line = f"{line} {part}" if line else part
    return [*lines, line]


def told_words(step: Step, zone: ZoneInfo) -> str:
    """The window the client was told; "" after a cancellation."""
    answer = step.answer
    window = answer.window if hasattr(answer, "window") else answer.promise.window
    return window_words(window, zone) if window.HasField("start_time") else ""


def step_json(step: Step, told: str, zone: ZoneInfo) -> dict[str, Any]:
    """A step with the routes it touched, before and after."""
    return {
        "step": step.name,
        "visit": step.visit,
        "window": told,
        "milliseconds": round(step.seconds * 1000, 1),
        "routes": [
            {
                "route": route_name(after),
                "before": route_words(before, zone, step.visit),
                "after": route_words(after, zone, step.visit),
            }
            for before, after in step.routes
        ],
    }
