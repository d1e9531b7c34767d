"""My interventions: all of them merged, searched, filtered and cut into pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from slotsvc.portal.booking.cards import Card, Status
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.service.answers import Visit

PAGE = 20
OPEN = frozenset(set(Status) - {Status.DONE, Status.CANCELLED})
_RANKS = {status: rank for rank, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for. ``words`` "": anything; ``status``, ``site`` None: any. ``page``: 1…"""

    words: str = ""
    status: Status | None = None
    site: str | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class MyVisits:
    """One page of them. ``total``: that match. ``any``: whether there are some without filters.

    ``sites``: (resource name, name shown) of all, to filter by.
    """

    cards: list[Card]
    total: int
    page: int
    pages: int
    any: bool
    sites: list[tuple[str, str]]


async def my_visits(desk: Desk, filters: Filters) -> MyVisits:
    """The visits that match, those that need attention first."""
    cards = in_order(await desk.cards(await desk.calls.all_visits()))
    found = [card for card in cards if _matches(card, filters)]
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, filters.page), pages)
    sites = sorted({(card.place, card.visit.site) for card in cards if card.place})
    return MyVisits(
        cards=found[(page - 1) * PAGE : page * PAGE],
        total=len(found),
        page=page,
        pages=pages,
        any=bool(cards),
        sites=[(name, place) for place, name in sites],
    )


def in_order(cards: Iterable[Card]) -> list[Card]:
    """Under way, to be confirmed, to be scheduled, scheduled (the next one first), then what is
    over, the latest first."""
    return sorted(cards, key=_key)


def when(visit: Visit) -> datetime:
    """The instant by which visits are put in order: their window, else when they were made."""
    return visit.window.start if visit.window else visit.created


def _key(card: Card) -> tuple[int, float, str]:
    over = card.status not in OPEN
    seconds = when(card.visit).timestamp()
    # what is over goes together, whether it was done or cancelled
    return (
        len(Status) if over else _RANKS[card.status],
        -seconds if over else seconds,
        card.visit.name,
    )


def _matches(card: Card, filters: Filters) -> bool:
    return (
        filters.status in (None, card.status)
        and filters.site in (None, card.visit.site)
        and card.matches(filters.words)
    )
