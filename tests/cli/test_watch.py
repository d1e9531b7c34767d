"""`slotsvc watch` as a planner uses it: lines as they come, over restarts, until Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import IO

import grpc
import pytest

from slotsvc.cli.channel import CHANNEL_OPTIONS
from slotsvc.cli.watch import text_line
from slotsvc.cli.wire import pb_date, pb_interval, pb_place, pb_window
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from slotsvc.pb.v1.plan_service_pb2 import TeamEvent
from tests.cli.conftest import PROGRAM, environment, first_object
from tests.cli.samples import TUESDAY, ZONE, at

SOON_S = 30.0


class Office:
    """A service that a test starts and stops, always at the same address and on the same files."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self._folder = folder
        self.env = {**environment(folder), "SLOTSVC_AUTH": "off", "PYTHONUNBUFFERED": "1"}
        self._process: subprocess.Popen[str] | None = None

    def open(self) -> None:
        """Returns when it is ready."""
        self._process = subprocess.Popen(
            [*PROGRAM, "serve", "--address", self.address, "--http", "off", "--log", "error",
             "--data-dir", str(self._folder / "data"), "--json"],
            stdout=subprocess.PIPE, text=True, env=self.env,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert json.loads(first_object(self._process.stdout))["ready"]

    def close(self, how: signal.Signals = signal.SIGTERM) -> None:
        """SIGTERM drains, SIGKILL does not."""
        assert self._process is not None
        self._process.send_signal(how)
        # reads what is left, closes the pipe, waits
        self._process.communicate(timeout=SOON_S)

    def found(self) -> None:
        """Tenant acme, team crew, technician ann."""
        with self._calendar() as calendar:
            tenant = cal.Tenant(display_name="Acme")
            calendar.CreateTenant(
                cal.CreateTenantRequest(tenant_id="acme", tenant=tenant, request_id="tenant")
            )
            team = cal.Team(display_name="Crew", time_zone="Europe/Monaco")
            calendar.CreateTeam(
                cal.CreateTeamRequest(
                    parent="tenants/acme", team_id="crew", team=team, request_id="team"
                )
            )
            nine_to_five = cal.DayHours(hours=pb_interval(at(9).time(), at(17).time()))
            ann = cal.Technician(
                display_name="Ann",
                team="tenants/acme/teams/crew",
                start_location=pb_place(43.73327, 7.41693),
                working_time=cal.WorkingTime(monday=nine_to_five),
            )
            calendar.CreateTechnician(
                cal.CreateTechnicianRequest(
                    parent="tenants/acme", technician_id="ann", technician=ann, request_id="ann"
                )
            )

    def absence(self, name: str) -> None:
        """Something happens."""
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        away = cal.Absence(window=pb_window(start, start + timedelta(hours=1)))
        with self._calendar() as calendar:
            calendar.CreateAbsence(
                cal.CreateAbsenceRequest(
                    parent="tenants/acme/technicians/ann",
                    absence_id=name,
                    absence=away,
                    request_id=name,
                )
            )

    @contextmanager
    def _calendar(self) -> Iterator[CalendarServiceStub]:
        with grpc.insecure_channel(self.address, options=CHANNEL_OPTIONS) as channel:
            yield CalendarServiceStub(channel)


class Screen:
    """A running `slotsvc watch`, and what it prints."""

    def __init__(self, office: Office, *args: str) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "watch", "acme/crew", "--address", office.address, *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=office.env,
        )  # fmt: skip
        self._out = _lines(self.process.stdout)
        self._err = _lines(self.process.stderr)

    def line(self) -> str:
        """The next line of an event."""
        return self._out.get(timeout=SOON_S)

    def said(self) -> str:
        """The next line on stderr."""
        return self._err.get(timeout=SOON_S)

    def interrupt(self) -> str:
        """Ctrl-C; gives the last line on stderr."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(SOON_S) == 0
        last = ""
        while not last.startswith("Resume"):
            last = self.said()
        return last


def _lines(stream: IO[str] | None) -> Queue[str]:
    found: Queue[str] = Queue()
    assert stream is not None

    def read() -> None:
        with stream:
            for line in stream:
                found.put(line.rstrip("\n"))

    threading.Thread(target=read, daemon=True).start()
    return found


@contextmanager
def watching(office: Office, *args: str) -> Iterator[Screen]:
    """A watch that has begun."""
    screen = Screen(office, *args)
    try:
        assert screen.said() == "Watching tenants/acme/teams/crew. Ctrl-C ends it."
        yield screen
    finally:
        screen.process.kill()
        screen.process.wait()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A company with one technician, open."""
    office = Office(tmp_path)
    try:
        office.open()
        office.found()
        yield office
    finally:
        office.close(signal.SIGKILL)


def test_events_are_printed_as_they_come_and_ctrl_c_says_where_to_go_on(office: Office) -> None:
    """One line each; the position that Ctrl-C prints continues behind the last line, exit 0."""
    with watching(office) as screen:
        office.absence("flu")
        assert re.fullmatch(
            r"\w{3} \d{1,2} \w{3} \d\d:\d\d:\d\d  Absence created    flu · ann.*", screen.line()
        )
        again = re.fullmatch(r"Resume with (--from \S+)", screen.interrupt())
    assert again
    office.absence("dentist")
    with watching(office, *again[1].split()) as screen:
        assert "dentist" in screen.line()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_watch_outlives_the_service(office: Office, how: signal.Signals) -> None:
    """The service is stopped or killed and started again: the watch says that it waits, and goes
    on with the next event; JSON lines carry growing positions."""
    with watching(office, "--json") as screen:
        office.absence("one")
        office.close(how)
        assert screen.said().endswith("Waiting to go on …")
        office.open()
        office.absence("two")
        lines = [json.loads(screen.line()) for _ in range(2)]
        screen.interrupt()

    assert [line["event"]["data"]["subject"] for line in lines] == ["one", "two"]
    assert lines[0]["position"] != lines[1]["position"]


@pytest.mark.machine_speed
def test_a_service_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    """Waiting is for watches that once ran: exit code 3."""
    began = time.monotonic()
    screen = Screen(Office(tmp_path))
    assert screen.process.wait(SOON_S) == 3
    assert "No service answers" in screen.said()
    assert time.monotonic() - began < 15


def test_a_wrong_position_names_the_option(office: Office) -> None:
    """Exit code 2, and --from in the list of what is wrong."""
    screen = Screen(office, "--from", "x")
    assert screen.process.wait(SOON_S) == 2
    assert "--from" in screen.said() + screen.said()


def test_a_line_names_visit_technician_day_and_more() -> None:
    """Times are those of the team's zone; ids are short; placements are left out."""
    event = TeamEvent(
        kind="VISIT_MOVED",
        visit="tenants/riviera/visits/v-7",
        technician="tenants/riviera/technicians/ann",
        date=pb_date(TUESDAY),
        shift_number=1,
        data={"placement": "p-1", "replaces": "p-0"},
    )
    event.time.FromDatetime(at(9, 5))

    assert text_line(event, ZONE) == (
        "Tue 24 Nov 09:05:00  Visit moved        v-7 · ann, Tue 24 Nov, shift 2  replaces=p-0"
    )
