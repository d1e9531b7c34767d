"""The next version makes its tables and starts beside this one, while clients book (F34)."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count, takewhile
from pathlib import Path

import psycopg
import pytest

from benchmarks.calls import calling
from benchmarks.company import Company
from benchmarks.torture.aftermath import Expected, judged
from benchmarks.torture.bed import settings_file
from benchmarks.torture.bookers import Booker, Tally
from benchmarks.torture.server_process import PROGRAM, ServerProcess
from slotsvc.store import migrate
from tests.postgres_fixtures import PostgresServer

NEXT = f'''
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{migrate.newest()}"


def upgrade():
    for table in ("visit", "placement", "route", "event", "idempotency"):
        op.add_column(table, sa.Column("tomorrow", sa.Text, nullable=False, server_default=""))
    op.create_table("tomorrow", sa.Column("id", sa.Text, primary_key=True))
    op.create_index("ix_visit_tomorrow", "visit", ["tenant", "tomorrow"])
'''
CLIENTS = 4
MIGRATE_TRIES = 10
TOGETHER = 20
"""Bookings at least while both serve."""


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """With the tables of this version, and nobody's afterwards."""
    url = postgres.migrated()
    yield url
    postgres.drop(url)


@pytest.fixture
def next_version(tmp_path: Path) -> tuple[str, ...]:
    """The program of the next version."""
    scripts = Path(shutil.copytree(migrate._SCRIPTS, tmp_path / "migrations"))
    (scripts / "versions" / "v9999_tomorrow.py").write_text(NEXT)
    return sys.executable, str(Path(__file__).with_name("next_version.py")), str(scripts)


async def run(*command: str) -> tuple[int, str]:
    """A command, to its end; the exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def migrated(next_version: tuple[str, ...], config: Path) -> None:
    """Under load it may find no moment, and says so: again, then."""
    for _ in range(MIGRATE_TRIES):
        code, said = await run(*next_version, "migrate", "--json", "--config", str(config))
        if code == 0:
            assert json.loads(said)["after"] == "9999"
            return
        assert "STORE_BUSY" in said, said
    raise AssertionError("no moment for the migration")


@pytest.mark.timeout(150)
async def test_two_versions_serve_one_database(
    url: str, next_version: tuple[str, ...], tmp_path: Path
) -> None:
    """Under load the next version's tables are made, then it starts beside the one that runs: both
    book for the same company, nothing is lost or doubled, no call fails for good. The old one is
    not started again on the new tables: it says why."""
    config = settings_file(tmp_path / "shared", url)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old = ServerProcess(tmp_path / "old", config=config)
    new = ServerProcess(tmp_path / "new", config=config, program=next_version)
    await old.start()
    tally, over = Tally(), asyncio.Event()
    orders = takewhile(lambda _: not over.is_set(), (f"order-{n}" for n in count()))
    booked = asyncio.Semaphore(0)
    try:
        async with AsyncExitStack() as stack:
            lines = [
                await stack.enter_async_context(calling((old, new)[n % 2].address))
                for n in range(CLIENTS)
            ]
            company = await Company(lines[0], "acme").found()
            await company.activity(minutes=30, horizon=timedelta(days=14))
            for number in range(6):
                await company.technician(f"tech-{number}")
            first_day = datetime.now(UTC).date() + timedelta(days=1)
            clients = [
                Booker(
                    number, line, company, orders, tally, first_day, random.Random(number),
                    booked.release,
                )
                for number, line in enumerate(lines)
            ]  # fmt: skip
            working = asyncio.gather(*(client.work() for client in clients))
            for _ in range(5):
                await booked.acquire()
            await migrated(next_version, config)
            await new.start()
            before = len(tally.booked)
            code, said = await run(
                *PROGRAM, "serve", "--json", "--config", str(config), "--data-dir", str(tmp_path)
            )
            while len(tally.booked) < before + TOGETHER:
                await booked.acquire()
            over.set()
            await working
        assert (code != 0, "SCHEMA_TOO_NEW" in said) == (True, True)
        assert old.incidents() + new.incidents() == []
    finally:
        await old.stop()
        await new.stop()
    with psycopg.connect(url) as judge:  # who judges is of this version
        judge.execute("UPDATE alembic_version SET version_num = %s", (migrate.newest(),))
    assert await judged(url, Expected("acme", history=tally.history)) == []
