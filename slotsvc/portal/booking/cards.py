"""A visit with what the company says about it: title, place, status."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from slotsvc.pb.v1.calendar_service_pb2 import ActivityType, Site
from slotsvc.portal.booking.shown import ShownType, Texts
from slotsvc.portal.service.answers import Visit, VisitState


class Status(StrEnum):
    """Where a visit stands, as a client sees it. In the order in which they matter to him."""

    ON_THE_WAY = "ON_THE_WAY"
    IN_PROGRESS = "IN_PROGRESS"
    HELD = "HELD"
    TO_SCHEDULE = "TO_SCHEDULE"
    SCHEDULED = "SCHEDULED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


STATUS = {
    VisitState.UNPLACED: Status.TO_SCHEDULE,
    VisitState.HELD: Status.HELD,
    VisitState.BOOKED: Status.SCHEDULED,
    VisitState.EN_ROUTE: Status.ON_THE_WAY,
    VisitState.STARTED: Status.IN_PROGRESS,
    VisitState.DONE: Status.DONE,
    VisitState.CANCELLED: Status.CANCELLED,
    VisitState.RELEASED: Status.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Card:
    """A visit to show. ``title``: by locale. ``place``, ``address``: of its site, "" for none."""

    visit: Visit
    status: Status
    kind: ShownType
    title: Texts
    place: str
    address: str

    def matches(self, words: str) -> bool:
        """Whether every word is somewhere in title, place or reference; accents do not count."""
        told = (*self.title.values(), self.place, self.address, self.visit.reference)
        text = _plain(" ".join(told))
        return all(word in text for word in _plain(words).split())


def card_of(visit: Visit, shown: ShownType, kind: ActivityType | None, site: Site | None) -> Card:
    """The card of a visit whose type is ``shown``."""
    return Card(
        visit=visit,
        status=STATUS[visit.state],
        kind=shown,
        title=title_of(shown, kind),
        place=site.display_name if site else "",
        address=site.address if site else "",
    )


def title_of(shown: ShownType, kind: ActivityType | None) -> Texts:
    """The company's title; where it wrote none, the engine's name of the type, in any language."""
    return shown.title or {"": kind.display_name if kind else shown.id}


def _plain(text: str) -> str:
    """Without accents and capitals."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
