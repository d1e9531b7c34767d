"""Conditions of actions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slotsvc.portal.booking.actions import (
    USUAL_ACTIONS,
    Action,
    ActionKind,
    Refusal,
    action_of,
    judged,
)
from slotsvc.portal.service.answers import VisitState
from tests.portal.booking.visits import NOW, SERVICE, visit

BOOK, MOVE, CANCEL = ActionKind.BOOK, ActionKind.RESCHEDULE, ActionKind.CANCEL


def row(kind: str = "CANCEL", **changed: Any) -> Any:
    """A row of ACTIONS."""
    told = {"activity_type": None, "label": {}, "enabled": True, "proof_needed": False}
    return SimpleNamespace(kind=kind, **{**told, "conditions": {}, **changed})


@pytest.mark.parametrize(
    ("kind", "state", "hours", "refusal"),
    [
        (BOOK, VisitState.UNPLACED, 0, None),
        (BOOK, VisitState.HELD, 1, None),
        (BOOK, VisitState.BOOKED, 48, Refusal.WRONG_STATE),
        (MOVE, VisitState.BOOKED, 24, None),
        (MOVE, VisitState.BOOKED, 23.99, Refusal.TOO_LATE),
        (MOVE, VisitState.UNPLACED, 48, Refusal.WRONG_STATE),
        (MOVE, VisitState.EN_ROUTE, 48, Refusal.WRONG_STATE),
        (CANCEL, VisitState.BOOKED, 24, None),
        (CANCEL, VisitState.BOOKED, -1, Refusal.TOO_LATE),
        (CANCEL, VisitState.UNPLACED, 48, Refusal.WRONG_STATE),
        (CANCEL, VisitState.DONE, 48, Refusal.WRONG_STATE),
        (ActionKind.NEW_VISIT, VisitState.BOOKED, 48, Refusal.NOT_OFFERED),
    ],
)
def test_usual_conditions(
    kind: ActionKind, state: VisitState, hours: float, refusal: Refusal | None
) -> None:
    """Where nothing is configured: book what waits, move and cancel until a day before."""
    verdict = judged((), kind, visit(state, hours), NOW, proven=True)
    assert verdict.refusal is refusal


def test_proof() -> None:
    """What needs a proof is shown without one, and not open."""
    verdict = judged((), CANCEL, visit(), NOW, proven=False)
    assert (verdict.refusal, verdict.open) == (Refusal.PROOF_NEEDED, False)
    assert verdict.worth_showing


def test_too_late_is_told_before_the_proof() -> None:
    """Nobody proves himself in vain."""
    assert judged((), CANCEL, visit(hours_ahead=1), NOW, proven=False).refusal is Refusal.TOO_LATE


def test_own_actions_win_over_those_of_the_unit() -> None:
    """A type's own action decides, whatever the business unit's says."""
    general = action_of(row(conditions={"hours_before": 1}))
    own = action_of(row(activity_type=SERVICE, conditions={"hours_before": 72}))
    assert judged([general, own], CANCEL, visit(), NOW, proven=True).refusal is Refusal.TOO_LATE
    assert judged([general], CANCEL, visit(), NOW, proven=True).open


def test_switched_off() -> None:
    """An action that is switched off is not offered, and the usual one does not come back."""
    off = action_of(row(enabled=False))
    assert judged([off], CANCEL, visit(), NOW, proven=True).refusal is Refusal.NOT_OFFERED


def test_one_configured_action_replaces_the_usual_ones() -> None:
    """Who configures booking only offers booking only; a new visit alone changes nothing."""
    book, new = action_of(row("BOOK")), action_of(row("NEW_VISIT"))
    assert judged([book], MOVE, visit(), NOW, proven=True).refusal is Refusal.NOT_OFFERED
    assert judged([new], MOVE, visit(), NOW, proven=True).open


def test_one_open_action_suffices() -> None:
    """Of two actions of a kind the one that is open counts."""
    strict = action_of(row(conditions={"hours_before": 72}))
    mild = action_of(row(conditions={"hours_before": 2}))
    verdict = judged([strict, mild], CANCEL, visit(), NOW, proven=True)
    assert verdict.open
    assert verdict.action == mild


def test_states_that_the_engine_cannot_serve_are_left_out() -> None:
    """Configured states never open what cannot be done."""
    action = action_of(row("RESCHEDULE", conditions={"states": ["DONE", "BOOKED", "NONSENSE"]}))
    assert action.states == {VisitState.BOOKED}
    waiting = action_of(row("CANCEL", conditions={"states": ["UNPLACED"]}))
    assert judged([waiting], CANCEL, visit(VisitState.UNPLACED), NOW, proven=True).open


def test_usual_actions() -> None:
    """The usual actions are what the portal's documentation says."""
    assert [
        (action.kind, action.hours_before, action.proof_needed) for action in USUAL_ACTIONS
    ] == [
        (BOOK, 0, False),
        (MOVE, 24, False),
        (CANCEL, 24, True),
    ]
    assert Action(BOOK).enabled
