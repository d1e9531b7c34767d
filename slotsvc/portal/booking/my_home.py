"""What a client sees first: the next appointment, what waits for him, what he can ask for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from slotsvc.portal.booking.actions import Action, ActionKind
from slotsvc.portal.booking.cards import Card, Status
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.my_visits import OPEN, in_order
from slotsvc.portal.booking.new_visits import entry_actions, my_sites
from slotsvc.portal.service.answers import VisitState

RECENT = 3
_RECENTLY = timedelta(days=90)
_COMING = (Status.ON_THE_WAY, Status.IN_PROGRESS, Status.SCHEDULED)
_WAITING = (Status.HELD, Status.TO_SCHEDULE)


@dataclass(frozen=True, slots=True)
class Home:
    """``next`` None: no appointment stands. ``later``: the appointments behind it. ``waiting``: to
    be confirmed or booked. ``recent``: the last few done of late. ``actions``: new visits.

    ``somewhere``: there is a site that new visits can go to.
    """

    next: Card | None
    later: list[Card]
    waiting: list[Card]
    recent: list[Card]
    actions: list[Action]
    somewhere: bool


async def my_home(desk: Desk) -> Home:
    """The visitor's first page. Raises ``ServiceError``."""
    since = (desk.now.astimezone(desk.zone) - _RECENTLY).date()
    found, done = await asyncio.gather(
        desk.calls.open_visits(), desk.calls.visits(VisitState.DONE, since)
    )
    cards = in_order(await desk.cards([*found, *done]))
    coming = [card for card in cards if card.status in _COMING]
    return Home(
        next=coming[0] if coming else None,
        later=coming[1:],
        waiting=[card for card in cards if card.status in _WAITING and _can_book(desk, card)],
        recent=[card for card in cards if card.status not in OPEN][:RECENT],
        actions=entry_actions(desk),
        somewhere=bool(await my_sites(desk)),
    )


def _can_book(desk: Desk, card: Card) -> bool:
    return desk.may(ActionKind.BOOK, card.visit).worth_showing
