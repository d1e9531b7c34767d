"""``JobService``: background work, for operators."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from slotsvc.pb.v1 import job_service_pb2 as pb
from slotsvc.pb.v1.job_service_pb2_grpc import JobServiceServicer
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.job_ports import Job, JobState
from slotsvc.scheduling.jobs import Jobs
from slotsvc.server import fields, names
from slotsvc.server.calling import mutation_of
from slotsvc.server.page_tokens import page_size, page_token, read_page_token

MOST_STATES = 10
LONGEST_KIND = 100
OPEN = (JobState.WAITING, JobState.DEAD)

_NAME = names.NamePattern("service/jobs/{job}")
_TO_STATE = {state: pb.JobState.Value(f"JOB_STATE_{state.value}") for state in JobState}
_STATES = {number: state for state, number in _TO_STATE.items()}
_LARGEST_ID = 2**63 - 1


class JobService(JobServiceServicer):
    """Thin: converts, calls a use case, converts back."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def GetJob(self, request: pb.GetJobRequest, context: Any) -> Any:  # noqa: N802
        """Reads one."""
        with Violations() as wrong:
            id = _id(wrong, request.name)
        found = await self._jobs.get(id)
        return pb.GetJobResponse(job=job_to_pb(found.jobs[0], found.now))

    async def ListJobs(self, request: pb.ListJobsRequest, context: Any) -> Any:  # noqa: N802
        """Reads many, a page at a time."""
        with Violations() as wrong:
            states = _states(wrong, request.states)
            kind = wrong.text("kind", request.kind, LONGEST_KIND)
            limit = page_size(wrong, request.page_size)
            question = f"ListJobs {sorted(state.value for state in states)} {kind}"
            after = read_page_token(wrong, question, request.page_token, (int,))
        found = await self._jobs.page(states, kind, int(after[0]) if after else 0, limit + 1)
        answer = pb.ListJobsResponse(jobs=[job_to_pb(job, found.now) for job in found.jobs[:limit]])
        if len(found.jobs) > limit:
            answer.next_page_token = page_token(question, (found.jobs[limit - 1].id,))
        return answer

    async def RetryJob(self, request: pb.RetryJobRequest, context: Any) -> Any:  # noqa: N802
        """Makes one due now."""
        with Violations() as wrong:
            id = _id(wrong, request.name)
            wrong.request_id(request.request_id)
        stored = await self._jobs.retry(
            mutation_of("", "RetryJob", request, request.request_id),
            id,
            lambda job, now: pb.RetryJobResponse(job=job_to_pb(job, now)).SerializeToString(),
        )
        return pb.RetryJobResponse.FromString(stored)

    async def DropJob(self, request: pb.DropJobRequest, context: Any) -> Any:  # noqa: N802
        """Gives one up for good."""
        with Violations() as wrong:
            id = _id(wrong, request.name)
            wrong.request_id(request.request_id)
        stored = await self._jobs.drop(
            mutation_of("", "DropJob", request, request.request_id),
            id,
            lambda job, now: pb.DropJobResponse(job=job_to_pb(job, now)).SerializeToString(),
        )
        return pb.DropJobResponse.FromString(stored)


def job_to_pb(job: Job, now: datetime) -> pb.Job:
    """As it is shown at ``now``. What a job carries for its task is not."""
    told = pb.Job(
        name=_NAME.build(f"{job.id}"),
        kind=job.kind,
        tenant=names.TENANT.build(job.tenant) if job.tenant else "",
        subject=job.subject,
        version=job.version,
        state=_TO_STATE[job.state],
        running=job.running(now),
        tries=job.tries,
        error=job.error,
        create_time=fields.to_timestamp(job.created),
        due_time=fields.to_timestamp(job.due),
    )
    if told.running:
        told.lease_end_time.CopyFrom(fields.to_timestamp(job.free))
    if job.ended is not None:
        told.end_time.CopyFrom(fields.to_timestamp(job.ended))
    return told


def _id(wrong: Violations, name: str) -> int:
    (id,) = _NAME.parse(name) or ("",)
    if not (id.isascii() and id.isdecimal() and int(id) <= _LARGEST_ID):
        wrong.add("name", f"required, as {_NAME.template}")
        return 0
    return int(id)


def _states(wrong: Violations, asked: Any) -> Collection[JobState]:
    if wrong.count("states", asked, MOST_STATES):
        for index, number in enumerate(asked):
            if number not in _STATES:
                wrong.add(f"states[{index}]", "one of the states of the contract")
    return {_STATES[number] for number in asked if number in _STATES} or OPEN
