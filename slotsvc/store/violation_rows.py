"""How the broken rules of routes become rows and come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from slotsvc.domain.route_violation import Origin, RouteViolation
from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.domain.visit import RouteKey
from slotsvc.store.calendar_tables import Columns


def violation_rows(key: RouteKey, found: Sequence[RouteViolation]) -> list[Columns]:
    """One row each, numbered from 0 in the given order."""
    return [
        {
            "tenant": key.tenant,
            "technician": key.technician,
            "day": key.day.isoformat(),
            "shift": key.shift,
            "number": number,
            "kind": violation.kind,
            "subject": violation.subject,
            "visit": violation.visit,
            "size": violation.size,
            "cause": violation.cause,
            "since": to_epoch(violation.since),
            "origin": violation.origin.value,
            "override_reason": violation.override_reason,
        }
        for number, violation in enumerate(found)
    ]


def violation_from(row: Row[Any]) -> RouteViolation:
    """The violation of a row."""
    return RouteViolation(
        kind=row.kind,
        subject=row.subject,
        visit=row.visit,
        size=row.size,
        cause=row.cause,
        since=from_epoch(row.since),
        origin=Origin(row.origin),
        override_reason=row.override_reason,
    )
