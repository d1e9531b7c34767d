"""What a business unit shows to its clients: activity types with their titles and steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from slotsvc.portal.booking.actions import Action, action_of
from slotsvc.portal.tables.schema import ACTIONS, ACTIVITY_TYPES

type Texts = dict[str, str]
"""By locale."""


@dataclass(frozen=True, slots=True)
class ShownType:
    """An activity type that clients see. ``name``: its resource name. ``steps``: the labels of
    company-defined steps, in order; ``title``, ``text`` and labels by locale, perhaps {}."""

    name: str
    title: Texts
    text: Texts
    steps: Mapping[str, Texts] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one business unit shows: types by resource name, in the company's order; actions."""

    types: Mapping[str, ShownType]
    actions: tuple[Action, ...]


def shown_by(connection: Connection, business_unit: str) -> Shown:
    """The settings in force of a business unit."""
    types = (
        select(ACTIVITY_TYPES)
        .where(ACTIVITY_TYPES.c.business_unit == business_unit, ACTIVITY_TYPES.c.shown)
        .order_by(ACTIVITY_TYPES.c.position, ACTIVITY_TYPES.c.name)
    )
    actions = (
        select(ACTIONS)
        .where(ACTIONS.c.business_unit == business_unit)
        .order_by(ACTIONS.c.position, ACTIONS.c.id)
    )
    return Shown(
        {row.name: _type_of(row) for row in connection.execute(types)},
        tuple(action_of(row) for row in connection.execute(actions)),
    )


def _type_of(row: Any) -> ShownType:
    steps = {step["step"]: step.get("label") or {} for step in row.steps or ()}
    return ShownType(row.name, row.title or {}, row.text or {}, steps)
