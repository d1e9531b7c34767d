"""The companies of a campaign, and who books and looks there."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from benchmarks.calls import Calls, calling
from benchmarks.company import DEPOT, Company, around
from benchmarks.torture.bookers import Booker, Tally
from benchmarks.torture.readers import Reader

HORIZON_DAYS = 10


@dataclass(frozen=True, slots=True)
class Size:
    """``clients``, ``readers``: in all, shared out among the companies. ``crew``: technicians of a
    company, who together must have room for what is never cancelled. ``cancels``, ``gives_up``: as
    of ``Booker``."""

    companies: int = 3
    clients: int = 12
    readers: int = 3
    crew: int = 6
    cancels: float = 0.75
    gives_up: float = 0.1


@dataclass(slots=True)
class Crowd:
    """``tallies``: what happened, by company. Clients have connections of their own to each of
    ``addresses``, and begin with one or another; ``stack`` closes them."""

    size: Size
    seed: int
    addresses: Sequence[str]
    stack: AsyncExitStack
    tallies: dict[str, Tally] = field(default_factory=dict)
    over: bool = False

    async def gather(self) -> tuple[list[Booker], list[Reader]]:
        """Founds the companies."""
        lines = await self._lines(0)
        companies = [await self._company(lines[0], n) for n in range(self.size.companies)]
        self.tallies |= {company.id: Tally() for company in companies}
        orders = self._orders()
        bookers = [
            self._booker(
                number, companies[number % len(companies)], orders, await self._lines(number)
            )
            for number in range(self.size.clients)
        ]
        readers = [
            self._reader(number, companies[number % len(companies)], lines)
            for number in range(self.size.readers)
        ]
        return bookers, readers

    async def _lines(self, number: int) -> list[Calls]:
        first = number % len(self.addresses)
        asked = [*self.addresses[first:], *self.addresses[:first]]
        return [await self.stack.enter_async_context(calling(address)) for address in asked]

    async def _company(self, calls: Calls, number: int) -> Company:
        chance = random.Random(f"{self.seed}/company-{number}")
        company = await Company(calls, f"company-{number}").found()
        await company.activity(minutes=40, horizon=timedelta(days=HORIZON_DAYS))
        for who in range(self.size.crew):
            home = around(chance, DEPOT, 0.01)
            await company.technician(f"tech-{who}", home=home, lunch=who % 2 == 0)
        return company

    def _orders(self) -> Iterator[str]:
        for number in count():
            if self.over:
                return
            yield f"order-{number:06d}"

    def _booker(
        self, number: int, company: Company, orders: Iterator[str], lines: Sequence[Calls]
    ) -> Booker:
        return Booker(
            number,
            lines[0],
            company,
            orders,
            self.tallies[company.id],
            _tomorrow(company),
            random.Random(f"{self.seed}/{number}"),
            lambda: None,
            tuple(lines[1:]),
            self.size.cancels,
            self.size.gives_up,
            HORIZON_DAYS - 2,
        )

    def _reader(self, number: int, company: Company, lines: Sequence[Calls]) -> Reader:
        return Reader(
            self.size.clients + number,
            list(lines),
            company,
            self.tallies[company.id].history,
            _tomorrow(company),
            HORIZON_DAYS,
            random.Random(f"{self.seed}/reader-{number}"),
        )


def _tomorrow(company: Company) -> date:
    return datetime.now(ZoneInfo(company.zone)).date() + timedelta(days=1)
