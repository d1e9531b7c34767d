"""A search with every name looked up: what is asked for, and the visit it would make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from slotsvc.domain.eligibility import tag_of
from slotsvc.domain.errors import InvalidRequestError, NotFoundError, Violation, WrongStateError
from slotsvc.domain.offering import ActivityType, OfferGrid, Site
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Team
from slotsvc.domain.visit import PlacementState, Standing, Visit
from slotsvc.scheduling.ports import ReadTx, StoredVisit
from slotsvc.scheduling.wish import SuggestCommand, Wish


@dataclass(frozen=True, slots=True)
class Asked:
    """``work``: the visit as it would be, the stored one as it is. ``stored``: None for a new one.

    ``grid``: what is offered.
    """

    team: Team
    site: Site | None
    activity: ActivityType | None
    stored: StoredVisit | None
    work: Visit
    grid: OfferGrid
    now: datetime

    @property
    def replaces(self) -> str:
        """Id of the placement to move; "" for a visit without a place."""
        place = self.stored.place if self.stored is not None else None
        return place.id if place is not None else ""


def look_up(tx: ReadTx, command: SuggestCommand) -> Asked:
    """Raises ``NotFoundError``, ``InvalidRequestError``, ``WrongStateError``."""
    wish, tenant = command.wish, command.tenant
    team = tx.team(tenant, command.team)
    if team is None:
        raise NotFoundError("no such team")
    stored = _stored(tx, tenant, wish) if wish.visit else None
    site_id = wish.site or (stored.visit.site if stored and wish.location is None else "")
    kind = wish.activity_type or (stored.visit.activity_type if stored else "")
    site = tx.site(tenant, site_id) if site_id else None
    activity = tx.activity_type(tenant, kind) if kind else None
    if wish.site and site is None:
        raise NotFoundError("no such site")
    if wish.activity_type and activity is None:
        raise NotFoundError("no such activity type")
    wrong = [*_unknown(tx, tenant, wish), *_missing(wish, site, activity, stored)]
    if wrong:
        raise InvalidRequestError(wrong)
    grid = wish.grid or (activity.grid if activity else None)
    assert grid is not None, "checked just now"
    work = stored.visit if stored else _visit(wish, team, site, activity)
    return Asked(team, site, activity, stored, work, grid, tx.now())


def _visit(wish: Wish, team: Team, site: Site | None, activity: ActivityType | None) -> Visit:
    location = wish.location or (site.location if site else None)
    service = wish.service or (activity.service if activity else None)
    assert location is not None, "checked just now"
    assert service is not None, "checked just now"
    pausable = activity is not None and activity.pausable
    return Visit(
        id="",
        location=location,
        service=service,
        requires=wish.requires | (activity.requires if activity else frozenset()),
        site=site.id if site else "",
        activity_type=activity.id if activity else "",
        client=wish.client,
        access=setup_of(site, activity) if wish.setup is None else wish.setup,
        pausable=pausable if wish.pausable is None else wish.pausable,
        sector=wish.sector or (site.sector if site else ""),
        priority=wish.priority,
        team=team.id,
    )


def setup_of(site: Site | None, activity: ActivityType | None) -> timedelta:
    """Access, parking and setup together: all charged once per place."""
    access = site.access if site else timedelta(0)
    return access + (activity.setup if activity else timedelta(0))


def _unknown(tx: ReadTx, tenant: str, wish: Wish) -> Iterator[Violation]:
    """Tags, sectors and technicians that the tenant does not have."""
    for tag in sorted(wish.requires):
        if tag_of(tag) not in tx.tags(tenant):
            yield Violation("request.required_tags", f"unknown tag {tag!r}")
    if wish.sector:
        company = tx.tenant(tenant)
        if company is None or wish.sector not in company.sectors:
            yield Violation("request.sector", f"unknown sector {wish.sector!r}")
    named = {
        "required_technicians": wish.required_technicians,
        "preferred_technicians": wish.preferred_technicians,
        "forbidden_technicians": wish.forbidden_technicians,
        "last_technician": {wish.last_technician} - {""},
    }
    for field, ids in named.items():
        for who in sorted(ids):
            if tx.technician(tenant, who) is None:
                yield Violation(f"request.{field}", f"no technician {who!r}")


def _missing(
    wish: Wish, site: Site | None, activity: ActivityType | None, stored: StoredVisit | None
) -> Iterator[Violation]:
    """What neither the request nor what it names gives."""
    location: Location | None = wish.location or (site.location if site else None)
    if stored is None and location is None:
        yield Violation("request.place", "a site or a location is needed")
    if stored is None and wish.service is None and activity is None:
        yield Violation("request.service_duration", "needed without an activity type")
    if wish.grid is None and activity is None:
        yield Violation("request.offer_grid", "needed without an activity type")


def _stored(tx: ReadTx, tenant: str, wish: Wish) -> StoredVisit:
    """The stored visit. It stays the visit it is: place, duration and tags are its own."""
    given = {
        "request.site": bool(wish.site),
        "request.location": wish.location is not None,
        "request.service_duration": wish.service is not None,
        "request.required_tags": bool(wish.requires),
        "request.sector": bool(wish.sector),
        "request.setup_duration": wish.setup is not None,
        "request.pausable": wish.pausable is not None,
    }
    wrong = [Violation(path, "belongs to the stored visit") for path in given if given[path]]
    if wrong:
        raise InvalidRequestError(wrong)
    stored = tx.visit(tenant, wish.visit)
    if stored is None:
        raise NotFoundError("no such visit")
    own = stored.visit.activity_type
    if own and wish.activity_type not in ("", own):  # or its booking rules would be another's
        raise InvalidRequestError(
            [Violation("request.activity_type", "is another than the visit's")]
        )
    refuse_unmovable(stored, tx.now())
    return stored


def refuse_unmovable(stored: StoredVisit, now: datetime) -> None:
    """A visit can be given a place while it waits for one, or is booked and has not begun.

    Raises ``WrongStateError``.
    """
    if stored.standing is Standing.UNPLACED:
        return
    if stored.standing is Standing.CANCELLED:
        raise WrongStateError("the visit is cancelled")
    if stored.placed.state is not PlacementState.BOOKED:
        raise WrongStateError("only a booked visit can be moved")
    if stored.placed.start_window.end <= now:
        raise WrongStateError("the visit's time is over; take it off its route, then plan it anew")
