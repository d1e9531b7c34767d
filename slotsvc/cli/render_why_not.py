"""Why a window is not possible, and what would open it, as planners read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from slotsvc.cli.render_answer import what_words, where_words
from slotsvc.cli.screen import paragraph
from slotsvc.cli.words import MINUS, change_words, clock_words, short, window_words

if TYPE_CHECKING:
    from rich.text import Text

    from slotsvc.cli.known_names import KnownNames
    from slotsvc.pb.v1.slot_service_pb2 import (
        PlannedPlace,
        Repair,
        WhyNotRequest,
        WhyNotResponse,
        WindowVerdict,
    )

INDENT = 2
TRIED = "Each way was tried on the day and checked: a minute less of it would not do."
TAKE = "Take a possible one: add --token and pipe into `slotsvc hold -` or `slotsvc book -`."


def why_not_lines(
    answer: WhyNotResponse,
    request: WhyNotRequest,
    names: KnownNames,
    width: int,
    *,
    found: Sequence[str] = (),
) -> list[Text]:
    """The lines, at most ``width`` long. ``found``: what an address turned out to be."""
    from rich.text import Text

    where = found[0] if found else where_words(request.request)
    asked = f"{what_words(request.request)} at {where}"
    who = names.technician(request.technician)
    title = f"{who}: {asked} ({names.zone.key} time)"
    lines = [Text(line, "bold") for line in paragraph(title, width)]
    if not answer.verdicts:
        lines.append(Text("No window is offered that day."))
    for verdict in answer.verdicts:
        lines += [Text(), *_verdict(verdict, names, width)]
    notes = [TRIED] if any(v.repairs for v in answer.verdicts) else []
    notes += [TAKE] if any(v.HasField("slot") for v in answer.verdicts) else []
    if notes:
        lines.append(Text())
    return lines + [Text(line, "dim") for note in notes for line in paragraph(note, width)]


def _verdict(verdict: WindowVerdict, names: KnownNames, width: int) -> Iterator[Text]:
    from rich.text import Text

    possible = verdict.HasField("slot")
    head = Text(window_words(verdict.window, names.zone), "bold")
    yield head.append(": possible" if possible else ": not possible")
    if possible:
        cost = f"{verdict.slot.cost_millis / 1000:.0f}".replace("-", MINUS)
        told = f"{_times(verdict.slot.place, names)}. Cost {cost}: {verdict.slot.why}"
        yield from map(Text, paragraph(told, width, INDENT))
        return
    for block in verdict.blocks:
        told = block.message if not verdict.repairs else _why(block.message)
        yield from map(Text, paragraph(told, width, INDENT))
    if verdict.repairs:
        yield from _ways(verdict.repairs, names, width)


def _why(message: str) -> str:
    """The reason without the general advice: there is better."""
    return message.partition(". ")[0].rstrip(".") + "."


def _ways(repairs: Sequence[Repair], names: KnownNames, width: int) -> Iterator[Text]:
    from rich.text import Text

    several = all(len(repair.changes) > 1 for repair in repairs)
    one = "No single change is enough. Together these are:" if several else ""
    enough = one or ("This is enough:" if len(repairs) == 1 else "Any one of these is enough:")
    yield Text(" " * INDENT + enough)
    for number, repair in enumerate(repairs, start=1):
        yield from map(Text, paragraph(_way(repair, names), width, 6, f"   {number}"))
        place = f"{_times(repair.place, names)}."
        yield from (Text(line, "dim") for line in paragraph(place, width, 6))


def _way(repair: Repair, names: KnownNames) -> str:
    """The sentence, with the names that people know in place of ids."""
    told = repair.message
    for change in repair.changes:
        if change.visit:
            told = told.replace(f"visit {short(change.visit)}", _named(change.visit, names))
    return told if repair.least else f"{told} Perhaps less is enough."


def _named(visit: str, names: KnownNames) -> str:
    """Such as "the visit at Rue Imberty (told 08:00-10:00)"."""
    found = names.read(visit)
    told = names.told(found)
    return f"the visit at {names.where(found)}" + (f" ({told})" if told else "")


def _times(place: PlannedPlace, names: KnownNames) -> str:
    """Such as "It would start at 10:12 and end at 11:12, +4 min driving"."""
    start, end = (clock_words(t, names.zone) for t in (place.start_time, place.end_time))
    driving = change_words(place.added_travel_seconds)
    return f"It would start at {start} and end at {end}, {driving} driving"
