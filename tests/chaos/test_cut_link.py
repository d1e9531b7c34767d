"""The link is cut at random moments, after a commit too: nobody knows whether the call was done.

Clients repeat it with the same request_id; nothing may be lost and nothing done twice.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from benchmarks.calls import calling
from benchmarks.company import Company
from benchmarks.torture.aftermath import Expected, check_books
from benchmarks.torture.bookers import Booker, Tally
from tests.chaos.cutting_proxy import cutting_proxy
from tests.service_fixtures import running_service, settings_for

CLIENTS, ORDERS = 6, 40


async def test_no_call_is_done_twice_when_its_answer_is_lost(tmp_path: Path) -> None:
    """40 orders through a link that is cut every few dozen milliseconds: each is booked once."""
    settings, tally = settings_for(tmp_path), Tally()
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running_service(settings))
        company = await Company(service.calls, "acme").found()
        await company.activity("service", minutes=30, horizon=timedelta(days=8))
        for number in range(4):
            await company.technician(f"tech-{number}")
        proxy = await stack.enter_async_context(cutting_proxy(service.address))
        orders = iter([f"order-{n}" for n in range(ORDERS)])
        first_day = service.clock.now().date() + timedelta(days=1)
        bookers = [
            Booker(
                number,
                await stack.enter_async_context(calling(proxy.address)),
                company,
                orders,
                tally,
                first_day,
                random.Random(number),
                lambda: None,
            )
            for number in range(CLIENTS)
        ]
        cutter = asyncio.create_task(proxy.keep_cutting(random.Random(0), 0.03, 0.25))
        try:
            await asyncio.wait_for(asyncio.gather(*(b.work() for b in bookers)), 120)
        finally:
            cutter.cancel()
    expected = Expected("acme", "crew", tally.booked, tally.history)
    assert await check_books(settings.database_file, expected) == []
    assert len(tally.booked) == ORDERS
    assert tally.repeats > 5, "the link was hardly ever cut"
