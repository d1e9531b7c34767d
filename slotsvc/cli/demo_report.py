"""What the demo says, as text while it goes or as one JSON object at its end."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slotsvc.cli import demo_town as town
from slotsvc.cli.progress import staged
from slotsvc.cli.render_answer import answer_lines
from slotsvc.cli.render_visit import route_words
from slotsvc.cli.screen import console, paragraph, show
from slotsvc.cli.words import count_words, day_words, elapsed_words, short, window_words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from slotsvc.bootstrap import RunningServer
    from slotsvc.cli.demo_fill import DayLoad
    from slotsvc.cli.demo_steps import Step
    from slotsvc.pb.v1.plan_service_pb2 import Route
    from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsRequest, SuggestSlotsResponse


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
        self._say(*self._head(made), "")
        self._say(
            *paragraph(
                f"{len(town.TECHNICIANS)} technicians, {len(town.SITES)} sites, "
                f"{len(days)} working days ({day_words(days[0])} to {day_words(days[-1])}), "
                f"{count_words(visits, 'visit')} booked one by one: {share:.0%} full, "
                f"in {elapsed_words(self.seconds['company'] + self.seconds['fill'])}.",
                self.screen.width,
            )
        )

    def _head(self, made: bool) -> list[str]:
        info = self.running.map_info
        name = f"map {info.map_id}" if info else "no map: driving times are estimates"
        return [
            f"Monaco and the Riviera, {town.ATTRIBUTION} ({name})",
            f"gRPC at {self.running.address}, started in {elapsed_words(self.seconds['start'])}"
            + ("" if made else "; the company was there already"),
        ]

    def search(
        self, answer: SuggestSlotsResponse, request: SuggestSlotsRequest, seconds: float
    ) -> None:
        """The slots of the new client."""
        self.seconds["search"] = seconds
        where = town.NEWCOMER.address
        if self.as_json:
            from slotsvc.cli.as_json import as_json

            self.told["suggestion"] = {"place": where, **as_json(answer)}
            return
        self._say("", f"A new client at {where} asks for a boiler service (60 min).", "")
        show(answer_lines(answer, request, self.zone, self.screen.width, found=[where], next_=""))

    def step(self, step: Step) -> None:
        """One of the four steps after the search: what it did, the routes before and after."""
        answer = step.answer
        window = answer.window if hasattr(answer, "window") else answer.promise.window
        told = window_words(window, self.zone) if window.HasField("start_time") else ""
        self.steps.append(
            {
                "step": step.name,
                "visit": step.visit,
                "window": told,
                "milliseconds": round(step.seconds * 1000, 1),
                "routes": [
                    {
                        "before": route_words(before, self.zone, step.visit),
                        "after": route_words(after, self.zone, step.visit),
                    }
                    for before, after in step.routes
                ],
            }
        )
        self.seconds[step.name] = step.seconds
        number = len(self.steps) + 1
        self._say(
            "", f"{number}. {step.name}: {step.sentence} {told} ({elapsed_words(step.seconds)})"
        )
        for before, after in step.routes:
            self._say(*self._change(before, after, step.visit))

    def _change(self, before: Route, after: Route, visit: str) -> list[str]:
        """Two lines, or one when nothing moved."""
        was, now = (route_words(route, self.zone, visit) for route in (before, after))
        who, _, starts = now.partition(": ")
        if was == now:
            return [f"   {who}: unchanged: {starts}"]
        return [f"   {who}", f"     before  {was.partition(': ')[2]}", f"     after   {starts}"]

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
        run, place = program(), f"{town.NEWCOMER.lat},{town.NEWCOMER.lon}"
        asks = f"{run} suggest{to} --activity {town.ACTIVITIES[0].id} --at {place}"
        return [
            asks,
            f"{asks} --pick 1 | {run} book{to} -",
            f"{run} calendar{to} tomorrow",
            f"{run} calendar{to} --technician {town.TECHNICIANS[1].id} --list",
            f"{run} map find{to} moulins",
            f"grpcurl -plaintext {there} list slotsvc.v1.SlotService",
        ]

    def _say(self, *lines: str) -> None:
        if not self.as_json:
            show(lines, self.screen)


def program() -> str:
    """How this program was called, so that printed command lines work from the same directory."""
    called = Path(sys.argv[0])
    if called.name != "slotsvc":
        return f"{sys.executable} -m slotsvc.cli.main"
    found = shutil.which("slotsvc")
    if found and os.path.samefile(found, called):
        return "slotsvc"
    return min(str(called), os.path.relpath(called), key=len)
