"""Background work as an operator meets it, in a running service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.calls import fresh_id
from slotsvc.bootstrap.background import count_jobs
from slotsvc.pb.v1 import job_service_pb2 as pb
from slotsvc.pb.v1.job_service_pb2_grpc import JobServiceStub
from slotsvc.scheduling.job_ports import Claim, NewJob
from tests.service_fixtures import RunningService, refused, running_service, settings_for

RECURRING = {"judge-running-days", "release-lapsed-holds", "forget-answers", "forget-jobs"}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(settings_for(tmp_path)) as running:
        yield running


def stub(service: RunningService) -> Any:
    return JobServiceStub(service.calls.channel)


async def a_dead_letter(service: RunningService) -> pb.Job:
    """A job of a kind that nobody does here, given up by somebody."""

    def die(tx: Any) -> None:
        tx.put_job(NewJob("letter", "visit-1", 3, "acme"))
        (job,) = tx.claim_jobs(Claim("letter", 1, timedelta(minutes=1), 12), "me")
        tx.fail_job(job, "MAILBOX_UNKNOWN", None)

    await service.store.write(die)
    request = pb.ListJobsRequest(states=[pb.JOB_STATE_DEAD])
    (job,) = (await stub(service).ListJobs(request)).jobs
    return job


async def listed(service: RunningService, **request: Any) -> list[pb.Job]:
    """Page by page, two at a time."""
    found: list[pb.Job] = []
    asked = pb.ListJobsRequest(page_size=2, **request)
    while True:
        page = await stub(service).ListJobs(asked)
        found += page.jobs
        if not page.next_page_token:
            return found
        asked.page_token = page.next_page_token


async def test_what_recurs_is_there_from_the_start(service: RunningService) -> None:
    """One job of each kind, due after its interval, and nobody has begun it."""
    found = await listed(service)

    assert {job.kind for job in found} == RECURRING
    assert len(found) == len(RECURRING)
    for job in found:
        assert (job.state, job.running, job.tries) == (pb.JOB_STATE_WAITING, False, 0)
        assert job.due_time.ToDatetime() > job.create_time.ToDatetime()
    only = await listed(service, kind="forget-jobs")
    assert [job.kind for job in only] == ["forget-jobs"]
    assert (await stub(service).GetJob(pb.GetJobRequest(name=only[0].name))).job == only[0]


async def test_a_start_makes_no_second_row(tmp_path: Path) -> None:
    """Nor does a start put off what is due."""
    async with running_service(settings_for(tmp_path)) as service:
        before = await listed(service)
    async with running_service(settings_for(tmp_path)) as service:
        service.clock.pass_(timedelta(seconds=5))
        assert await listed(service) == before


async def test_every_recurring_job_can_be_done_now(service: RunningService) -> None:
    """Retried, each is begun at once, ends well, and is due again after its interval."""
    before = {job.name: job for job in await listed(service)}
    service.clock.pass_(timedelta(seconds=7))
    for name in before:
        await stub(service).RetryJob(pb.RetryJobRequest(name=name, request_id=fresh_id()))

    async with asyncio.timeout(20):
        while any(job.running or job.due_time == job.create_time for job in await listed(service)):
            await asyncio.sleep(0.01)
        while len(done := results(service)) < len(RECURRING):
            await asyncio.sleep(0.01)

    assert done == {(kind, "done"): 1.0 for kind in RECURRING}
    for job in await listed(service):
        late = job.due_time.ToDatetime() - before[job.name].due_time.ToDatetime()
        assert late == timedelta(seconds=7)


def results(service: RunningService) -> dict[tuple[str, str], float]:
    (family,) = service.metrics.job_runs.collect()
    return {
        (sample.labels["kind"], sample.labels["result"]): sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }


async def test_a_dead_job_says_why_and_can_be_retried(service: RunningService) -> None:
    """It then waits, with no tries behind it; the same call again changes nothing."""
    dead = await a_dead_letter(service)
    assert (dead.kind, dead.tenant, dead.subject, dead.version) == (
        "letter", "tenants/acme", "visit-1", 3
    )  # fmt: skip
    assert (dead.error, dead.tries) == ("MAILBOX_UNKNOWN", 1)
    assert dead.HasField("end_time")

    request = pb.RetryJobRequest(name=dead.name, request_id=fresh_id())
    first = await stub(service).RetryJob(request)
    assert (first.job.state, first.job.tries) == (pb.JOB_STATE_WAITING, 0)
    assert not first.job.HasField("end_time")
    drop = pb.DropJobRequest(name=dead.name, request_id=fresh_id())
    dropped = (await stub(service).DropJob(drop)).job
    assert dropped.state == pb.JOB_STATE_DROPPED

    assert await stub(service).RetryJob(request) == first
    again = pb.RetryJobRequest(name=dead.name, request_id=fresh_id())
    error = await refused(stub(service).RetryJob(again))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
    assert error.metadata["state"] == "DROPPED"
    assert {job.kind for job in await listed(service)} == RECURRING


async def test_what_is_in_hand_is_shown_and_not_retried(service: RunningService) -> None:
    """With the end of its lease; it may be dropped."""
    claim = Claim("letter", 1, timedelta(minutes=1), 12)
    await service.store.write(lambda tx: (tx.put_job(NewJob("letter")), tx.claim_jobs(claim, "me")))

    (job,) = await listed(service, kind="letter")
    assert job.running
    lease = job.lease_end_time.ToDatetime() - job.create_time.ToDatetime()
    assert lease == timedelta(minutes=1)
    retry = pb.RetryJobRequest(name=job.name, request_id=fresh_id())
    assert (await refused(stub(service).RetryJob(retry))).metadata["state"] == "RUNNING"
    drop = pb.DropJobRequest(name=job.name, request_id=fresh_id())
    assert not (await stub(service).DropJob(drop)).job.running


async def test_what_an_operator_did_is_in_the_audit_trail(service: RunningService) -> None:
    """Two changes, two entries."""
    before = await service.store.read(lambda tx: tx.verify_audit("").entries)
    dead = await a_dead_letter(service)
    await stub(service).RetryJob(pb.RetryJobRequest(name=dead.name, request_id=fresh_id()))
    await stub(service).DropJob(pb.DropJobRequest(name=dead.name, request_id=fresh_id()))

    found = await service.store.read(lambda tx: tx.events_after("", "", 99))
    assert [e.event.kind for e in found[-2:]] == ["JOB_RETRIED", "JOB_DROPPED"]
    assert await service.store.read(lambda tx: tx.verify_audit("").entries) == before + 2


async def test_a_wrong_name_or_state_is_refused(service: RunningService) -> None:
    """With the field's name; a job that is not there is NOT_FOUND."""
    for name in ("", "service/jobs/x", "jobs/1", "service/jobs/9999999999999999999999"):
        error = await refused(stub(service).GetJob(pb.GetJobRequest(name=name)))
        assert (error.code, error.fields) == ("INVALID_ARGUMENT", {"name"})
    error = await refused(stub(service).ListJobs(pb.ListJobsRequest(states=[1, 9])))
    assert error.fields == {"states[1]"}
    missing = pb.GetJobRequest(name="service/jobs/123456")
    assert (await refused(stub(service).GetJob(missing))).code == "NOT_FOUND"


async def test_jobs_are_measured(service: RunningService) -> None:
    """What is due, what is dead, and for how long the oldest has been due."""
    await a_dead_letter(service)
    await service.store.write(lambda tx: tx.put_job(NewJob("letter", "visit-2")))
    service.clock.pass_(timedelta(seconds=9))
    await count_jobs(service.store, service.metrics)

    value = service.metrics.registry.get_sample_value
    of = {"kind": "letter"}
    assert value("slotsvc_jobs_due", of) == 1
    assert value("slotsvc_jobs_dead", of) == 1
    assert value("slotsvc_jobs_oldest_seconds", of) == 9


async def test_a_process_may_leave_the_work_to_others(tmp_path: Path) -> None:
    """With ``jobs.at_once`` 0 it shows jobs, and begins none."""
    from slotsvc.config import Jobs

    async with running_service(settings_for(tmp_path, jobs=Jobs(at_once=0))) as service:
        (job,) = await listed(service, kind="forget-jobs")
        await stub(service).RetryJob(pb.RetryJobRequest(name=job.name, request_id=fresh_id()))
        await asyncio.sleep(0.2)

        assert not (await listed(service, kind="forget-jobs"))[0].running
        assert results(service) == {}
