"""Background work as rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    bindparam,
    exists,
    func,
    literal_column,
    select,
)

from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.scheduling.job_ports import Job, JobCount, JobState
from slotsvc.store.job_table import JOB
from slotsvc.store.transaction import Transaction

_BEFORE = JOB.alias("before")
_LANE = ("tenant", "kind", "subject")


def in_state(state: JobState, table: FromClause = JOB) -> ColumnElement[bool]:
    """Written out, not bound: partial indexes are found by the words of their condition."""
    return table.c.state == literal_column(f"'{state.value}'")


WAITS = in_state(JobState.WAITING)
FIRST_OF_SUBJECT = ~exists().where(
    *(_BEFORE.c[name] == JOB.c[name] for name in _LANE),
    in_state(JobState.WAITING, _BEFORE),
    _BEFORE.c.version < JOB.c.version,
)
_OF_KIND = JOB.c.kind == bindparam("of_kind")
TAKEABLE = select(JOB).where(WAITS, _OF_KIND, FIRST_OF_SUBJECT).order_by(JOB.c.free, JOB.c.id)

_NEXT = TAKEABLE.with_only_columns(JOB.c.free).limit(1)
_ONE = select(JOB).where(JOB.c.id == bindparam("at"))
_DUE = (
    select(JOB.c.kind, func.count().label("due"), func.min(JOB.c.due).label("oldest"))
    .where(WAITS, JOB.c.due <= bindparam("now"))
    .group_by(JOB.c.kind)
)
_DEAD = (
    select(JOB.c.kind, func.count().label("dead"))
    .where(in_state(JobState.DEAD))
    .group_by(JOB.c.kind)
)


class JobReads(Transaction):
    """``slotsvc.scheduling.job_ports.JobRead``."""

    def job(self, id: int) -> Job | None:
        """Of any state; None: there is none, or it was forgotten."""
        row = self._connection.execute(_ONE, {"at": id}).one_or_none()
        return None if row is None else job_from(row)

    def jobs(
        self, states: Collection[JobState], kind: str, after: int, limit: int
    ) -> Sequence[Job]:
        """At most ``limit`` behind the id ``after``, in order of id. ``kind`` "": of every kind."""
        query = select(JOB).where(JOB.c.state.in_(sorted(state.value for state in states)))
        if kind:
            query = query.where(JOB.c.kind == kind)
        query = query.where(JOB.c.id > after).order_by(JOB.c.id).limit(limit)
        return [job_from(row) for row in self._connection.execute(query)]

    def next_job(self, kind: str) -> datetime | None:
        """From when on there is a job of the kind to take, be it past; None: there is none."""
        free = self._connection.execute(_NEXT, {"of_kind": kind}).scalar_one_or_none()
        return None if free is None else from_epoch(free)

    def job_counts(self) -> Mapping[str, JobCount]:
        """By kind; kinds without jobs that are due or dead are absent."""
        due = {row.kind: row for row in self._connection.execute(_DUE, self._epoch)}
        dead = {row.kind: row.dead for row in self._connection.execute(_DEAD)}
        return {
            kind: JobCount(
                due[kind].due if kind in due else 0,
                dead.get(kind, 0),
                from_epoch(due[kind].oldest) if kind in due else None,
            )
            for kind in due.keys() | dead
        }

    @property
    def _epoch(self) -> dict[str, int]:
        return {"now": to_epoch(self.now())}


def job_from(row: Row[Any]) -> Job:
    """The job of a row of the table."""
    return Job(
        id=row.id,
        kind=row.kind,
        tenant=row.tenant,
        subject=row.subject,
        version=row.version,
        data=json.loads(row.data),
        state=JobState(row.state),
        due=from_epoch(row.due),
        free=from_epoch(row.free),
        token=row.token,
        tries=row.tries,
        error=row.error,
        created=from_epoch(row.created),
        ended=None if row.ended is None else from_epoch(row.ended),
    )
