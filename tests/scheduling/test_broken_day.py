"""The broken day, step by step: every violation with its size and cause, and what still goes.

The day of ``line_day``. Visits take an hour. As planned: first 8:10, second 10:00, third 13:00.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slotsvc.domain.errors import PlanWorseError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import PlacementState
from slotsvc.scheduling.report_visit import Report, ReportKind
from slotsvc.scheduling.running_days import judge_running_days
from tests.scheduling.booking_world import work_at
from tests.scheduling.line_day import LINE, Walk


def test_the_broken_day(walk: Walk) -> None:  # noqa: PLR0915 (one story)
    """Sick over booked visits, an offer all the same, cancel, start, overrun, override, move."""
    first, second = walk.booked(1, 8, 10), walk.booked(2, 10, 12)
    third = walk.booked(3, 13, 15)
    assert walk.broken() == {}
    assert walk.starts() == {first: walk.at(8, 10), second: walk.at(10), third: walk.at(13)}

    # 8:05: away until noon, on the road to the first. The least that can be late: the first is
    # served all the same, until 9:10, and the 3 h 55 min away begin 1 h 5 min too late. The second
    # is reached at 13:15 instead of 11:59:59.
    walk.clock(8, 5)
    walk.world.leave("ann", TimeWindow(walk.at(8, 5), walk.at(12)))
    assert walk.broken() == {("BREAK", ""): 3900, ("LATE", second): 4501}
    away, late = walk.violations()
    assert away.cause == "work goes on 1 h 5 min into an absence"
    assert late.cause == "service starts 1 h 15 min 1 s after the last moment of its start window"
    assert {v.origin for v in (away, late)} == {Origin.ABSENCE}
    assert {v.since for v in (away, late)} == {walk.at(8, 5)}

    # A broken day still has room, where nothing gets worse by it.
    wish = replace(
        work_at(LINE[3]),
        allowed_dates=frozenset([walk.day]),
        required_technicians=frozenset(["ann"]),
    )
    offer = walk.world.search(wish)[0]
    fourth = walk.world.book(offer).stored.visit.id
    assert walk.broken() == {("BREAK", ""): 3900, ("LATE", second): 4501}
    walk.world.cancel(fourth)

    # One can always cancel. Without the first she is away in time, and reaches the second at 12:15.
    walk.world.cancel(first)
    assert walk.broken() == {("LATE", second): 901}
    assert walk.violations()[0].since == walk.at(8, 5)
    assert walk.violations()[0].origin is Origin.ABSENCE

    # One can always start. What has begun is a fact: nothing is late any more.
    walk.clock(12, 20)
    walk.world.report(second, Report(ReportKind.STARTED))
    assert walk.broken() == {}
    assert walk.starts() == {second: walk.at(12, 20), third: walk.at(13, 30)}

    # An overrun: at 15:00 the second is not over yet, so the third begins at 15:10, not 14:59:59.
    walk.clock(15, 0)
    assert walk.world.run(judge_running_days(walk.world.store)) == 1
    assert walk.broken() == {("LATE", third): 601}
    assert walk.violations()[0].origin is Origin.OVERRUN

    # An override: two hours more from 16:20, home at 19:00. Not without a reason.
    fifth = walk.waiting(4, hours=2)
    with pytest.raises(PlanWorseError) as refusal:
        walk.move(fifth, 16, 18)
    (route,) = refusal.value.routes
    assert [(f.kind.value, f.size) for f in route.worse] == [("SHIFT_END", 3600)]
    assert walk.broken() == {("LATE", third): 601}
    walk.move(fifth, 16, 18, "the boiler leaks")
    assert walk.broken() == {("LATE", third): 601, ("SHIFT_END", ""): 3600}
    end = next(v for v in walk.violations() if v.kind == "SHIFT_END")
    assert end.cause == "the end place is reached 1 h after the end of the shift"
    assert (end.origin, end.override_reason) == (Origin.OVERRIDE, "the boiler leaks")

    # One can always move away: without the third she is at the last at 16:00, home at 18:40.
    walk.move(third, 15, 17, who="bob")
    assert walk.broken() == {("SHIFT_END", ""): 2400}
    assert walk.violations()[0].override_reason == "the boiler leaks"

    # One can always finish.
    walk.clock(15, 5)
    done = walk.world.report(second, Report(ReportKind.FINISHED)).stored.placed
    assert done.state is PlacementState.DONE
    assert walk.broken() == {("SHIFT_END", ""): 2400}
    walk.world.cancel(fifth)
    assert walk.broken() == {}

    # Over, and sound, whatever the hour.
    walk.clock(23, 0)
    assert walk.world.run(judge_running_days(walk.world.store)) == 0


def test_a_damaged_route_keeps_no_other_from_being_judged(walk: Walk) -> None:
    """Ann's stored driving is damaged: Bob's late visit is told all the same, and then of hers."""
    hers, his, late = walk.booked(1, 8, 10), walk.waiting(1), walk.waiting(2)
    walk.move(his, 8, 10, who="bob")
    walk.move(late, 10, 12, who="bob")
    walk.clock(8, 20)
    for begun in (hers, his):
        walk.world.report(begun, Report(ReportKind.STARTED))

    def damaged(tx: Any) -> None:
        spoil = "UPDATE route SET block = x'00' WHERE technician = 'ann'"
        tx._connection.exec_driver_sql(spoil)

    walk.world.run(walk.world.store.write(damaged))
    walk.clock(14, 0)
    with pytest.raises(ValueError, match="travel block"):
        walk.world.run(judge_running_days(walk.world.store))

    bob = replace(walk.route, technician="bob")
    found = walk.world.read(lambda tx: tx.routes_by_key([bob]))[bob].violations
    assert ("LATE", late) in {(v.kind, v.visit) for v in found}


def test_a_sick_technicians_visits_go_back_to_the_backlog(walk: Walk) -> None:
    """Those planned while she is away, and no others; what was done stands."""
    first, second = walk.booked(1, 8, 10), walk.booked(2, 10, 12)
    third = walk.booked(3, 13, 15)
    walk.clock(8, 10)
    walk.world.report(first, Report(ReportKind.STARTED))
    _, returned = walk.world.fall_ill("ann", TimeWindow(walk.at(9, 30), walk.at(12)))
    assert returned == (second,)
    assert walk.broken() == {}
    assert walk.starts() == {first: walk.at(8, 10), third: walk.at(13)}


def test_what_was_promised_and_cannot_be_kept_is_on_record(walk: Walk) -> None:
    """Told "from three to five" while it is planned from ten to twelve: a promise broken by five
    hours; told the planned time instead, it is mended."""
    visit = walk.booked(2, 10, 12)
    walk.world.announce(visit, (walk.window(15, 17),))
    assert walk.broken() == {("PROMISE", visit): 5 * 3600}
    assert walk.violations()[0].cause == "planned 5 h outside what the client was promised"
    walk.world.announce(visit, (walk.window(10, 12),), instead=True)
    assert walk.broken() == {}
