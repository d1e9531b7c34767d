"""Passwords: long, not common, hashed slowly, a few at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from time import perf_counter

import pytest
from argon2 import PasswordHasher, extract_parameters

from slotsvc.portal.access.passwords import MOST_AT_ONCE, PasswordHashing, PasswordProblem

GOOD = "vier blaue Fahrräder 🚲 im Regen"


@pytest.fixture
def hashing() -> Iterator[PasswordHashing]:
    """Hashing with threads of its own."""
    made = PasswordHashing()
    yield made
    made.close()


async def test_s8_argon2id_with_the_parameters_of_the_requirement(hashing: PasswordHashing) -> None:
    """S8: argon2id, 19 MiB, two passes, one lane; salted: the same password hashes differently."""
    first, second = await hashing.hashed(GOOD), await hashing.hashed(GOOD)
    found = extract_parameters(first)
    assert first.startswith("$argon2id$")
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19456, 2, 1)
    assert first != second
    assert await hashing.right(first, GOOD)
    assert not await hashing.right(first, GOOD + " ")


async def test_s8_older_parameters_are_noticed(hashing: PasswordHashing) -> None:
    """S8: a hash of other parameters still opens, and says that it is to be made anew."""
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD)
    assert await hashing.right(old, GOOD)
    assert hashing.outdated(old)
    assert not hashing.outdated(await hashing.hashed(GOOD))


async def test_s8_nobody_takes_as_long_as_somebody(hashing: PasswordHashing) -> None:
    """S8: for an unknown user a dummy is checked: nothing is right, and it takes as long."""
    stored = await hashing.hashed(GOOD)

    async def taken(of: str | None) -> float:
        begun = perf_counter()
        assert not await hashing.right(of, "some other password")
        return perf_counter() - begun

    known, unknown = [], []
    for _ in range(8):
        known.append(await taken(stored))
        unknown.append(await taken(None))
    assert min(unknown) > 0.5 * min(known)
    assert not await hashing.right(None, "nobody's")
    assert not await hashing.right("no hash at all", GOOD)


async def test_s8_at_most_four_at_once(hashing: PasswordHashing) -> None:
    """S8: however many come, four hash at a time, in threads of their own."""
    stored = await hashing.hashed(GOOD)
    await asyncio.gather(*(hashing.right(stored, GOOD) for _ in range(12)))
    names = [thread.name for thread in threading.enumerate() if "portal-password" in thread.name]
    assert len(names) == MOST_AT_ONCE


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("elf Zeichen", PasswordProblem.TOO_SHORT),
        ("x" * 11, PasswordProblem.TOO_SHORT),
        ("Ab3$" * 33, PasswordProblem.TOO_LONG),
        ("password1234", PasswordProblem.TOO_COMMON),
        ("iloveyou1234", PasswordProblem.TOO_COMMON),
        ("123456789012", PasswordProblem.TOO_COMMON),
        ("aaaaaaaaaaaaaaaa", PasswordProblem.TOO_COMMON),
        ("motdepasse2024", PasswordProblem.TOO_COMMON),
        ("contraseña1234", PasswordProblem.TOO_COMMON),
        ("azertyuiop123", PasswordProblem.TOO_COMMON),
        ("RivieraHeating1", PasswordProblem.TOO_COMMON),
        (GOOD, None),
        ("correct horse battery staple", None),
        ("quatre vélos sous la pluie", None),
        ("日本語のパスワードです長い", None),
        ("k7#mQ2!xV9pL", None),
        ("Kj8 " * 32, PasswordProblem.TOO_COMMON),
    ],
)
async def test_s8_length_counts_and_common_ones_are_refused(
    hashing: PasswordHashing, password: str, problem: PasswordProblem | None
) -> None:
    """S8: 12 to 128 characters of any kind; what lists, keyboards, repetition or the visitor's own
    data give away is refused."""
    assert await hashing.problem(password, ("rivieraheating", "Anna")) == problem


async def test_a_hash_leaves_the_loop_free(hashing: PasswordHashing) -> None:
    """While a password is hashed, pages are answered."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(hashing.hashed(GOOD) for _ in range(4)))
    ticking.cancel()
    assert ticks >= 3
