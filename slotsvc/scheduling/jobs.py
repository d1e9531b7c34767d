"""What an operator sees of background work, and may decide about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from slotsvc.domain.errors import NotFoundError, WrongStateError
from slotsvc.scheduling.job_ports import Job, JobState
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.ports import Event, ReadTx, Store, WriteTx

_OPEN = (JobState.WAITING, JobState.DEAD)

type Answer = Callable[[Job, datetime], bytes]


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs as they stand at ``now``."""

    jobs: Sequence[Job]
    now: datetime


class Jobs:
    """The use cases over one store. ``recurring``: kinds whose one job is never dropped."""

    def __init__(self, store: Store, recurring: Collection[str]) -> None:
        self._store = store
        self._recurring = frozenset(recurring)

    async def get(self, id: int) -> JobPage:
        """The one job. Raises ``NotFoundError``."""
        return await self._store.read(lambda tx: JobPage([_required(tx, id)], tx.now()))

    async def page(
        self, states: Collection[JobState], kind: str, after: int, limit: int
    ) -> JobPage:
        """At most ``limit`` behind the id ``after``, in order of id. ``kind`` "": of every kind."""
        return await self._store.read(
            lambda tx: JobPage(tx.jobs(states, kind, after, limit), tx.now())
        )

    async def retry(self, mutation: Mutation, id: int, answer: Answer) -> bytes:
        """Due now, with tries as of a new one. Raises ``NotFoundError``, ``WrongStateError``."""

        def work(tx: WriteTx) -> bytes:
            job = _required(tx, id)
            if job.state not in _OPEN or job.running(tx.now()):
                raise _wrong_state(job, tx.now())
            tx.revive_job(id)
            return _changed(tx, mutation, job, "JOB_RETRIED", answer)

        return await self._store.write(once(mutation, work))

    async def drop(self, mutation: Mutation, id: int, answer: Answer) -> bytes:
        """Never done. Raises ``NotFoundError``, ``WrongStateError``."""

        def work(tx: WriteTx) -> bytes:
            job = _required(tx, id)
            if job.state not in _OPEN:
                raise _wrong_state(job, tx.now())
            if job.kind in self._recurring:
                raise WrongStateError("a recurring job is not dropped: it would never come again")
            tx.drop_job(id)
            return _changed(tx, mutation, job, "JOB_DROPPED", answer)

        return await self._store.write(once(mutation, work))


def _required(tx: ReadTx, id: int) -> Job:
    job = tx.job(id)
    if job is None:
        raise NotFoundError("no such job")
    return job


def _wrong_state(job: Job, now: datetime) -> WrongStateError:
    state = "RUNNING" if job.running(now) else job.state.value
    return WrongStateError(f"the job is {state.lower()}", {"state": state})


def _changed(tx: WriteTx, mutation: Mutation, job: Job, kind: str, answer: Answer) -> bytes:
    event = Event(kind, f"{job.id}", None, 0, {"kind": job.kind})
    tx.record("", event, mutation.actor)
    return answer(_required(tx, job.id), tx.now())
