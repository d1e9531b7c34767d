"""Background work on the command line."""

from __future__ import annotations

from slotsvc.cli.jobs import job_line, retry
from slotsvc.pb.v1.job_service_pb2 import Job
from slotsvc.scheduling.job_kinds import Retries
from tests.cli.conftest import ROOT, Shell


def test_jobs_are_listed_and_shown(shell: Shell) -> None:
    """What recurs is always there; a kind narrows the list, and a number shows one."""
    jobs = shell.json("jobs", "list")["jobs"]
    kinds = {job["kind"] for job in jobs}

    assert {"judge-running-days", "forget-jobs"} <= kinds
    (one,) = shell.json("jobs", "list", "--kind", "forget-jobs")["jobs"]
    number = one["name"].removeprefix("service/jobs/")
    assert shell.json("jobs", "show", number)["job"]["name"] == one["name"]
    assert f"{number}  forget-jobs" in shell.text("jobs", "list", "--state", "waiting")
    assert shell.text("jobs", "list", "--state", "dropped") == "No jobs.\n"
    assert shell.text("jobs", "list", "--kind", "forget-jobs", "--state", "dead") == "No jobs.\n"


def test_a_kind_that_is_not_there_is_told_from_one_that_is_idle(shell: Shell) -> None:
    """A typing mistake must not look like good news."""
    told = shell.text("jobs", "list", "--kind", "letter")

    assert told.startswith("No jobs of the kind letter. There are: ")
    assert "judge-running-days" in told


def test_a_job_can_be_done_now_and_a_recurring_one_is_kept(shell: Shell) -> None:
    """Retry says how it stands; drop is refused."""
    (one,) = shell.json("jobs", "list", "--kind", "forget-jobs")["jobs"]

    assert "forget-jobs" in shell.text("jobs", "retry", one["name"])
    error = shell.json("jobs", "drop", one["name"], code=1)["error"]
    assert error["reason"] == "WRONG_STATE"
    assert "recurring" in error["message"]
    assert "moved on" not in error["hint"]
    assert "jobs retry" in error["hint"]


def test_a_job_that_is_not_there_is_named(shell: Shell) -> None:
    """The hint says how to see those that are."""
    error = shell.json("jobs", "show", "123456", code=1)["error"]

    assert error["reason"] == "NOT_FOUND"
    assert "123456" in error["message"]
    assert "jobs list" in error["hint"]


def test_a_dead_job_is_one_line() -> None:
    """Number, kind, state, when, about what, whose, and why."""
    job = Job(
        name="service/jobs/17", kind="letter", tenant="tenants/acme", subject="visit-1",
        version=3, state="JOB_STATE_DEAD", tries=12, error="MAIL_DOWN",
    )  # fmt: skip
    job.due_time.FromJsonString("2026-11-24T08:00:00Z")
    job.end_time.FromJsonString("2026-11-24T20:30:00Z")

    assert job_line(job) == (
        "    17  letter                 dead     Tue 24 Nov 20:30 UTC  visit-1 v3  acme  "
        "12 tries: MAIL_DOWN"
    )


def test_a_job_that_is_tried_anew_says_why_it_was_dead() -> None:
    """Its tries are counted from the beginning again."""
    job = Job(name="service/jobs/17", kind="letter", state="JOB_STATE_WAITING", error="REFUSED")

    assert job_line(job).endswith("  tried anew, last: REFUSED")


def test_the_tries_that_are_promised_are_those_of_a_kind() -> None:
    """The page and the command's help say the number in words."""
    assert Retries().most == 12
    assert "twelve tries anew" in str(retry.help)
    assert "twelve tries" in (ROOT / "docs/operations.md").read_text()
