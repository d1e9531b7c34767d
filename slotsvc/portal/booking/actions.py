"""What a client may do with a visit, and under which conditions: asked when a page is drawn, and
again when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from slotsvc.portal.service.answers import Visit, VisitState


class ActionKind(StrEnum):
    """What an action does."""

    BOOK = "BOOK"
    RESCHEDULE = "RESCHEDULE"
    CANCEL = "CANCEL"
    NEW_VISIT = "NEW_VISIT"


class Refusal(StrEnum):
    """Why an action is not open."""

    NOT_OFFERED = "NOT_OFFERED"  # the company does not offer it
    WRONG_STATE = "WRONG_STATE"  # not (any more) in this state of the visit
    TOO_LATE = "TOO_LATE"  # less than ``hours`` before the appointment
    PROOF_NEEDED = "PROOF_NEEDED"  # a permanent link is not enough


POSSIBLE = {
    ActionKind.BOOK: frozenset({VisitState.UNPLACED, VisitState.HELD}),
    ActionKind.RESCHEDULE: frozenset({VisitState.BOOKED}),
    ActionKind.CANCEL: frozenset({VisitState.BOOKED, VisitState.UNPLACED}),
    ActionKind.NEW_VISIT: frozenset[VisitState](),
}
"""In which states the engine can do it at all."""

USUAL = POSSIBLE | {ActionKind.CANCEL: frozenset({VisitState.BOOKED})}
"""In which states it is offered where the company says nothing."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action as the company offers it.

    ``activity_type`` None: for all types of the business unit. ``label``: by locale, {} for the
    portal's own words. ``hours_before``: closes so many hours before the appointment; 0: with it.
    """

    kind: ActionKind
    activity_type: str | None = None
    label: dict[str, str] = field(default_factory=dict)
    enabled: bool = True
    proof_needed: bool = False
    states: frozenset[VisitState] = frozenset()
    hours_before: int = 0


USUAL_ACTIONS = (
    Action(ActionKind.BOOK, states=USUAL[ActionKind.BOOK]),
    Action(ActionKind.RESCHEDULE, states=USUAL[ActionKind.RESCHEDULE], hours_before=24),
    Action(ActionKind.CANCEL, proof_needed=True, states=USUAL[ActionKind.CANCEL], hours_before=24),
)
"""What is offered with an activity type for which the company has configured nothing."""

_OF_VISITS = frozenset(action.kind for action in USUAL_ACTIONS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an action is open now. ``refusal`` None: it is. ``hours``: of TOO_LATE.

    ``action`` None: the company does not offer it.
    """

    action: Action | None
    refusal: Refusal | None
    hours: int = 0

    @property
    def open(self) -> bool:
        """It may be done now."""
        return self.refusal is None

    @property
    def worth_showing(self) -> bool:
        """It may be done, at once or after a proof."""
        return self.refusal in (None, Refusal.PROOF_NEEDED)


NOT_OFFERED = Verdict(None, Refusal.NOT_OFFERED)


def action_of(row: Any) -> Action:
    """A row of ``ACTIONS``. States that the engine cannot serve are left out."""
    kind, told = ActionKind(row.kind), row.conditions or {}
    return Action(
        kind=kind,
        activity_type=row.activity_type,
        label=row.label or {},
        enabled=row.enabled,
        proof_needed=row.proof_needed,
        states=_states(kind, told),
        hours_before=int(told.get("hours_before") or 0),
    )


def judged(
    actions: Iterable[Action], kind: ActionKind, visit: Visit, now: datetime, *, proven: bool
) -> Verdict:
    """Whether ``kind`` may be done with the visit now. Of several actions of the kind one that is
    open suffices. ``proven``: the session was proven by more than a permanent link."""
    offered = offers_of(actions, kind, visit.activity_type)
    verdicts = [_judge(action, visit, now, proven) for action in offered]
    order = (None, Refusal.PROOF_NEEDED, Refusal.TOO_LATE, Refusal.WRONG_STATE)
    return min(verdicts, key=lambda verdict: order.index(verdict.refusal), default=NOT_OFFERED)


def offers_of(actions: Iterable[Action], kind: ActionKind, activity_type: str) -> list[Action]:
    """The actions of the kind for the type: its own, else those of the business unit, else, where
    neither has any at all, the usual ones."""
    relevant = [action for action in actions if action.activity_type in (None, activity_type)]
    if kind in _OF_VISITS and not any(action.kind in _OF_VISITS for action in relevant):
        relevant = list(USUAL_ACTIONS)
    found = [action for action in relevant if action.kind is kind]
    own = [action for action in found if action.activity_type == activity_type]
    return [action for action in own or found if action.enabled]


def _judge(action: Action, visit: Visit, now: datetime, proven: bool) -> Verdict:
    if visit.state not in action.states:
        return Verdict(action, Refusal.WRONG_STATE)
    promise = visit.promise
    told = promise if visit.state is not VisitState.HELD else None
    if told and now > told.window.start - timedelta(hours=action.hours_before):
        return Verdict(action, Refusal.TOO_LATE, action.hours_before)
    if action.proof_needed and not proven:
        return Verdict(action, Refusal.PROOF_NEEDED)
    return Verdict(action, None)


def _states(kind: ActionKind, told: Mapping[str, Any]) -> frozenset[VisitState]:
    if not told.get("states"):
        return USUAL[kind]
    named = {state for state in VisitState if state.value in told["states"]}
    if VisitState.UNPLACED in named:
        named |= {VisitState.HELD}  # the same visit, while its client makes up his mind
    return POSSIBLE[kind] & named
