"""Kinds of background work: what is done, for how long at most, and what when it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from slotsvc.domain.errors import SlotsvcError
from slotsvc.scheduling.job_ports import Claim, Job, NewJob

type Task = Callable[[Job], Awaitable[None]]
"""Does the work. It may run twice for one job, so its effect must be the same when it does, or
carry the job's id for the receiver to see. Raises when it fails; ``TaskError`` says more."""

_SPREAD = 0.2


class TaskError(Exception):
    """A task failed, and knows why. ``reason``: a stable word, as of ``SlotsvcError``.

    ``again``: how long to wait at least, as the receiver said; None: as the kind's retries say.
    ``hopeless``: no further try can succeed.
    """

    def __init__(
        self, reason: str, *, again: timedelta | None = None, hopeless: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.hopeless = hopeless


@dataclass(frozen=True, slots=True)
class Retries:
    """``most`` tries in all; the wait doubles from ``first`` up to ``longest``."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=6)
    most: int = 12

    def wait(self, tries: int, chance: float) -> timedelta:
        """Behind so many tries; ``chance`` in [0, 1) spreads it by a fifth to either side, so that
        what failed together is not tried again together."""
        doubled = self.first * 2.0 ** min(tries - 1, 40)
        return min(doubled * (1 - _SPREAD + 2 * _SPREAD * chance), self.longest)


@dataclass(frozen=True, slots=True)
class JobKind:
    """``every`` None: done once for each job that is put. Set: one job for the whole database, due
    again so long after it was done; it is never dead, and fails no longer than ``every`` at a time.

    ``lease``: how soon another worker takes over when one dies; a living one renews it.
    ``longest``: a task that takes longer has failed. ``at_once``: in one process.
    """

    name: str
    task: Task
    every: timedelta | None = None
    retries: Retries = Retries()
    lease: timedelta = timedelta(seconds=60)
    longest: timedelta = timedelta(minutes=10)
    at_once: int = 2

    def first(self, due: datetime) -> NewJob:
        """The one job of a recurring kind."""
        return NewJob(self.name, due=due)

    def claim(self, most: int) -> Claim:
        """For at most so many jobs."""
        return Claim(self.name, most, self.lease, self.retries.most if self.every is None else None)

    def wait(self, job: Job, error: Exception, chance: float) -> timedelta | None:
        """Until the next try of a job that failed; None: there is none."""
        wait = self.retries.wait(job.tries, chance)
        if self.every is not None:
            return min(wait, self.every)
        told = error if isinstance(error, TaskError) else TaskError("")
        if told.hopeless or job.tries >= self.retries.most:
            return None
        return max(wait, told.again or wait)


def reason_of(error: Exception) -> str:
    """What is kept of an error: a word. Texts may quote what people wrote."""
    if isinstance(error, TaskError | SlotsvcError):
        return error.reason
    return "TIMED_OUT" if isinstance(error, TimeoutError) else type(error).__name__
