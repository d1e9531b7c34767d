"""S6: nobody learns from the portal whether an address or a user name is known.

Answers are equal to the byte and take as long. ``DISCOVERY_SAMPLES=1000`` takes as many samples of
each kind as the requirement names; by default fewer are taken, in some seconds.
"""

from __future__ import annotations

import math
import os
import random
import re
from collections.abc import Awaitable, Callable
from statistics import median, quantiles
from time import perf_counter

import httpx
import pytest

from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import CONTACTS
from slotsvc.portal.web.cookies import FORM
from slotsvc.portal.web.csrf import csrf_token
from tests.portal.access.letter_box import all_prepared, newcomer
from tests.portal.portal_fixtures import UNIT, Visitor, World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

STRICT = 1000
SAMPLES = int(os.environ.get("DISCOVERY_SAMPLES", "120"))
MOST_APART_S = 0.002
LEAST_P = 0.01
PASSWORD = "four blue bicycles in the rain"

type Ask = Callable[[str], Awaitable[float]]
type Times = tuple[list[float], list[float]]
type Measure = Callable[[str], Awaitable[Times]]


def visitor(world: World) -> Visitor:
    """A browser in a network of its own, with a form cookie."""
    made = newcomer(world)
    made.cookies[FORM] = "discovery"
    return made


async def posted(world: World, by: Visitor, path: str, **fields: str) -> httpx.Response:
    """Posts a form without getting its page first."""
    token = csrf_token(world.portal.secrets, hashed(by.cookies[FORM]))
    return await by.post(f"/{UNIT}/{path}", fields | {"csrf_token": token})


def told(answer: httpx.Response, *known: str) -> tuple[object, ...]:
    """Status, headers and bytes, without the visitor's own words and the random tokens."""
    tokens = re.compile(r"[A-Za-z0-9_-]{43}")
    lines = [f"{name}: {value}" for name, value in answer.headers.multi_items() if name != "date"]
    text = "\n".join([*lines, answer.text])
    for word in known:
        text = text.replace(word, "TYPED")
    return answer.status_code, len(answer.content), tokens.sub("TOKEN", text)


async def sampled(known: list[str], unknown: list[str], ask: Ask) -> Times:
    """The time of each answer, in random order: whoever comes next has no say in who is slow."""
    asked = [(address, True) for address in known] + [(address, False) for address in unknown]
    random.shuffle(asked)
    times: dict[bool, list[float]] = {True: [], False: []}
    for address, is_known in asked:
        times[is_known].append(await ask(address))
    return times[True], times[False]


def ks_p(first: list[float], second: list[float]) -> float:
    """The two-sample Kolmogorov-Smirnov test: how likely such a distance is for one distribution
    (asymptotic; Numerical Recipes, 14.3.3)."""
    at = sorted({*first, *second})
    ranked = [sorted(first), sorted(second)]
    places, distance = [0, 0], 0.0
    for value in at:
        for which, values in enumerate(ranked):
            while places[which] < len(values) and values[places[which]] <= value:
                places[which] += 1
        shares = [place / len(values) for place, values in zip(places, ranked, strict=True)]
        distance = max(distance, abs(shares[0] - shares[1]))
    size = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    at_size = (size + 0.12 + 0.11 / size) * distance
    terms = ((-1) ** (k - 1) * math.exp(-2 * k * k * at_size * at_size) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * sum(terms))) if at_size > 0.2 else 1.0


def same(known: list[float], unknown: list[float]) -> bool:
    """Whether no difference shows. On a busy machine medians of few samples differ by themselves:
    then up to three standard errors are let through; never with the requirement's thousand."""
    apart = median(known) - median(unknown)
    error = math.hypot(_error_of_median(known), _error_of_median(unknown))
    most = MOST_APART_S if SAMPLES >= STRICT else max(MOST_APART_S, 3 * error)
    p = ks_p(known, unknown)
    print(f"{len(known)} samples: medians {apart * 1000:+.2f} ms apart, KS p {p:.3f}")  # noqa: T201
    return abs(apart) < most and p > LEAST_P


def _error_of_median(times: list[float]) -> float:
    """From the quartiles, as for a normal distribution."""
    first, _, third = quantiles(times, n=4)
    return 1.253 * (third - first) / 1.349 / math.sqrt(len(times))


async def assert_same_time(measure: Measure) -> None:
    """One sample in a hundred looks different by chance; two in a row are a leak."""
    for attempt in ("a", "b"):
        known, unknown = await measure(attempt)
        if same(known, unknown):
            return
    raise AssertionError("the times of known and unknown differ")


async def timed(answer: Awaitable[httpx.Response], status: int) -> float:
    """How long the answer took."""
    begun = perf_counter()
    found = await answer
    taken = perf_counter() - begun
    assert found.status_code == status
    return taken


async def people(world: World, rows: list[dict[str, str]]) -> None:
    """Contacts with these columns, all of one client."""
    client = await world.client()
    same = {"client": client, "name": "Known", "portal_user": True, "all_sites": True}
    full = [same | {"id": f"{client}-{at}", "created_at": 0} | row for at, row in enumerate(rows)]
    await world.portal.database.write(lambda tx: tx.execute(CONTACTS.insert(), full))


async def addresses(world: World, name: str, number: int) -> tuple[list[str], list[str]]:
    """Known and unknown addresses of the same length."""
    known = [f"{name}-k{at:05}@example.org" for at in range(number)]
    await people(world, [{"email": address} for address in known])
    return known, [address.replace("-k", "-u") for address in known]


async def test_s6_the_same_bytes(world: World) -> None:
    """S6: asking for a code, seeing its page, typing a wrong code: the same status, headers and
    bytes for an address in the base, one of somebody shut out, and one of nobody."""
    await world.contact("Known", email="aa-known@example.org")
    await world.contact("Shut", email="bb-known@example.org", portal_user=False)
    answers = []
    for typed in ("aa-known@example.org", "bb-known@example.org", "cc-known@example.org"):
        by = visitor(world)
        asked = await posted(world, by, "login", identifier=typed)
        await all_prepared(world)
        page = await by.get("/riviera/code")
        wrong = await posted(world, by, "code", code="not-it")
        last = [await posted(world, by, "code", code="not-it") for _ in range(5)]
        answers.append([told(each, typed) for each in (asked, page, wrong, *last)])
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.machine_speed
async def test_s6_the_same_time_for_asking(world: World) -> None:
    """S6: asking for a code takes as long for known as for unknown addresses."""

    async def measure(attempt: str) -> Times:
        known, unknown = await addresses(world, f"ask{attempt}", SAMPLES)

        async def ask(address: str) -> float:
            return await timed(posted(world, visitor(world), "login", identifier=address), 303)

        return await sampled(known, unknown, ask)

    await assert_same_time(measure)


@pytest.mark.machine_speed
async def test_s6_the_same_time_for_a_wrong_code(world: World) -> None:
    """S6: a wrong code is refused as fast for a known as for an unknown address."""
    number = SAMPLES // 2

    async def measure(attempt: str) -> Times:
        known, unknown = await addresses(world, f"code{attempt}", number)
        browsers = {address: visitor(world) for address in (*known, *unknown)}
        for address, by in browsers.items():
            await posted(world, by, "login", identifier=address)
        await all_prepared(world)

        async def ask(address: str) -> float:
            return await timed(posted(world, browsers[address], "code", code="not-it"), 422)

        return await sampled(known, unknown, ask)

    await assert_same_time(measure)


@pytest.mark.machine_speed
async def test_s6_the_same_time_for_a_wrong_password(world: World) -> None:
    """S6, S8: a wrong password is refused as fast for a known as for an unknown user name."""
    number = SAMPLES // 4
    stored = await world.portal.passwords.hashed(PASSWORD)

    async def measure(attempt: str) -> Times:
        known = [f"user-{attempt}k{at:05}" for at in range(number)]
        await people(world, [{"user_name": each, "password_hash": stored} for each in known])

        async def ask(name: str) -> float:
            fields = {"user_name": name, "password": "some other password"}
            return await timed(posted(world, visitor(world), "password", **fields), 422)

        return await sampled(known, [name.replace("k", "u") for name in known], ask)

    await assert_same_time(measure)
