"""How visits and placements become rows and come back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, literal_column, or_, select

from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.visit import ENDED, Pin, Placement, PlacementState, RouteKey, Visit
from slotsvc.scheduling.ports import StoredVisit
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.store.calendar_tables import Columns
from slotsvc.store.hours_text import seconds_of, tags_from, tags_text
from slotsvc.store.tables import PLACEMENT, VISIT
from slotsvc.store.travel_block import micro_degrees, place

HELD = PlacementState.HELD.value
BOOKED = PlacementState.BOOKED.value
STANDING = tuple(sorted(state.value for state in PlacementState if state not in ENDED))
"""States of placements that have not ended; a hold among them may have lapsed."""


STANDS: ColumnElement[bool] = or_(*(PLACEMENT.c.state == state for state in STANDING))
"""The placement has not ended."""

# The state is written out, not bound: only so does SQLite see that the index of holds will do.
HELD_NOW: ColumnElement[bool] = and_(
    PLACEMENT.c.state == literal_column(f"'{HELD}'"), PLACEMENT.c.expires > bindparam("now")
)
"""A hold that has not lapsed at the parameter ``now`` (Unix seconds)."""

LIVE: ColumnElement[bool] = or_(
    *(PLACEMENT.c.state == state for state in STANDING if state != HELD), HELD_NOW
)
"""``Placement.live`` at the parameter ``now``."""

LAPSED: ColumnElement[bool] = and_(
    PLACEMENT.c.state == HELD, PLACEMENT.c.expires <= bindparam("now")
)
"""A hold whose time is over at the parameter ``now``."""


def placed_visits() -> Select[Any]:
    """Placements with their visits: every column of both, but the keys of the visit."""
    keys = {"tenant", "id", "placement"}
    of_visit = [column for column in VISIT.c if column.name not in keys]
    same = and_(VISIT.c.tenant == PLACEMENT.c.tenant, VISIT.c.id == PLACEMENT.c.visit)
    return select(*PLACEMENT.c, *of_visit).join_from(PLACEMENT, VISIT, same)


def epoch_or_none(instant: datetime | None) -> int | None:
    """Unix seconds; None stays None."""
    return None if instant is None else to_epoch(instant)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_epoch(seconds)


def visit_row(stored: StoredVisit) -> Columns:
    """Columns of the visit; its tenant is that of the route."""
    work = stored.visit
    return {
        "tenant": stored.placement.route.tenant,
        "id": work.id,
        "lat_e6": micro_degrees(work.location.lat),
        "lon_e6": micro_degrees(work.location.lon),
        "service_s": seconds_of(work.service),
        "requires": tags_text(work.requires),
        "site": work.site,
        "activity_type": work.activity_type,
        "client": work.client,
        "external_ref": work.external_ref,
        "note": work.note,
        "placement": stored.placement.id,
        "revision": stored.revision,
        "created": to_epoch(stored.created),
        "updated": to_epoch(stored.updated),
    }


def placement_row(placed: Placement) -> Columns:
    """Columns of the placement itself, without how it was judged and told."""
    return {
        "tenant": placed.route.tenant,
        "id": placed.id,
        "visit": placed.visit.id,
        "technician": placed.route.technician,
        "day": placed.route.day.isoformat(),
        "position": placed.position,
        "state": placed.state.value,
        "promise_start": to_epoch(placed.promise.start),
        "promise_end": to_epoch(placed.promise.end),
        "start_from": to_epoch(placed.start_window.start),
        "start_until": to_epoch(placed.start_window.end),
        "expires": epoch_or_none(placed.expires),
        "replaces": placed.replaces,
        "pin": placed.pin.value,
    }


def history_row(stored: StoredVisit) -> Columns:
    """Columns of the placement that say how it was judged, held and told."""
    return {
        "provenance": stored.provenance.value,
        "promised_at": epoch_or_none(stored.promised_at),
        "held_since": epoch_or_none(stored.held_since),
        "extended": stored.extended,
    }


def visit_from(row: Row[Any]) -> Visit:
    """The visit of a row of ``placed_visits``."""
    return Visit(
        id=row.visit,
        location=place(row.lat_e6, row.lon_e6),
        service=timedelta(seconds=row.service_s),
        requires=tags_from(row.requires),
        site=row.site,
        activity_type=row.activity_type,
        client=row.client,
        external_ref=row.external_ref,
        note=row.note,
    )


def placement_from(row: Row[Any]) -> Placement:
    """The placement of a row of ``placed_visits``."""
    return Placement(
        id=row.id,
        route=RouteKey(row.tenant, row.technician, date.fromisoformat(row.day)),
        visit=visit_from(row),
        position=row.position,
        state=PlacementState(row.state),
        promise=TimeWindow(from_epoch(row.promise_start), from_epoch(row.promise_end)),
        start_window=TimeWindow(from_epoch(row.start_from), from_epoch(row.start_until)),
        expires=_instant(row.expires),
        replaces=row.replaces,
        pin=Pin(row.pin),
    )


def stored_visit_from(row: Row[Any]) -> StoredVisit:
    """Visit, placement and bookkeeping of a row of ``placed_visits``."""
    placed = placement_from(row)
    return StoredVisit(
        visit=placed.visit,
        placement=placed,
        revision=row.revision,
        provenance=Provenance(row.provenance),
        created=from_epoch(row.created),
        updated=from_epoch(row.updated),
        promised_at=_instant(row.promised_at),
        held_since=_instant(row.held_since),
        extended=row.extended,
    )
