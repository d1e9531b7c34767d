"""Putting, taking and ending background work: the same statements on every engine.

PostgreSQL passes over rows that another worker is just taking (SKIP LOCKED); SQLite leaves those
words out, and needs none, having one writer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, text, update

from slotsvc.domain.time_window import to_epoch
from slotsvc.scheduling.job_ports import WORKER_DIED, Claim, Job, JobState, NewJob
from slotsvc.store.job_reads import TAKEABLE, WAITS, JobReads, in_state, job_from
from slotsvc.store.job_table import JOB

# The same words on SQLite and PostgreSQL; SQLAlchemy has no common form for them.
_PUT = text(
    "INSERT INTO job (tenant, kind, subject, version, data, state, due, free, token, tries, error,"
    " created) VALUES (:tenant, :kind, :subject, :version, :data, 'WAITING', :due, :due, '', 0, '',"
    " :now) ON CONFLICT (tenant, kind, subject, version) DO NOTHING RETURNING 1"
)
_MINE = select(JOB).where(JOB.c.id == bindparam("at")).with_for_update()
_FREE = (
    TAKEABLE.where(JOB.c.free <= bindparam("now"))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=JOB)
)
_TAKE = (
    update(JOB)
    .where(JOB.c.id == bindparam("at"))
    .values(token=bindparam("mine"), free=bindparam("until"), tries=JOB.c.tries + 1)
    .returning(JOB)
)
_BURY = (
    update(JOB)
    .where(JOB.c.id == bindparam("at"))
    .values(state=JobState.DEAD.value, token="", error=WORKER_DIED, ended=bindparam("now"))
)
_OWN = update(JOB).where(JOB.c.id == bindparam("at"), WAITS, JOB.c.token == bindparam("mine"))
_REVIVE = (
    update(JOB)
    .where(JOB.c.id == bindparam("at"), or_(WAITS, in_state(JobState.DEAD)))
    .values(
        state=JobState.WAITING.value, token="", tries=0, ended=None,
        due=bindparam("now"), free=bindparam("now"),
    )
)  # fmt: skip
_DROP = (
    update(JOB)
    .where(JOB.c.id == bindparam("at"), or_(WAITS, in_state(JobState.DEAD)))
    .values(state=JobState.DROPPED.value, token="", ended=bindparam("now"))
)
_ENDED = (
    select(JOB.c.id)
    # the words of the partial index
    .where(text("state IN ('DONE', 'DROPPED')"), JOB.c.ended < bindparam("before"))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_FORGET = delete(JOB).where(JOB.c.id.in_(_ENDED))


class JobWrites(JobReads):
    """``slotsvc.scheduling.job_ports.JobWrite``."""

    _jobs_put = False

    @property
    def jobs_put(self) -> bool:
        """Whether this transaction made work that somebody may be waiting for."""
        return self._jobs_put

    def job(self, id: int) -> Job | None:
        """As a reader has it; until the commit nobody else takes it, ends it or decides on it."""
        row = self._connection.execute(_MINE, {"at": id}).one_or_none()
        self._now = None  # what was read before the wait may be too old
        return None if row is None else job_from(row)

    def put_job(self, job: NewJob) -> bool:
        """Writes the job with this transaction. False: it is there already, or was lately."""
        row = {
            "tenant": job.tenant,
            "kind": job.kind,
            "subject": job.subject,
            "version": job.version,
            "data": json.dumps(dict(job.data), sort_keys=True, separators=(",", ":")),
            "due": to_epoch(job.due or self.now()),
        }
        new = self._connection.execute(_PUT, row | self._epoch).one_or_none() is not None
        self._jobs_put |= new
        return new

    def claim_jobs(self, claim: Claim, token: str) -> Sequence[Job]:
        """Takes what is due, the longest due first, of each subject the lowest version only.

        Buries what was taken too often: a job that ends its worker must not go on for ever.
        """
        asked = {"of_kind": claim.kind, "most": claim.most} | self._epoch
        found = [job_from(row) for row in self._connection.execute(_FREE, asked)]
        most = claim.most_tries
        spent = [job for job in found if most is not None and job.tries >= most]
        for job in spent:
            self._connection.execute(_BURY, {"at": job.id} | self._epoch)
        return [self._taken(job, token, claim.lease) for job in found if job not in spent]

    def renew_job(self, job: Job, lease: timedelta) -> bool:
        """Prolongs the lease, from now. False: it is somebody else's by now, or over."""
        return self._set_own(job, free=to_epoch(self.now() + lease))

    def finish_job(self, job: Job, again: datetime | None) -> bool:
        """It is done; ``again``: when it is due anew, None: never. False: as ``renew_job``."""
        if again is None:
            return self._set_own(job, **self._ended(JobState.DONE), error="")
        return self._set_own(job, **_due(again), tries=0, error="")

    def fail_job(self, job: Job, error: str, again: datetime | None) -> bool:
        """A try failed; ``again``: of the next, None: it is dead. False: as ``renew_job``."""
        if again is None:
            return self._set_own(job, **self._ended(JobState.DEAD), error=error)
        return self._set_own(job, **_due(again), error=error)

    def give_back_job(self, job: Job) -> bool:
        """Ends the lease as if the job had not been taken. False: as ``renew_job``."""
        given = self._set_own(job, token="", free=to_epoch(self.now()), tries=job.tries - 1)
        self._jobs_put |= given
        return given

    def revive_job(self, id: int) -> None:
        """A waiting or dead job is due now, with as many tries as a new one."""
        self._connection.execute(_REVIVE, {"at": id} | self._epoch)
        self._jobs_put = True

    def drop_job(self, id: int) -> None:
        """It is not to be done; who has it in hand may say nothing more."""
        self._connection.execute(_DROP, {"at": id} | self._epoch)
        self._jobs_put = True  # what waited behind it is next

    def forget_jobs(self, before: datetime, most: int) -> int:
        """Takes out what was done or dropped before then; gives how many. Dead ones stay."""
        asked = {"before": to_epoch(before), "most": most}
        return self._connection.execute(_FORGET, asked).rowcount

    def _taken(self, job: Job, token: str, lease: timedelta) -> Job:
        until = to_epoch(self.now() + lease)
        taken = {"at": job.id, "mine": token, "until": until}
        return job_from(self._connection.execute(_TAKE, taken).one())

    def _set_own(self, job: Job, **columns: Any) -> bool:
        if not job.token:
            return False
        own = {"at": job.id, "mine": job.token}
        return self._connection.execute(_OWN.values(columns), own).rowcount == 1

    def _ended(self, state: JobState) -> dict[str, Any]:
        return {"state": state.value, "token": "", "ended": to_epoch(self.now())}


def _due(again: datetime) -> dict[str, Any]:
    return {"due": to_epoch(again), "free": to_epoch(again), "token": ""}
