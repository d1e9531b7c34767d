"""Background work as the store keeps it: one row a job, written with what causes it.

A job is done by a *task*, a plain function known by the name of the job's *kind*. Who takes a job
gets a *lease*: until ``free`` nobody else may take it, and only who shows the lease's ``token``
may say what became of it. A worker that dies says nothing; its lease ends, and another takes over.
So a task may run more than once, and a job ends once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

WORKER_DIED = "WORKER_DIED"
"""Error of a job whose last lease ended without a word."""


class JobState(Enum):
    """WAITING: to be done, or being done. DEAD: given up, until a person looks at it."""

    WAITING = "WAITING"
    DONE = "DONE"
    DEAD = "DEAD"
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True)
class NewJob:
    """Work to be done once for (tenant, kind, subject, version), however often it is put.

    ``tenant`` "": the service's own. ``subject``: an id; jobs of one kind about one subject are
    done in order of ``version``, one at a time. Who puts two of them at the same moment must hold
    the subject's lock, as the mutations of a route do. ``data``: ids and numbers only, no personal
    data. ``due`` None: now.
    """

    kind: str
    subject: str = ""
    version: int = 0
    tenant: str = ""
    data: Mapping[str, str | int] = field(default_factory=dict)
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as stored.

    ``due``: when it shall be done, or tried again. ``free``: from then on anybody may take it.
    ``token``: of who took it last, "" for nobody. ``tries``: how often it was taken since it last
    went well. ``error``: what the last try failed with, a word; "" when it did not. ``ended``:
    when it got its state; None while it waits.
    """

    id: int
    kind: str
    tenant: str
    subject: str
    version: int
    data: Mapping[str, str | int]
    state: JobState
    due: datetime
    free: datetime
    token: str
    tries: int
    error: str
    created: datetime
    ended: datetime | None

    def running(self, now: datetime) -> bool:
        """Somebody has it in hand."""
        return self.state is JobState.WAITING and bool(self.token) and now < self.free


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker asks for: at most ``most`` jobs of a kind, each for ``lease``.

    A job that was taken ``most_tries`` times already is dead instead; None: it never is.
    """

    kind: str
    most: int
    lease: timedelta
    most_tries: int | None


@dataclass(frozen=True, slots=True)
class JobCount:
    """Jobs of a kind: how many are due (or in hand), how many dead, since when the oldest is due.

    ``oldest`` None: none is due.
    """

    due: int
    dead: int
    oldest: datetime | None


class JobRead(Protocol):
    """Reading of jobs."""

    def job(self, id: int) -> Job | None: ...
    def jobs(
        self, states: Collection[JobState], kind: str, after: int, limit: int
    ) -> Sequence[Job]:
        """At most ``limit`` behind the id ``after``, in order of id. ``kind`` "": of every kind."""
        ...

    def next_job(self, kind: str) -> datetime | None:
        """From when on there is a job of the kind to take, be it past; None: there is none."""
        ...

    def job_counts(self) -> Mapping[str, JobCount]:
        """By kind; kinds without jobs that are due or dead are absent."""
        ...


class JobWrite(JobRead, Protocol):
    """Changing of jobs. What takes a ``Job`` looks at its id and its token."""

    def job(self, id: int) -> Job | None:
        """None: there is none. Until the commit nobody else takes it, ends it or decides on it."""
        ...

    @property
    def jobs_put(self) -> bool:
        """Whether this transaction made work that somebody may be waiting for."""
        ...

    def put_job(self, job: NewJob) -> bool:
        """Writes the job with this transaction. False: it is there already, or was lately."""
        ...

    def claim_jobs(self, claim: Claim, token: str) -> Sequence[Job]:
        """Takes what is due, the longest due first, of each subject the lowest version only."""
        ...

    def renew_job(self, job: Job, lease: timedelta) -> bool:
        """Prolongs the lease, from now. False: it is somebody else's by now, or over."""
        ...

    def finish_job(self, job: Job, again: datetime | None) -> bool:
        """It is done; ``again``: when it is due anew, None: never. False: as ``renew_job``."""
        ...

    def fail_job(self, job: Job, error: str, again: datetime | None) -> bool:
        """A try failed; ``again``: of the next, None: it is dead. False: as ``renew_job``."""
        ...

    def give_back_job(self, job: Job) -> bool:
        """Ends the lease as if the job had not been taken. False: as ``renew_job``."""
        ...

    def revive_job(self, id: int) -> None:
        """A waiting or dead job is due now, with as many tries as a new one."""
        ...

    def drop_job(self, id: int) -> None:
        """It is not to be done; who has it in hand may say nothing more."""
        ...

    def forget_jobs(self, before: datetime, most: int) -> int:
        """Takes out at most so many that were done or dropped before then; gives how many. Dead
        ones stay."""
        ...
