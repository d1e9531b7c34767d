"""Golden cases: small calendars worth reading, with the answers we stand by.

``golden/<case>/case.json`` holds the calendar, the request and in ``why`` what is interesting;
``answer.json`` the answer. ``python -m tests.solver.golden_cases`` writes the answers anew: read
the difference before you commit it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.query import Answer, AskedWindow, Legs, Offer, Rejected, SlotQuery
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from tests.solver.calendars import (
    Roads,
    TeamDays,
    a_calendar,
    a_query,
    a_technician,
    asked,
    at,
    minutes,
)
from tests.solver.golden_days import a_day, about
from tests.solver.golden_rules import booking

HERE = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in HERE.iterdir() if path.is_dir())

Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case, read."""

    why: str
    calendar: TeamCalendar
    roads: Roads
    query: SlotQuery
    legs: Legs
    params: SearchParams
    now: datetime


def read(name: str) -> Case:
    """The case of a directory."""
    data: Json = json.loads((HERE / name / "case.json").read_text(encoding="utf-8"))
    roads, request = minutes(*data["minutes"]), data["request"]
    team = TeamDays(
        [_technician(t) for t in data["technicians"]], [a_day(d, roads) for d in data["days"]]
    )
    calendar = a_calendar(team, roads)
    query = _query(request)
    legs = roads.legs(calendar, query.location)
    params = SearchParams(
        max_slots=request.get("max_slots", 5),
        max_per_day=request.get("max_per_day", 2),
        freedom=Freedom(request.get("freedom", "RESEQUENCE")),
    )
    legs = replace(legs, snap_m=request.get("snap_m", legs.snap_m))
    return Case(data["why"], calendar, roads, query, legs, params, at(request.get("now", "0:00")))


def _technician(data: Json) -> Technician:
    return a_technician(data["id"], *data.get("tags", ()))


def _query(data: Json) -> SlotQuery:
    return a_query(
        data["place"],
        [_asked(*window) for window in data["windows"]],
        service=timedelta(minutes=data["minutes"]),
        requires=frozenset(data.get("tags", ())),
        preferred=frozenset(data.get("preferred", ())),
        **booking(data),
        **about(data),
    )


def _asked(on: str, start: str, end: str) -> AskedWindow:
    return asked(start, end, date.fromisoformat(on))


def answer_of(case: Case) -> Answer:
    """The service's answer."""
    return suggest(case.calendar, case.query, case.legs, case.params, case.now, max_rejections=9)


def as_json(answer: Answer) -> Json:
    """What a reader wants to see of an answer. Costs in thousandths of a weighted second."""
    counts = answer.counts
    return {
        "offers": [_offer(offer) for offer in answer.offers],
        "rejections": [_rejected(rejected) for rejected in answer.rejections],
        "complete": counts.complete,
        "cells": counts.cells,
        "rejected": counts.rejected,
    }


def _offer(offer: Offer) -> Json:
    return {
        "window": _span(offer.window.promise),
        "technician": offer.technician,
        "order": " > ".join(name or "NEW" for name in offer.order),
        "arrival": _clock(offer.arrival),
        "start": _clock(offer.start),
        "finish": _clock(offer.finish),
        "cost": offer.cost,
        "components": {c.name: c.cost for c in offer.components if c.cost},
        "why": offer.why,
    }


def _rejected(rejected: Rejected) -> Json:
    return {
        "technician": rejected.technician,
        "reason": rejected.reason.value,
        "cells": rejected.cells,
        "margin": rejected.margin,
        "message": rejected.message,
    }


def _span(window: TimeWindow) -> str:
    return f"{_clock(window.start)} - {_clock(window.end)}"


def _clock(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%a %H:%M:%S").removesuffix(":00")


def _write(name: str) -> None:
    text = json.dumps(as_json(answer_of(read(name))), indent=2, ensure_ascii=False)
    (HERE / name / "answer.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in CASES:
        _write(each)
