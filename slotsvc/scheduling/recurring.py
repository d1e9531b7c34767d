"""Background work that comes again and again, once for the whole database, whoever does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from slotsvc.scheduling.job_kinds import JobKind, Task
from slotsvc.scheduling.job_ports import Job
from slotsvc.scheduling.ports import Store, WriteTx
from slotsvc.scheduling.running_days import judge_running_days

AT_ONCE = 500
"""Rows tidied in one transaction: bookings wait for it on an engine with one writer."""

LAPSED_FOR = timedelta(days=1)
"""Only holds that lapsed so long ago are tidied: no clock is so wrong, and no call so late."""

JOBS_KEPT = timedelta(days=7)
"""How long a job is kept that was done or dropped: so long putting it again makes no second one."""


def recurring_kinds(store: Store) -> list[JobKind]:
    """Everything that recurs, on ``store``."""
    return [
        JobKind("judge-running-days", _judging(store), every=timedelta(seconds=30)),
        JobKind("release-lapsed-holds", _sweep(store, _release), every=timedelta(minutes=10)),
        JobKind("forget-answers", _sweep(store, _forget_answers), every=timedelta(hours=1)),
        JobKind("forget-jobs", _sweep(store, _forget_jobs), every=timedelta(hours=1)),
    ]


type _Tidy = Callable[[WriteTx], int]


def _judging(store: Store) -> Task:
    async def judge(_job: Job) -> None:
        await judge_running_days(store)

    return judge


def _sweep(store: Store, tidy: _Tidy) -> Task:
    """A little at a time, until there is nothing left."""

    async def sweep(_job: Job) -> None:
        while await store.write(tidy) == AT_ONCE:
            pass

    return sweep


def _release(tx: WriteTx) -> int:
    return tx.release_lapsed(tx.now() - LAPSED_FOR, AT_ONCE)


def _forget_answers(tx: WriteTx) -> int:
    return tx.forget_answers(AT_ONCE)


def _forget_jobs(tx: WriteTx) -> int:
    return tx.forget_jobs(tx.now() - JOBS_KEPT, AT_ONCE)
