"""What an offer meets when it is taken: the route as it is now, and what forbids the taking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from slotsvc.domain.errors import (
    AlreadyExistsError,
    HoldLimitError,
    NotFoundError,
    SlotExpiredError,
    SlotGoneError,
    WrongStateError,
)
from slotsvc.domain.visit import Pin, PlacementState, RouteKey
from slotsvc.scheduling.desk import (
    Work,
    shift_of,
)
from slotsvc.scheduling.ports import ReadTx, StoredRoute, StoredVisit
from slotsvc.scheduling.wish import HeldOffer


@dataclass(frozen=True, slots=True)
class Taking:
    """What the caller wants done with an offer.

    ``expires_after``: now to the hold's expiry; None: booked at once.
    """

    offer: HeldOffer
    expires_after: Callable[[datetime], datetime] | None
    external_ref: str = ""
    note: str = ""
    pin: Pin = Pin.NONE

    @property
    def kind(self) -> str:
        """Name of the event."""
        if self.expires_after is not None:
            return "VISIT_HELD"
        return "VISIT_MOVED" if self.offer.replaces else "VISIT_BOOKED"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a snapshot says."""

    now: datetime
    revision: int
    work: Work
    route: StoredRoute
    moved: StoredVisit | None
    old_route: StoredRoute | None


def see(tx: ReadTx, taking: Taking) -> Seen:
    """One look at everything the taking depends on.

    Raises ``SlotExpiredError``, ``SlotGoneError``, ``NotFoundError``, ``WrongStateError``,
    ``HoldLimitError``, ``AlreadyExistsError``.
    """
    offer, now = taking.offer, tx.now()
    if now >= offer.expires or now >= offer.window.start_window.end:
        raise SlotExpiredError("the offer lapsed; ask for slots again")
    key = RouteKey(offer.tenant, offer.technician, offer.day)
    work = shift_of(tx, key)
    if work is None or work.technician.team != offer.team:
        raise SlotGoneError("the technician does not work then any more")
    route = tx.routes_by_key([key])[key]
    moved = _moved(tx, taking, now)
    refuse_second_hold(tx, taking, now)
    old = moved.placement.route if moved else None
    old_route = tx.routes_by_key([old])[old] if old is not None and old != key else None
    return Seen(now, tx.calendar_revision(offer.tenant), work, route, moved, old_route)


def _moved(tx: ReadTx, taking: Taking, now: datetime) -> StoredVisit | None:
    """The visit to move, as it stands. Raises when it no longer is what the offer spoke of."""
    offer = taking.offer
    if not offer.replaces:
        return None
    stored = tx.visit(offer.tenant, offer.visit)
    if stored is None:
        raise NotFoundError("no such visit")
    booked = stored.placement.state is PlacementState.BOOKED
    if stored.placement.id != offer.replaces or not booked:
        raise WrongStateError("the visit changed since the slots were asked for")
    if stored.placement.start_window.end <= now:
        raise WrongStateError("the visit's time is over")
    if tx.open_replacement(offer.tenant, offer.replaces, now) is not None:
        raise HoldLimitError("another move of this visit is not confirmed yet")
    return stored


def refuse_second_hold(tx: ReadTx, taking: Taking, now: datetime) -> None:
    """One live hold per client and activity, one live visit per external_ref.

    Raises ``HoldLimitError``, ``AlreadyExistsError``.
    """
    offer = taking.offer
    if taking.expires_after is not None and offer.client:
        held = tx.live_hold_of_client(offer.tenant, offer.client, offer.activity_type, now)
        if held is not None:
            raise HoldLimitError("the client already holds a slot of this activity")
    if taking.external_ref and not offer.replaces:
        other = tx.visit_by_external_ref(offer.tenant, taking.external_ref)
        if other is not None and other.placement.live(now):
            raise AlreadyExistsError("a visit with this external_ref exists")
