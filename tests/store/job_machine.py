"""Two workers, kills, lapsing leases, an operator: any order of them, against a model of the queue.

The state machine runs over any store's transactions: a subclass says how to make one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from slotsvc.scheduling.job_ports import WORKER_DIED, Claim, Job, JobState, NewJob
from tests.store.samples import FrozenClock

KIND = "letter"
LEASE = timedelta(seconds=60)
MOST_TRIES = 3
WORKERS = st.sampled_from(("one", "two"))
PICK = st.integers(0, 99)
LATER = st.sampled_from((0, 30, 90))
OPEN = (JobState.WAITING, JobState.DEAD)

type Key = tuple[str, int]


@dataclass
class Modelled:
    """A job as it should stand. ``marked``: how often a worker's "done" was accepted."""

    key: Key
    free: datetime
    state: JobState = JobState.WAITING
    token: str = ""
    tries: int = 0
    error: str = ""
    marked: int = 0
    id: int = 0


@dataclass
class Worker:
    """What it has in hand, leases that lapsed included: a stopped process does not know."""

    claims: list[Job] = field(default_factory=list)


class JobMachine(RuleBasedStateMachine):
    """Everything that can happen to jobs of one kind about three subjects."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.model: dict[Key, Modelled] = {}
        self.workers = {"one": Worker(), "two": Worker()}
        self.tokens = 0

    @abstractmethod
    def write(self, work: Callable[[Any], Any]) -> Any:
        """Runs ``work`` in one transaction of the store, on ``self.clock``."""

    @rule(subject=st.sampled_from("abc"), version=st.integers(1, 4), late=LATER)
    def put(self, subject: str, version: int, late: int) -> None:
        due = self.clock.now() + timedelta(seconds=late)
        new = self.write(lambda tx: tx.put_job(NewJob(KIND, subject, version, due=due)))
        assert new == ((subject, version) not in self.model)
        if new:
            self.model[subject, version] = Modelled((subject, version), due)

    @rule(name=WORKERS, most=st.integers(1, 3))
    def claim(self, name: str, most: int) -> None:
        self.tokens += 1
        token = f"{name}-{self.tokens}"
        found = sorted(self.takeable(), key=lambda job: (job.free, job.id))[:most]
        asked = Claim(KIND, most, LEASE, MOST_TRIES)
        taken = self.write(lambda tx: tx.claim_jobs(asked, token))

        expected = [job.key for job in found if job.tries < MOST_TRIES]
        assert [(job.subject, job.version) for job in taken] == expected
        for job in found:
            if job.tries >= MOST_TRIES:
                job.state, job.token, job.error = JobState.DEAD, "", WORKER_DIED
            else:
                job.tries, job.token = job.tries + 1, token
                job.free = self.clock.now() + LEASE
        self.workers[name].claims += taken

    def takeable(self) -> list[Modelled]:
        waiting = [job for job in self.model.values() if job.state is JobState.WAITING]
        first: dict[str, Modelled] = {}
        for job in sorted(waiting, key=lambda job: job.key):
            first.setdefault(job.key[0], job)
        return [job for job in first.values() if job.free <= self.clock.now()]

    @rule(name=WORKERS, pick=PICK, again=st.none() | LATER)
    def fail(self, name: str, pick: int, again: int | None) -> None:
        at = None if again is None else self.clock.now() + timedelta(seconds=again)

        def told(job: Modelled) -> None:
            job.error, job.token = "OOPS", ""
            if at is None:
                job.state = JobState.DEAD
            else:
                job.free = at

        self.say(name, pick, lambda tx, mine: tx.fail_job(mine, "OOPS", at), told)

    @rule(name=WORKERS, pick=PICK)
    def finish(self, name: str, pick: int) -> None:
        def told(job: Modelled) -> None:
            job.state, job.token, job.error = JobState.DONE, "", ""
            job.marked += 1

        self.say(name, pick, lambda tx, mine: tx.finish_job(mine, None), told)

    @rule(name=WORKERS, pick=PICK)
    def renew(self, name: str, pick: int) -> None:
        def told(job: Modelled) -> None:
            job.free = self.clock.now() + LEASE

        self.say(name, pick, lambda tx, mine: tx.renew_job(mine, LEASE), told, ends=False)

    @rule(name=WORKERS, pick=PICK)
    def give_back(self, name: str, pick: int) -> None:
        def told(job: Modelled) -> None:
            job.token, job.free, job.tries = "", self.clock.now(), job.tries - 1

        self.say(name, pick, lambda tx, mine: tx.give_back_job(mine), told)

    def say(
        self,
        name: str,
        pick: int,
        work: Callable[[Any, Job], bool],
        told: Callable[[Modelled], None],
        *,
        ends: bool = True,
    ) -> None:
        """A worker says something of a job it has, or once had, in hand."""
        claims = self.workers[name].claims
        if not claims:
            return
        mine = claims[pick % len(claims)]
        job = self.model[mine.subject, mine.version]
        is_own = job.state is JobState.WAITING and job.token == mine.token
        assert self.write(lambda tx: work(tx, mine)) == is_own
        if is_own:
            told(job)
        if ends:
            claims.remove(mine)

    @rule(name=WORKERS)
    def stop_and_go_on(self, name: str) -> None:
        """As SIGSTOP does it: a lease lapses, another worker takes over, and then the first goes on
        as if nothing had happened."""
        stopped = self.workers[name].claims[-1:]
        self.advance(60)
        self.claim("two" if name == "one" else "one", 3)
        if stopped:
            self.finish(name, -1)

    @rule(name=WORKERS)
    def kill(self, name: str) -> None:
        self.workers[name].claims.clear()

    @rule(seconds=st.sampled_from((1, 30, 60, 90)))
    def advance(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.model)
    @rule(pick=PICK, drop=st.booleans())
    def operate(self, pick: int, drop: bool) -> None:
        job = [*self.model.values()][pick % len(self.model)]
        self.write(lambda tx: tx.drop_job(job.id) if drop else tx.revive_job(job.id))
        if job.state not in OPEN:
            return
        job.token = ""
        if drop:
            job.state = JobState.DROPPED
        else:
            job.state, job.tries, job.free = JobState.WAITING, 0, self.clock.now()

    @invariant()
    def stands_as_modelled(self) -> None:
        stored = self.write(lambda tx: tx.jobs(set(JobState), "", 0, 99))
        for job in stored:
            self.model[job.subject, job.version].id = job.id
        assert len(stored) == len(self.model)
        for job in stored:
            of = self.model[job.subject, job.version]
            assert (job.state, job.token, job.tries, job.error) == (
                of.state, of.token, of.tries, of.error
            )  # fmt: skip
            if job.state is JobState.WAITING:
                assert job.free == of.free

    def teardown(self) -> None:
        """A worker that lives long enough ends every job, each once."""
        for _ in range(2 * len(self.model) + 1):
            self.advance(3600)
            self.claim("one", 3)
            for _ in range(3):
                self.finish("one", -1)
            self.workers["one"].claims.clear()
        self.stands_as_modelled()
        for job in self.model.values():
            assert job.state is not JobState.WAITING
            assert job.marked == (job.state is JobState.DONE)
