"""Brings the portal's tables to what a company file says; applied twice, nothing changes.

What the file does not name stays as it is, and nothing but actions is ever deleted: an entry's
list of actions is whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, update

from slotsvc.portal.company.apply_clients import apply_client
from slotsvc.portal.company.applying import Changes, Run
from slotsvc.portal.company.file_entries import (
    ActionEntry,
    ActivityTypeEntry,
    BusinessUnitEntry,
    CompanyFile,
)
from slotsvc.portal.company.file_problems import CompanyFileError, FileProblem
from slotsvc.portal.company.logos import keep
from slotsvc.portal.company.units import save, unit_of
from slotsvc.portal.messages.credits import balance, top_up
from slotsvc.portal.tables.schema import ACTIONS, ACTIVITY_TYPES, BUSINESS_UNITS
from slotsvc.portal.unit_settings import changes as settings_changes

DEFAULT_HOURS_BEFORE = 24
_TIMED = ("RESCHEDULE", "CANCEL")
_PROVEN = ("CANCEL",)  # who finds a link must not undo appointments


def apply_company(
    connection: Connection, file: CompanyFile, now: datetime, actor: str = "cli"
) -> Changes:
    """Makes what is missing and changes what differs, in the running transaction.

    For a dry run, roll the transaction back. Raises ``CompanyFileError`` for what only the tables
    can tell, such as a client of a business unit that is not there; then roll back, too.
    """
    run = Run(connection, file, actor, now)
    for position, unit in enumerate(file.business_unit):
        _unit(run, f"business_unit[{position}]", unit, position)
    problems: list[FileProblem] = []
    for number, client in enumerate(file.client):
        problems += apply_client(run, f"client[{number}]", client)
    if problems:
        raise CompanyFileError(problems)
    return run.changes


def conditions(action: ActionEntry) -> dict[str, Any]:
    """When the action is offered: ``states`` of the visit ({}: those that fit the kind), and
    ``hours_before`` its window."""
    told: dict[str, Any] = {}
    if action.states is not None:
        told["states"] = list(action.states)
    if action.kind in _TIMED:
        hours = action.hours_before
        told["hours_before"] = DEFAULT_HOURS_BEFORE if hours is None else hours
    return told


def proof_needed(action: ActionEntry) -> bool:
    """Whether a permanent link is not enough."""
    return action.kind in _PROVEN if action.proof_needed is None else action.proof_needed


def _unit(run: Run, at: str, unit: BusinessUnitEntry, position: int) -> None:
    values = {
        "team": run.file.whole_name("teams", unit.team),
        "locales": list(unit.locales),
        "time_zone": unit.time_zone,
        "position": position,
    }
    what = f"business unit {unit.id}"
    if unit_of(run.connection, unit.id) is None:
        _new_unit(run, at, unit, values)
    else:
        known = BUSINESS_UNITS.c.id == unit.id
        if _change(run, what, BUSINESS_UNITS, known, values):
            run.audit("UNIT_CHANGED", unit.id, f"units/{unit.id}", {})
        if unit.settings is not None and unit.overwrite_settings:
            _overwrite(run, unit)
    _credits(run, unit)
    _actions(run, what, unit.id, None, unit.action)
    for number, kind in enumerate(unit.activity_type):
        _activity_type(run, unit.id, kind, number)


def _new_unit(run: Run, at: str, unit: BusinessUnitEntry, values: Mapping[str, Any]) -> None:
    if unit.settings is None:
        message = "is missing: the business unit is new"
        raise CompanyFileError([FileProblem(f"{at}.settings", message)])
    live = unit.settings.as_settings()
    run.connection.execute(insert(BUSINESS_UNITS).values(id=unit.id, live=live.to_json(), **values))
    _keep_logo(run, unit)
    run.changes.added(f"business unit {unit.id}")
    run.audit("UNIT_ADDED", unit.id, f"units/{unit.id}", {"active": live.active})


def _overwrite(run: Run, unit: BusinessUnitEntry) -> None:
    known = unit_of(run.connection, unit.id)
    assert known is not None
    assert unit.settings is not None
    wanted = unit.settings.as_settings()
    differ = settings_changes(known.live, wanted)
    if not differ:
        return
    _keep_logo(run, unit)
    save(run.connection, unit.id, known.version, wanted, run.actor, run.now)
    run.changes.changed(f"business unit {unit.id}: settings", differ)


def _keep_logo(run: Run, unit: BusinessUnitEntry) -> None:
    if unit.settings is not None and unit.settings.logo is not None:
        keep(run.connection, unit.id, unit.settings.logo)


def _credits(run: Run, unit: BusinessUnitEntry) -> None:
    lacking = round(unit.sms_credits_at_least * 10) - balance(run.connection, unit.id)
    if lacking > 0:
        left = top_up(run.connection, unit.id, lacking, run.actor, run.now)
        run.changes.changed(f"business unit {unit.id}", [f"SMS credits up to {left / 10:g}"])


def _activity_type(run: Run, bu: str, kind: ActivityTypeEntry, position: int) -> None:
    name = run.file.whole_name("activityTypes", kind.name)
    what = f"business unit {bu}, activity type {kind.name.rpartition('/')[2]}"
    values = {
        "shown": kind.shown,
        "title": dict(kind.title),
        "text": dict(kind.text),
        "steps": [each.model_dump() for each in kind.steps],
        "position": position,
    }
    known = and_(ACTIVITY_TYPES.c.business_unit == bu, ACTIVITY_TYPES.c.name == name)
    if run.connection.execute(select(ACTIVITY_TYPES.c.name).where(known)).first() is None:
        row = {"business_unit": bu, "name": name} | values
        run.connection.execute(insert(ACTIVITY_TYPES).values(row))
        run.changes.added(what)
        run.audit("ACTIVITY_TYPE_ADDED", bu, name, {"shown": kind.shown})
    elif _change(run, what, ACTIVITY_TYPES, known, values):
        run.audit("ACTIVITY_TYPE_CHANGED", bu, name, {"shown": kind.shown})
    _actions(run, what, bu, name, kind.action)


def _actions(
    run: Run,
    of: str,
    bu: str,
    activity_type: str | None,
    wanted: Sequence[ActionEntry] | None,
) -> None:
    """The actions of a unit (``activity_type`` None) or a type: exactly those ``wanted``. None:
    those that are there; where none are, the portal's usual ones count (``booking.actions``)."""
    if wanted is None:
        return
    of_type = ACTIONS.c.activity_type.is_not_distinct_from(activity_type)
    ours = and_(ACTIONS.c.business_unit == bu, of_type)
    there = run.connection.execute(select(ACTIONS.c.kind).where(ours)).scalars().all()
    for kind in sorted(set(there) - {each.kind for each in wanted}):
        run.connection.execute(delete(ACTIONS).where(ours, ACTIONS.c.kind == kind))
        run.changes.removed(f"{of}, action {kind}")
        run.audit("ACTION_REMOVED", bu, activity_type or f"units/{bu}", {"kind": kind})
    for position, action in enumerate(wanted):
        _action(run, f"{of}, action {action.kind}", bu, activity_type, action, position)


def _action(
    run: Run, what: str, bu: str, activity_type: str | None, action: ActionEntry, position: int
) -> None:
    values = {
        "label": dict(action.label),
        "enabled": action.enabled,
        "proof_needed": proof_needed(action),
        "conditions": conditions(action),
        "position": position,
    }
    row = {"business_unit": bu, "activity_type": activity_type, "kind": action.kind}
    known = and_(*(ACTIONS.c[key].is_not_distinct_from(value) for key, value in row.items()))
    subject = activity_type or f"units/{bu}"
    if run.connection.execute(select(ACTIONS.c.id).where(known)).first() is None:
        run.connection.execute(insert(ACTIONS).values(row | values | {"id": uuid4().hex}))
        run.changes.added(what)
        run.audit("ACTION_ADDED", bu, subject, {"kind": action.kind})
    elif _change(run, what, ACTIONS, known, values):
        run.audit("ACTION_CHANGED", bu, subject, {"kind": action.kind})


def _change(
    run: Run, what: str, table: Table, which: ColumnElement[bool], values: Mapping[str, Any]
) -> bool:
    """Sets what differs in one row; whether anything did."""
    columns = [table.c[name] for name in values]
    row = run.connection.execute(select(*columns).where(which)).one()
    differ = [name for name, value in values.items() if getattr(row, name) != value]
    if differ:
        run.connection.execute(update(table).where(which).values(values))
        run.changes.changed(what, differ)
    return bool(differ)
