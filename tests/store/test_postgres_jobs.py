"""Any interleaving of two workers, kills and lapsing leases ends each job once, on PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import settings

from slotsvc.scheduling.job_ports import Claim, JobState, NewJob
from slotsvc.scheduling.ports import WriteTx
from slotsvc.store.database_clock import clock_or_database
from slotsvc.store.postgres_engine import writer_engine
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.write_tx import WriteTransaction
from tests.examples import examples
from tests.postgres_fixtures import session_server
from tests.store.job_machine import JobMachine
from tests.store.samples import FrozenClock


class PostgresJobs(JobMachine):
    """On a database of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._url = session_server().migrated()
        self._engine = writer_engine(self._url, 1)
        self._now = clock_or_database(self.clock)

    def write(self, work: Callable[[Any], Any]) -> Any:
        """One transaction."""
        with self._engine.begin() as connection:
            return work(WriteTransaction(connection, self._now))

    def teardown(self) -> None:
        """Then the database is the next one's."""
        try:
            super().teardown()
        finally:
            self._engine.dispose()
            session_server().give_back(self._url)


TestPostgresJobs = PostgresJobs.TestCase
TestPostgresJobs.settings = settings(max_examples=examples(15), stateful_step_count=40)
TestPostgresJobs.__doc__ = "Every job is done once, or dead, or dropped; never two workers at once."


@pytest.mark.parametrize("word", ["taken", "done"])
async def test_an_operator_and_a_worker_meet_over_a_job(postgres_url: str, word: str) -> None:
    """Between an operator's look at a job and his decision no worker takes it, and none that has
    it says that it is done: neither is told what is not so."""
    looked, go_on = threading.Event(), threading.Event()

    def dropped(tx: WriteTx) -> JobState:
        found = tx.job(put.id)
        assert found is not None
        looked.set()
        assert go_on.wait(20)
        tx.drop_job(put.id)
        return found.state

    with closing(PostgresStore(postgres_url, FrozenClock(), patience=30)) as store:
        await store.write(lambda tx: tx.put_job(NewJob("letter")))
        (put,) = await store.read(lambda tx: tx.jobs({JobState.WAITING}, "", 0, 9))
        claim = Claim("letter", 1, timedelta(minutes=1), None)
        mine = [] if word == "taken" else await store.write(lambda tx: tx.claim_jobs(claim, "me"))
        dropping = asyncio.create_task(store.write(dropped))
        assert await asyncio.to_thread(looked.wait, 20)

        work = (lambda tx: tx.finish_job(mine[0], None)) if mine else partial(_taken, claim)
        working = asyncio.create_task(store.write(work))
        await asyncio.wait({working}, timeout=0.3)
        go_on.set()

        assert (await dropping, await working) == (JobState.WAITING, False)
        (ended,) = await store.read(lambda tx: tx.jobs({JobState.DROPPED}, "", 0, 9))
        assert ended.id == put.id


def _taken(claim: Claim, tx: WriteTx) -> bool:
    return bool(tx.claim_jobs(claim, "me"))
