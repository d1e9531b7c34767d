"""A client searches so often within a minute and no more; nobody else is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from slotsvc.domain.access import Principal, Role
from slotsvc.domain.errors import TooManySearchesError
from slotsvc.server.search_limit import MOST_CLIENTS, WITHIN_S, ClientSearches

SECRET = b"s" * 32
PIA = Principal(Role.CLIENT, "acme", "key", client="pia")


@dataclass
class Seconds:
    """A monotonic clock that a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@dataclass
class OthersToo:
    """Counts of other replicas. ``silent``: nobody knows them."""

    counted: Counter[str] = field(default_factory=Counter)
    silent: bool = False

    async def add(self, key: str) -> int | None:
        """One more."""
        self.counted[key] += 1
        return None if self.silent else self.counted[key]


async def searched(searches: ClientSearches, who: Principal, times: int) -> int:
    """How many of so many searches were let in."""
    let_in = 0
    for _ in range(times):
        try:
            await searches.count(who)
        except TooManySearchesError:
            continue
        let_in += 1
    return let_in


async def test_a_client_is_limited_for_a_minute() -> None:
    """As many as it may, then none until a minute after the first."""
    clock = Seconds()
    searches = ClientSearches(5, SECRET, clock=clock)

    assert await searched(searches, PIA, 10) == 5
    clock.now += WITHIN_S - 1
    assert await searched(searches, PIA, 10) == 0
    clock.now += 1
    assert await searched(searches, PIA, 10) == 5


async def test_clients_are_counted_apart() -> None:
    """Another client, and the same reference of another company."""
    searches = ClientSearches(5, SECRET)
    others = [
        Principal(Role.CLIENT, "acme", "key", client="ron"),
        Principal(Role.CLIENT, "other", "key", client="pia"),
    ]

    assert await searched(searches, PIA, 10) == 5
    assert [await searched(searches, who, 10) for who in others] == [5, 5]


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.CLIENT])
async def test_nobody_else_is_limited(role: Role) -> None:
    """Planners, integrators and the rest search as they like."""
    searches = ClientSearches(5, SECRET)

    assert await searched(searches, Principal(role, "acme", "key"), 20) == 20


async def test_replicas_count_together() -> None:
    """Two processes let in as many as one, in whatever order they are asked."""
    shared = OthersToo()
    one, other = (ClientSearches(10, SECRET, shared) for _ in range(2))

    let_in = [await searched(each, PIA, 1) for each in (one, other) * 15]

    assert sum(let_in) == 10


async def test_without_the_shared_count_each_counts_for_itself() -> None:
    """Never without a limit: nobody knowing, a process still refuses what is too much for it."""
    shared = OthersToo(silent=True)
    one, other = (ClientSearches(10, SECRET, shared) for _ in range(2))

    assert await searched(one, PIA, 30) == 10
    assert await searched(other, PIA, 30) == 10


async def test_a_shared_count_that_forgets_lifts_no_own_limit() -> None:
    """What was counted here holds when everything else was lost."""
    shared = OthersToo()
    searches = ClientSearches(10, SECRET, shared)
    assert await searched(searches, PIA, 10) == 10
    shared.counted.clear()

    assert await searched(searches, PIA, 10) == 0


async def test_what_is_shared_names_nobody() -> None:
    """Neither company nor client can be read from the name that is counted under."""
    shared = OthersToo()
    await ClientSearches(10, SECRET, shared).count(PIA)

    (name,) = shared.counted
    assert "pia" not in name
    assert "acme" not in name


async def test_many_clients_do_not_fill_the_memory() -> None:
    """Those counted longest ago are forgotten."""
    searches = ClientSearches(1, SECRET)
    for i in range(MOST_CLIENTS + 10):
        await searches.count(Principal(Role.CLIENT, "acme", "key", client=f"c{i}"))

    assert len(searches._own) == MOST_CLIENTS
