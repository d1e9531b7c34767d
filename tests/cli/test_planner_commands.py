"""What planners do with days and with work that has no place, against a running demo."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Shell

TEAM = "riviera/monaco"


@pytest.fixture
def waiting(shell: Shell) -> dict[str, Any]:
    """A repair of the backlog, promised to nobody."""
    visit: dict[str, Any] = shell.json(
        "backlog", "add", "--site", "rue-imberty", "--activity", "repair", "--priority", "3"
    )["visit"]
    return visit


def first_visit(shell: Shell, technician: str, day: str) -> str:
    """The name of somebody's first visit."""
    days = shell.json("calendar", day, "--technician", technician, "--days", "1")["days"]
    name: str = days[0]["routes"][0]["stops"][0]["visit"]
    return name


def a_busy_day(days: list[str], shell: Shell, technician: str) -> str:
    """A day on which that technician has at least four visits."""
    for day in days:
        found = shell.json("calendar", day, "--technician", technician, "--days", "1")["days"]
        if len(found[0]["routes"][0]["stops"]) >= 4:
            return day
    raise AssertionError("nobody is busy")


def test_work_waits_gets_offers_and_a_place(shell: Shell, waiting: dict[str, Any]) -> None:
    """Added, listed, offered, booked; then it waits no longer."""
    name = waiting["name"]
    assert waiting["state"] == "VISIT_STATE_UNPLACED"
    assert name in {visit["name"] for visit in shell.json("backlog", "list")["visits"]}
    text = shell.text("backlog", "list")
    assert "Rue Imberty" in text
    assert max(map(len, text.splitlines())) <= 80

    offers = shell.text("suggest", "--visit", name, "--slots", "1")
    assert "of the backlog" in offers
    assert "`slotsvc book -`" in " ".join(offers.split())
    token = shell.text("suggest", "--visit", name, "--pick", "1")
    assert shell.json("book", "-", stdin=token)["visit"]["name"] == name
    assert name not in {visit["name"] for visit in shell.json("backlog", "list")["visits"]}

    assert shell.json("unplace", name)["visit"]["unplaced_reason"] == "UNPLACED_REASON_PLANNER"
    shell.json("cancel", name)


def test_the_most_urgent_comes_first(shell: Shell, waiting: dict[str, Any]) -> None:
    """Changing the priority moves it up; a due time is said in the list."""
    other = shell.json("backlog", "add", "--at", "43.7353,7.41753", "--minutes", "30")["visit"]
    names = [visit["name"] for visit in shell.json("backlog", "list")["visits"]]
    assert names.index(waiting["name"]) < names.index(other["name"])

    changed = shell.json("backlog", "change", other["name"], "--priority", "9", "--due", "+9/17:00")
    assert changed["visit"]["priority"] == 9
    names = [visit["name"] for visit in shell.json("backlog", "list")["visits"]]
    assert names.index(other["name"]) < names.index(waiting["name"])
    assert " before " in shell.text("backlog", "list")
    for visit in (waiting["name"], other["name"]):
        shell.json("cancel", visit)


def test_backlog_says_what_is_missing(shell: Shell) -> None:
    """No place, nothing to change, a deadline without a due time: told before or after asking."""
    assert "--site or --at" in shell.text("backlog", "add", "--activity", "repair", code=2)
    assert "what to change" in shell.text("backlog", "change", "v-1", code=2)
    given = ("--site", "rue-imberty", "--activity", "repair", "--commitment", "deadline")
    assert "--due: required" in shell.text("backlog", "add", *given, code=2)


def test_what_clients_were_told_adds_up(shell: Shell, waiting: dict[str, Any]) -> None:
    """Announcements append; with --instead earlier ones no longer hold."""
    name = waiting["name"]
    shell.json("announce", name, "+5/08:00-12:00", "--channel", "phone")
    text = shell.text("announce", name, "+6/08-10", "+7/08-10", "--instead")
    assert "by phone" in text
    assert "no longer holds" in text
    assert " or " in text.splitlines()[-1]
    shell.json("cancel", name)


def test_a_move_is_checked_refused_and_made_with_a_reason(
    shell: Shell, demo: dict[str, Any]
) -> None:
    """The same table each time; the reason is on record; moving it away mends the day."""
    who = "chiara-rossi"
    day = a_busy_day(demo["days"], shell, who)
    shell.json("publish", TEAM, day, "--technician", who)
    added = ("--site", "rue-imberty", "--activity", "repair", "--minutes", "300")
    name = shell.json("backlog", "add", *added)["visit"]["name"]

    checked = shell.text("check", name, who, day, "--position", "1", code=1)
    assert "This would break" in checked
    assert "Chiara Rossi" in checked
    assert "Driving: Chiara Rossi" in checked
    refused = shell.text("move", name, who, day, "--position", "1", code=1)
    assert refused.splitlines()[0] == "The move would break what is not broken now."
    assert "--reason TEXT" in refused
    assert set(checked.splitlines()) <= set(refused.splitlines())
    told = shell.json("move", name, who, day, "--position", "1", code=1)["error"]
    assert told["reason"] == "PLAN_WORSE"
    assert any(finding["worse"] for route in told["routes"] for finding in route["findings"])

    made = shell.text("move", name, who, day, "--position", "1", "--reason", "She knows it")
    assert "This breaks" in made
    assert "Accepted: She knows it" in shell.text("violations", TEAM, "--from", day, "--to", day)
    assert "Accepted: She knows it" in " ".join(shell.text("calendar", day).split())
    shell.json("cancel", name)
    assert shell.text("violations", TEAM, "--from", day) == "Nothing is broken.\n"


def test_days_are_published_and_taken_back(shell: Shell, demo: dict[str, Any]) -> None:
    """Once published, publishing again changes nothing."""
    given = (TEAM, demo["days"][-1], "--technician", "amina-benali")
    assert shell.text("publish", *given) == "Published: 1 shift.\n"
    assert shell.text("publish", *given).startswith("Nothing changed")
    assert shell.json("publish", *given, "--withdraw") == {"routes": 1, "withdrawn": True}


def test_the_road_reports(shell: Shell, demo: dict[str, Any]) -> None:
    """On the way, begun, a step, done with an outcome; the day shows it."""
    name = first_visit(shell, "luc-martin", demo["days"][-1])
    assert "On the way" in shell.text("report", "depart", name)
    assert shell.json("report", "start", name)["visit"]["state"] == "VISIT_STATE_STARTED"
    assert shell.json("report", "step", name, "parts-fetched")["visit"]["steps"]
    text = shell.text("report", "finish", name, "--outcome", "client-absent")
    assert text.startswith("Done")
    assert "client absent" in text
    waits = shell.json("backlog", "add", "--site", "rue-imberty", "--activity", "repair")["visit"]
    put = (waits["name"], "luc-martin", demo["days"][-1], "--position", "1")
    for command in ("check", "move"):
        assert "--position: from 2 to " in shell.text(command, *put, code=2)
    again = shell.json("report", "start", name, code=1)["error"]
    assert again["reason"] == "WRONG_STATE"
    listed = shell.text("calendar", demo["days"][-1], "--technician", "luc-martin", "--days", "1",
                        "--list")  # fmt: skip
    assert ", running" in listed
    assert " done " in listed
