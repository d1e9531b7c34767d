"""``slotsvc jobs list | show | retry | drop``: background work, for who runs the service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from slotsvc.cli.options import request_id_option, service, service_options
from slotsvc.cli.words import count_words, enum_words, moment_words, short

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.pb.v1.job_service_pb2 import Job

STATES = ("waiting", "dead", "done", "dropped")
NOTHING = "No jobs."
_UTC = ZoneInfo("UTC")


@click.group("jobs")
def jobs_group() -> None:
    """Background work: what waits, what was given up. Needs an operator's key."""


@jobs_group.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES),
              help="Only these; may be repeated.  [default: waiting and dead]")  # fmt: skip
@click.option("--kind", default="", help="Only this kind, such as judge-running-days.")
@service_options
def list_jobs(
    states: tuple[str, ...],
    kind: str,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """List jobs, the oldest first. Those that are done are forgotten after a week.

    \b
    slotsvc jobs list --state dead
    """
    with service(address, timeout, config_file) as connected:
        found = _all_jobs(connected, states, kind)
        nothing = NOTHING if found or not kind else _no_such(connected, kind)
    if as_json:
        from slotsvc.cli.as_json import as_json as told
        from slotsvc.cli.as_json import echo_json

        echo_json({"jobs": [told(job) for job in found]})
        return
    for job in found:
        click.echo(job_line(job))
    if not found:
        click.echo(nothing)


@jobs_group.command("show")
@click.argument("job")
@service_options
def show(
    job: str, address: str | None, timeout: float, config_file: Path | None, as_json: bool
) -> None:
    """Show JOB (its number, or its name)."""
    from slotsvc.pb.v1.job_service_pb2 import GetJobRequest

    with service(address, timeout, config_file) as connected:
        found = connected.ask(connected.jobs.GetJob, GetJobRequest(name=_name(job))).job
    _show(found, as_json)


@jobs_group.command("retry")
@click.argument("job")
@request_id_option
@service_options
def retry(
    job: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Do JOB now, with twelve tries anew. For one that is dead, or waits for its time."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.job_service_pb2 import RetryJobRequest

    request = RetryJobRequest(name=_name(job), request_id=request_id or new_request_id())
    with service(address, timeout, config_file) as connected:
        found = connected.ask(connected.jobs.RetryJob, request).job
    _show(found, as_json)


@jobs_group.command("drop")
@click.argument("job")
@request_id_option
@service_options
def drop(
    job: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Give JOB up for good; what waits behind it is next."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.job_service_pb2 import DropJobRequest

    request = DropJobRequest(name=_name(job), request_id=request_id or new_request_id())
    with service(address, timeout, config_file) as connected:
        found = connected.ask(connected.jobs.DropJob, request).job
    _show(found, as_json)


def job_line(job: Job) -> str:
    """Number, kind, about what, and how it stands."""
    about = f"{job.subject} v{job.version}" if job.subject else ""
    line = f"{short(job.name):>6}  {job.kind:<22} {state_words(job):<8} {due_words(job)}"
    rest = (about, short(job.tenant), tries_words(job))
    return "  ".join((line, *filter(None, rest)))


def state_words(job: Job) -> str:
    """One word."""
    from slotsvc.pb.v1.job_service_pb2 import JobState

    return "running" if job.running else enum_words(JobState.Name(job.state), "JOB_STATE_")


def due_words(job: Job) -> str:
    """When it ended, or when it is due; the service's own work is told in UTC."""
    if job.HasField("end_time"):
        return f"{moment_words(job.end_time, _UTC)} UTC"
    return f"due {moment_words(job.due_time, _UTC)} UTC"


def tries_words(job: Job) -> str:
    """Such as "3 tries: MAIL_DOWN"; "" while nothing went wrong."""
    if not job.error:
        return ""
    if not job.tries:
        return f"tried anew, last: {job.error}"
    return f"{count_words(job.tries, 'try', 'tries')}: {job.error}"


def _show(job: Job, as_json: bool) -> None:
    if as_json:
        from slotsvc.cli.as_json import as_json as told
        from slotsvc.cli.as_json import echo_json

        echo_json({"job": told(job)})
    else:
        click.echo(job_line(job))


def _all_jobs(connected: Service, states: tuple[str, ...], kind: str) -> list[Job]:
    from slotsvc.pb.v1.job_service_pb2 import JobState, ListJobsRequest

    found: list[Job] = []
    wanted = [JobState.Value(f"JOB_STATE_{state.upper()}") for state in states]
    request = ListJobsRequest(states=wanted, kind=kind, page_size=1000)
    while True:
        page = connected.ask(connected.jobs.ListJobs, request)
        found += page.jobs
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def _no_such(connected: Service, kind: str) -> str:
    kinds = sorted({job.kind for job in _all_jobs(connected, STATES, "")})
    if kind in kinds or not kinds:
        return NOTHING
    return f"No jobs of the kind {kind}. There are: {', '.join(kinds)}."


def _name(job: str) -> str:
    return job if "/" in job else f"service/jobs/{job}"
