"""A page that is asked for changes nothing: neither here nor in the engine (S3, S14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pysqlite3 import dbapi2

from tests.portal.portal_fixtures import Visitor, World, running_world
from tests.portal.web.route_table import READING, known_routes, names_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRIES = 3
ENDLESS = "text/event-stream"
LEADS_ON = {"/", "/company"}
"""Addresses that only lead to another one."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(town: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A running portal with the business unit "riviera", and roads for the map."""
    running = running_world(tmp_path_factory.mktemp("portal"), map_path=town, unit=False)
    async with running as made:
        await made.unit(sms_connection=True)
        yield made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def names(world: World) -> dict[str, str]:
    """Things that are there."""
    return await names_of(world)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def visitors(world: World, names: dict[str, str]) -> dict[str, Visitor]:
    """Nobody, a client, the company, and the company through the client's eyes; and those who wait
    for a code."""
    asking, unproven = world.visitor(), await world.signed_in_client(names["contact"], proven=False)
    await asking.submit(await asking.get("/riviera/login"), "/login", identifier="x@example.org")
    changing = await world.signed_in_client(names["contact"])
    form = await changing.get("/riviera/account/email")
    await changing.submit(form, "/email", address="new@example.org")
    await _quiet(world)
    return {
        "nobody": world.visitor(),
        "asking": asking,
        "unproven": unproven,
        "changing": changing,
        "client": await world.signed_in_client(names["contact"]),
        "staff": await world.signed_in_staff(),
        "viewing": await world.signed_in_staff(viewing=names["contact"]),
    }


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def databases(world: World) -> AsyncIterator[Databases]:
    """Both databases, seen by somebody who writes nothing himself."""
    databases = Databases(world)
    yield databases
    databases.close()


async def _quiet(world: World) -> None:
    """Waits until the letters asked for are out, and their rows written."""
    before = -1
    while before != world.portal.database.writes:
        before = world.portal.database.writes
        await asyncio.sleep(0.3)


class Databases:
    """What anybody else has committed to the portal's and the engine's files."""

    def __init__(self, world: World) -> None:
        files = (world.portal.options.database, world.engine_file)
        self._open = [dbapi2.connect(str(file)) for file in files]

    def versions(self) -> list[int]:
        """They grow with every commit of another connection (SQLite, PRAGMA data_version)."""
        return [each.execute("PRAGMA data_version").fetchone()[0] for each in self._open]

    def close(self) -> None:
        """The last page."""
        for each in self._open:
            each.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path", [known.path for known in known_routes() if known.method == READING]
)
async def test_no_commit(
    path: str,
    method: str,
    world: World,
    names: dict[str, str],
    visitors: dict[str, Visitor],
    databases: Databases,
) -> None:
    """Whoever asks, and one of them sees the page. A write by a background task in between happens
    once, not at every try."""
    seen = set()
    [known] = [each for each in known_routes() if (each.method, each.path) == (READING, path)]
    for who, visitor in visitors.items():
        for _ in range(TRIES):
            before = (databases.versions(), world.portal.database.writes)
            status = await ask(world, visitor, method, known.at(names))
            if (databases.versions(), world.portal.database.writes) == before:
                break
        else:
            raise AssertionError(f"{method} {path} writes for {who} ({status})")
        assert status < 500, f"{method} {path} for {who}"
        seen.add(status)
    assert 200 in seen or path in LEADS_ON, f"{method} {path}: nobody saw it, {seen}"


async def ask(world: World, visitor: Visitor, method: str, path: str) -> int:
    """The status; of an answer without end, its first part is read."""
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    headers = {"Cookie": cookie} | visitor.headers
    async with asyncio.timeout(20):
        async with world.http.stream(method, path, headers=headers) as answer:
            if not answer.headers.get("content-type", "").startswith(ENDLESS):
                await answer.aread()
            return answer.status_code
