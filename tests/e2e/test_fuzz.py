"""Whatever the wire can carry is answered or refused: never a defect, never silence.

A dose that fits a test run; ``python -m benchmarks.fuzz`` is the campaign.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.company import Company
from benchmarks.fuzz import DEFECTS, Result, throw
from benchmarks.fuzz_messages import Thrower
from benchmarks.sample_company import sample_company
from slotsvc.server.app import method_descriptors
from tests.e2e.access_world import world
from tests.e2e.days import TOMORROW
from tests.service_fixtures import RunningService

METHODS = sorted(method_descriptors(), key=lambda method: method.full_name)
MESSAGES = 80
MESSAGES_BY_ROLE = 16


async def test_no_message_of_anybody_is_a_defect(service: RunningService) -> None:
    """Random, spoilt and broken messages to every method, with nobody asked for a key."""
    company = await Company(service.calls, "acme").found()
    thrower = Thrower(1, await sample_company(service.calls, company, TOMORROW))

    results = [await throw(service.calls.channel, m, thrower, MESSAGES) for m in METHODS]

    assert [r.method for r in results if r.codes.total() != MESSAGES] == []
    assert defects(results) == {}


@pytest.mark.parametrize("who", ["administrator", "client", "technician", "portal"])
async def test_no_message_of_a_key_is_a_defect(tmp_path: Path, who: str) -> None:
    """The same past the checks of keys, policies and owners."""
    async with world(tmp_path) as acme:
        channel = (await acme.calls(who)).channel
        thrower = Thrower(2, acme.names)

        results = [await throw(channel, m, thrower, MESSAGES_BY_ROLE) for m in METHODS]

    assert defects(results) == {}


def defects(results: list[Result]) -> dict[str, dict[str, int]]:
    """What went wrong, by method."""
    return {
        r.method: {code: n for code, n in r.codes.items() if code in DEFECTS}
        for r in results
        if r.defects
    }
