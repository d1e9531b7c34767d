"""Visits as the engine tells them, made by hand for tests of what follows from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from slotsvc.portal.service.answers import Outcome, Promise, Visit, VisitState, Window

NOW = datetime(2030, 6, 3, 6, 0, tzinfo=UTC)
SERVICE = "tenants/acme/activityTypes/service"
HOUR = timedelta(hours=1)


def visit(state: VisitState = VisitState.BOOKED, hours_ahead: float = 48, **changed: Any) -> Visit:
    """A visit whose window of two hours begins so many hours from now."""
    start = NOW + hours_ahead * HOUR
    placed = state is not VisitState.UNPLACED
    promise = Promise(Window(start, start + 2 * HOUR), NOW, None) if placed else None
    made = Visit(
        name="tenants/acme/visits/v1",
        state=state,
        client="client-1",
        site="tenants/acme/sites/home",
        activity_type=SERVICE,
        team="tenants/acme/teams/crew",
        reference="",
        promise=promise,
        promises=(promise,) if promise else (),
        hold="",
        hold_expires=None,
        created=NOW - 24 * HOUR,
        updated=NOW,
        departed=None,
        started=None,
        ended=None,
        arrival=None,
        steps=(),
        outcome=Outcome.UNKNOWN,
        etag="1",
    )
    return replace(made, **changed)
