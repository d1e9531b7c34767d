"""The recurrence, one route at a time: every compiled search takes its times from here.

    arrival = finish of the stop before + leg (+ pauses taken on the way)
    start   = max(arrival, window opens), at the latest window closes
    finish  = start + service (+ pauses taken inside, where the visit is pausable)

``pauses``: int32 (K, 3): opens, closes, duration; begins in ``[opens, closes]``, both included. A
*state* ``(before, taken)`` is a number of pauses taken before the first visit and in all; states
are numbered as in ``timing.states``. For each the earliest time is kept: earlier is never worse.
INF or more: impossible.
"""

from __future__ import annotations

from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import INF, Int32


@compiled
def state_count(pauses: int) -> int:
    """Number of states with so many pauses."""
    return (pauses + 1) * (pauses + 2) // 2


@compiled
def state(pauses: int, before: int, taken: int) -> int:
    """Number of the state ``(before, taken)``, ``before <= taken <= pauses``."""
    return before * (pauses + 1) - before * (before - 1) // 2 + taken - before


@compiled
def drive(finish: int, leg: int, pauses: Int32, taken: int, until: int) -> int:
    """Earliest arrival when pauses ``taken`` .. ``until - 1`` are taken on the way; INF: too late.

    While waiting for a pause to begin the technician drives on. Also the finish of a pausable visit
    begun at ``finish`` that takes ``leg`` seconds of work.
    """
    arrival = finish + leg
    free = finish
    for k in range(taken, until):
        if free > pauses[k, 1]:
            return INF
        arrival = max(arrival, pauses[k, 0]) + pauses[k, 2]
        free = max(free, pauses[k, 0]) + pauses[k, 2]
    return min(arrival, INF)


@compiled
def begun(arrival: int, opens: int, closes: int) -> int:
    """Start of a visit, INF when it would start too late."""
    start = max(arrival, opens)
    return start if start <= closes else INF


@compiled
def reaches_end(finish: int, leg: int, pauses: Int32, taken: int, end: int) -> int:
    """Earliest end of the day with every pause taken, on the way home or there; INF if too late."""
    done = drive(finish, leg, pauses, taken, len(pauses))
    return done if done <= end else INF


@compiled
def latest_finish(arrive_by: int, leg: int, pauses: Int32, taken: int, until: int) -> int:
    """Latest finish from which ``drive`` still arrives at ``arrive_by``; -INF when none does."""
    if taken == until:
        return arrive_by - leg if arrive_by >= 0 else -INF
    if arrive_by < 0:
        return -INF
    drive_by, free_by = arrive_by, INF
    for k in range(until - 1, taken - 1, -1):
        done = pauses[k, 0] + pauses[k, 2]
        if done > drive_by or done > free_by:
            return -INF
        drive_by -= pauses[k, 2]
        free_by = min(pauses[k, 1], free_by - pauses[k, 2])
    return min(drive_by - leg, free_by)


@compiled
def first_stop(
    leg: int, opens: int, closes: int, service: int, pausable: bool, pauses: Int32,
    times: Int32, first: Int32,
) -> None:  # fmt: skip
    """Fills ``times`` (states,) and ``first`` (K + 1,) after going straight to a first visit."""
    count = len(pauses)
    for before in range(count + 1):
        start = begun(drive(0, leg, pauses, 0, before), opens, closes)
        first[before] = start
        for taken in range(before, count + 1):
            finish = INF
            if start < INF and taken == before:
                finish = start + service
            elif start < INF and pausable:
                finish = drive(start, service, pauses, before, taken)
            times[state(count, before, taken)] = finish


@compiled
def next_stop(
    times: Int32, leg: int, opens: int, closes: int, service: int, pausable: bool, pauses: Int32,
    after: Int32,
) -> None:  # fmt: skip
    """Fills ``after`` (states,) with the finishes of one more visit; ``times``: those before it."""
    count = len(pauses)
    for before in range(count + 1):
        for taken in range(before, count + 1):
            soonest = INF
            for earlier in range(before, taken + 1):
                finish = times[state(count, before, earlier)]
                if finish < INF:
                    soonest = min(soonest, drive(finish, leg, pauses, earlier, taken))
            after[state(count, before, taken)] = begun(soonest, opens, closes)
        _serve(after, before, service, pausable, pauses)


@compiled
def _serve(starts: Int32, before: int, service: int, pausable: bool, pauses: Int32) -> None:
    """Turns the starts of the states with one ``before`` into finishes, in place."""
    count = len(pauses)
    for taken in range(count, before - 1, -1):  # the later ones read the starts of the earlier
        start = starts[state(count, before, taken)]
        finish = start + service if start < INF else INF
        if pausable:
            for earlier in range(before, taken):
                begins = starts[state(count, before, earlier)]
                if begins < INF:
                    finish = min(finish, drive(begins, service, pauses, earlier, taken))
        starts[state(count, before, taken)] = finish


@compiled
def paused(pauses: Int32, taken: int, until: int) -> int:
    """Seconds of pauses ``taken`` .. ``until - 1``."""
    total = 0
    for k in range(taken, until):
        total += pauses[k, 2]
    return total


@compiled
def idle(times: Int32, first: Int32, busy: int, pauses: Int32, before: int, taken: int) -> int:
    """Idle seconds between the first start and the last finish in one state; INF if impossible.

    ``busy``: service and legs between the first and the last visit.
    """
    count = len(pauses)
    finish = times[state(count, before, taken)]
    if finish >= INF:
        return INF
    waited: int = finish - first[before] - busy - paused(pauses, before, taken)
    return waited
