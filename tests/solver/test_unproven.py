"""What a search left open, joined with what was proven of it elsewhere."""

from __future__ import annotations

from slotsvc.solver.cell import NEVER
from slotsvc.solver.day_model import Proof
from slotsvc.solver.exact import BestOrder, best_order
from slotsvc.solver.unproven import MOST_TOLD, Unproven, settled, told
from tests.solver.ordered_cells import ANY, WEIGHTS, a_free_day

CELL = a_free_day(6, 1)
BEST = best_order(CELL, ANY, WEIGHTS[0], 10_000)
SOME = (2, 3, 4, 5, 6, 7)
OPEN = BestOrder(NEVER, 0, 0, 0, (), False, 5, 10)


def left(best: BestOrder, limit: int = ANY, floor: int = 0) -> Unproven:
    return Unproven(0, 0, CELL, limit, best, floor)


def test_a_proof_finishes_it() -> None:
    """The order with our own costs, and a floor that is its cost."""
    known = settled(left(OPEN), WEIGHTS[0], Proof(BEST.order, BEST.cost)).best
    assert known == BEST._replace(labels=10)


def test_a_proof_that_there_is_none() -> None:
    """Within the limit; the limit is kept with it."""
    known = settled(left(OPEN, 99), WEIGHTS[0], Proof((), NEVER))
    assert known.limit == 99
    assert known.best.finished
    assert known.best.cost == NEVER


def test_a_better_floor_alone_is_kept() -> None:
    """Neither floor is lost, and it never lies above the cost that is known."""
    assert settled(left(OPEN), WEIGHTS[0], Proof((), 700)).best.floor == 700
    assert settled(left(OPEN), WEIGHTS[0], Proof((), 3)).best.floor == 5
    found = BEST._replace(finished=False, floor=5)
    proven = settled(left(found), WEIGHTS[0], Proof((), NEVER)).best
    assert proven.finished
    assert proven.cost == proven.floor == BEST.cost


def test_a_dearer_order_changes_nothing() -> None:
    """Of two orders the cheaper one stays."""
    found = BEST._replace(finished=False, floor=5)
    assert settled(left(found), WEIGHTS[0], Proof(SOME, 6)).best == found._replace(floor=6)


def test_the_lowest_floors_are_told() -> None:
    """So many, the lowest first."""
    cells = [left(OPEN, floor=floor) for floor in (9, 3, 7, 1, 8, 2, 6, 5, 4, 0)]
    assert [cell.floor for cell in told(cells)] == list(range(MOST_TOLD))
