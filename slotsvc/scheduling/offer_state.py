"""What an offer meets when it is taken: the route as it is now, and what forbids the taking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.domain.commitment import CommitmentKind, promised
from slotsvc.domain.errors import (
    AlreadyExistsError,
    HoldLimitError,
    NotFoundError,
    SlotExpiredError,
    SlotGoneError,
    WrongStateError,
)
from slotsvc.domain.offering import ActivityType
from slotsvc.domain.visit import Pin, Placement, PlacementState, Standing
from slotsvc.scheduling.desk import HoldLimits, Work, shift_of
from slotsvc.scheduling.ports import ReadTx, StoredRoute, StoredVisit
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.scheduling.work_calendar import read_teams


@dataclass(frozen=True, slots=True)
class Taking:
    """What the caller wants done with an offer.

    ``hold``: only reserve it; False: booked at once. ``hold_for``: None: the usual time.
    ``channel``: by which the client is told.
    """

    offer: HeldOffer
    hold: bool
    hold_for: timedelta | None = None
    external_ref: str = ""
    note: str = ""
    pin: Pin = Pin.NONE
    channel: str = ""

    @property
    def kind(self) -> str:
        """Name of the event."""
        if self.hold:
            return "VISIT_HELD"
        return "VISIT_MOVED" if self.offer.replaces else "VISIT_BOOKED"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a snapshot says.

    ``stored``: the visit that is to move or to get a place, None for a new one. ``old_route``: of
    the place that would be given up, None when it is on the same route, or there is none.
    ``wide``: the visit need not start in the offered window, any time of the shift will do.
    ``reserve``: the team's emergency reserve.
    """

    now: datetime
    revision: int
    work: Work
    route: StoredRoute
    stored: StoredVisit | None
    old_route: StoredRoute | None
    activity: ActivityType | None
    wide: bool
    reserve: timedelta

    def hold_length(self, limits: HoldLimits, wanted: timedelta | None) -> timedelta:
        """How long a hold lasts."""
        rules = self.activity.rules if self.activity else BookingRules()
        usual, longest = rules.hold_lengths(limits.default, limits.longest)
        return min(wanted or usual, longest)

    def some_lapsed(self, now: datetime) -> bool:
        """Whether holds of the routes are over; as long as their versions stand, all are here."""
        routes = (self.route, self.old_route)
        return any(r is not None and len(r.live(now)) < len(r.placements) for r in routes)


def see(tx: ReadTx, taking: Taking, limits: HoldLimits) -> Seen:
    """One look at everything the taking depends on.

    Raises ``SlotExpiredError``, ``SlotGoneError``, ``NotFoundError``, ``WrongStateError``,
    ``HoldLimitError``, ``AlreadyExistsError``.
    """
    offer, now = taking.offer, tx.now()
    if now >= offer.expires or now >= offer.window.start_window.end:
        raise SlotExpiredError("the offer lapsed; ask for slots again")
    key = offer.route
    work = shift_of(tx, key)
    if work is None or offer.team not in read_teams(tx, work.technician, key):
        raise SlotGoneError("the technician does not work then any more")
    route = tx.routes_by_key([key])[key]
    stored = _stored(tx, taking, now)
    refuse_another_hold(tx, taking, limits, now)
    kind = offer.work.activity_type
    activity = tx.activity_type(offer.tenant, kind) if kind else None
    refuse_full_day(tx, taking, activity, now)
    old = stored.placed.route if stored and offer.replaces else None
    old_route = tx.routes_by_key([old])[old] if old is not None and old != key else None
    revision = tx.calendar_revision(offer.tenant)
    team = tx.team(offer.tenant, offer.team)
    reserve = team.emergency_reserve if team else timedelta(0)
    wide = _wide(tx, offer, stored)
    return Seen(now, revision, work, route, stored, old_route, activity, wide, reserve)


def _wide(tx: ReadTx, offer: HeldOffer, stored: StoredVisit | None) -> bool:
    """Nobody waits in a window for it, and no door closes on it."""
    work = stored.visit if stored else offer.work
    if work.commitment.kind is CommitmentKind.APPOINTMENT or work.promises:
        return False
    site = tx.site(offer.tenant, work.site) if work.site else None
    return site is None or site.opening_hours is None


def _stored(tx: ReadTx, taking: Taking, now: datetime) -> StoredVisit | None:
    """The stored visit, as it stands. Raises when it no longer is what the offer spoke of."""
    offer = taking.offer
    if not offer.work.id:
        return None
    stored = tx.visit(offer.tenant, offer.work.id)
    if stored is None:
        raise NotFoundError("no such visit")
    if stored.visit.client != offer.work.client:  # the offer was for whom it belonged to
        raise WrongStateError("the visit changed since the slots were asked for")
    if offer.replaces:
        _refuse_moved(stored, offer, now)
    elif stored.standing is not Standing.UNPLACED:
        raise WrongStateError("the visit changed since the slots were asked for")
    if not _suits(stored, offer):
        raise SlotGoneError("what the client was told or wishes changed meanwhile")
    if tx.open_hold(offer.tenant, offer.work.id, now) is not None:
        raise HoldLimitError("another place of this visit is held and not confirmed yet")
    return stored


def _suits(stored: StoredVisit, offer: HeldOffer) -> bool:
    """Whether the offered window is still one that the visit may be given: due time, target, and,
    unless its client is asked anew, what was promised."""
    window, wanted = offer.window.start_window, stored.visit.commitment
    if wanted.due is not None and window.end > wanted.due:
        return False
    if wanted.target is not None and not wanted.target.covers(window):
        return False
    told = None if offer.asked_anew else promised(stored.visit.promises)
    return told is None or any(one.covers(window) for one in told)


def _refuse_moved(stored: StoredVisit, offer: HeldOffer, now: datetime) -> None:
    placed = stored.standing is Standing.PLACED and stored.placed.id == offer.replaces
    if not placed or stored.placed.state is not PlacementState.BOOKED:
        raise WrongStateError("the visit changed since the slots were asked for")
    if stored.placed.start_window.end <= now:
        raise WrongStateError("the visit's time is over; take it off its route, then plan it anew")


def other_visit(tx: ReadTx, seen: StoredVisit) -> bool:
    """Whether the visit is not as it was seen: changed, placed or held elsewhere meanwhile.

    One of the backlog stands on no route, so no lock of a route keeps two from taking it.
    """
    stored = tx.visit(seen.tenant, seen.visit.id)
    changed = stored is None or stored.revision != seen.revision
    return changed or tx.open_hold(seen.tenant, seen.visit.id, tx.now()) is not None


def decided_on(taking: Taking, activity: ActivityType | None) -> Iterator[str]:
    """Names of what ``refuse_another_hold`` and ``refuse_full_day`` count beyond the route."""
    offer = taking.offer
    if taking.hold and offer.work.client:
        yield f"client\n{offer.work.client}"
    yield from _counted(taking.external_ref, offer.team, activity, offer.day)


def confirmed_under(tx: ReadTx, hold: Placement) -> Iterator[str]:
    """Names of what counts a hold until it lapses: while it is being confirmed, others whose clock
    says that it has lapsed must not give away what it keeps."""
    visit, key = hold.visit, hold.route
    activity = tx.activity_type(key.tenant, visit.activity_type) if visit.activity_type else None
    yield from _counted(visit.external_ref, hold.of_team, activity, key.day)


def _counted(reference: str, team: str, activity: ActivityType | None, day: date) -> Iterator[str]:
    if reference:
        yield f"reference\n{reference}"
    if activity is not None and activity.rules.daily_quota is not None:
        yield f"quota\n{team}\n{activity.id}\n{day}"


def refuse_another_hold(tx: ReadTx, taking: Taking, limits: HoldLimits, now: datetime) -> None:
    """One live hold per client and activity, few per client (OWASP OAT-021), one live visit per
    external_ref.

    Raises ``HoldLimitError``, ``AlreadyExistsError``.
    """
    offer, work = taking.offer, taking.offer.work
    if taking.hold and work.client:
        held = tx.live_holds_of_client(offer.tenant, work.client, now)
        if any(p.visit.activity_type == work.activity_type for p in held):
            raise HoldLimitError("the client already holds a slot of this activity")
        if len(held) >= limits.most_per_client:
            raise HoldLimitError(f"the client already holds {len(held)} slots; confirm or release")
    if taking.external_ref and not work.id:
        refuse_taken_reference(tx, offer.tenant, taking.external_ref, now)


def refuse_taken_reference(
    tx: ReadTx, tenant: str, external_ref: str, now: datetime, but: str = ""
) -> None:
    """One visit in use per external_ref; ``but``: the visit that may have it.

    Raises ``AlreadyExistsError``.
    """
    other = tx.visit_by_external_ref(tenant, external_ref)
    if other is None or other.visit.id == but:
        return
    placed = other.placement is not None and other.placement.live(now)
    if placed or other.standing is Standing.UNPLACED:
        raise AlreadyExistsError("a visit with this external_ref exists")


def refuse_full_day(
    tx: ReadTx, taking: Taking, activity: ActivityType | None, now: datetime
) -> None:
    """The activity's daily quota, counted in the transaction. Raises ``SlotGoneError``."""
    quota = activity.rules.daily_quota if activity else None
    if activity is None or quota is None:
        return
    offer = taking.offer
    taken = tx.live_of_activity(
        offer.tenant, offer.team, activity.id, offer.day, offer.day, now
    ).get(offer.day, 0)
    if taken - _given_up(tx, offer) >= quota:
        raise SlotGoneError("the day has all the visits of this kind that it may have")


def _given_up(tx: ReadTx, offer: HeldOffer) -> int:
    """1 when the visit that moves leaves a place of the same team on the same day."""
    old = tx.placement(offer.tenant, offer.replaces) if offer.replaces else None
    if old is None:
        return 0
    return int((old.placed.of_team, old.placed.route.day) == (offer.team, offer.day))
