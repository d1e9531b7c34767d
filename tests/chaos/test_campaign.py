"""Hundreds of faults under two replicas on one PostgreSQL and the clients that use them: nothing
that was acknowledged is lost, nothing is done twice, and everybody recovers.

Longer: ``python -m benchmarks.torture --engine postgresql --times 10``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.torture.campaign import Plan, campaign
from benchmarks.torture.crowd import Size
from benchmarks.torture.faults import Fault
from tests.postgres_fixtures import started

FAULTS = {
    Fault.ANSWER_CUT: 200,
    Fault.COMMIT_CUT: 66,
    Fault.LINK_CUT: 15,
    Fault.CALLS_CUT: 15,
    Fault.KILLED: 2,
    Fault.CRASHED: 1,
    Fault.FULL: 1,
}
SOON_S, START_S = 10.0, 50.0
"""On a machine that does other things; alone a start takes two seconds."""


@pytest.mark.timeout(300)
def test_three_hundred_faults_lose_and_double_nothing(tmp_path: Path) -> None:
    """Links cut around COMMITs, links cut anywhere, replicas killed, PostgreSQL stopped at once,
    connections used up: the history of all clients, the books and the audit agree, there was no
    deadlock, and whoever was harmed serves within seconds."""
    with started(durable=True) as server:
        toll = asyncio.run(
            campaign(Plan(FAULTS, seed=1, size=Size(clients=9, readers=1)), tmp_path, server)
        )

    assert toll.wrong == []
    assert toll.faults.total() == sum(FAULTS.values()) == 300
    assert (toll.lost, toll.doubled) == (0, 0)
    assert toll.acknowledged > 300
    assert toll.unknown > 0, "no client ever gave up: that case was not tested"
    assert toll.repeats > 0
    starts = toll.recovery_s.pop(Fault.KILLED)
    assert max(starts) < SOON_S + START_S
    assert max(max(seconds) for seconds in toll.recovery_s.values()) < SOON_S
