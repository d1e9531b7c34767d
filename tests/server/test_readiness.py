"""Degraded is told from broken, and a dependency that hangs keeps nobody waiting."""

from __future__ import annotations

import asyncio

import pytest

from slotsvc.server.readiness import (
    FINE,
    Dependency,
    Finding,
    Probe,
    ReadinessChecks,
    State,
)

SLOW = Finding(State.DEGRADED, "slow")


def found(finding: Finding) -> Probe:
    async def probe() -> Finding:
        return finding

    return probe


async def failing() -> Finding:
    raise ConnectionError("a password")


async def hanging() -> Finding:
    await asyncio.Event().wait()
    return FINE


@pytest.mark.parametrize(
    ("database", "cache", "state", "ready"),
    [
        (found(FINE), found(FINE), "ok", True),
        (found(FINE), found(SLOW), "degraded", True),
        (found(FINE), failing, "degraded", True),
        (found(FINE), hanging, "degraded", True),
        (failing, found(FINE), "broken", False),
        (hanging, failing, "broken", False),
    ],
)
async def test_the_worst_finding_is_the_state(
    database: Probe, cache: Probe, state: str, ready: bool
) -> None:
    """What a failure means depends on what fails; why it failed is not told."""
    checks = ReadinessChecks(
        {
            "database": Dependency(database, State.BROKEN),
            "cache": Dependency(cache, State.DEGRADED),
        },
        patience_s=0.05,
    )

    told = (await checks()).as_json()

    assert (told["state"], told["ready"]) == (state, ready)
    assert "password" not in str(told)


async def test_probes_run_side_by_side() -> None:
    """Five that hang cost the patience of one."""
    hung = {str(n): Dependency(hanging, State.DEGRADED) for n in range(5)}

    async with asyncio.timeout(1.0):
        told = await ReadinessChecks(hung, patience_s=0.3)()

    assert len(told.findings) == 5
