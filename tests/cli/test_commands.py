"""Every command against a running demo, over gRPC."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.conftest import Shell

NEW_PLACE = ("--at", "43.7353,7.41753", "--activity", "boiler-service", "--from", "tomorrow")


def pick(shell: Shell, *more: str, rank: int = 1) -> str:
    return shell.text("suggest", *NEW_PLACE, *more, "--pick", str(rank))


def test_suggest_ranks_slots(shell: Shell) -> None:
    """Five slots by rank, two rejections and a proof, for the only team there is."""
    answer = shell.json("suggest", *NEW_PLACE)

    assert answer["team"] == "tenants/riviera/teams/monaco"
    assert answer["time_zone"] == "Europe/Monaco"
    assert [slot["rank"] for slot in answer["slots"]] == [1, 2, 3, 4, 5]
    costs = [slot["cost_millis"] for slot in answer["slots"]]
    assert costs == sorted(costs)
    assert 0 < len(answer["rejections"]) <= 2
    receipt = answer["receipt"]
    closed = ("cells_evaluated", "cells_pruned", "cells_rejected", "cells_skipped")
    assert receipt["cells"] == sum(receipt[kind] for kind in closed)


def test_suggest_prints_a_table_that_fits(shell: Shell) -> None:
    """80 columns when nobody says otherwise."""
    text = shell.text("suggest", *NEW_PLACE)

    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("5 slots for boiler-service")
    assert "Proof: " in text


def test_suggest_takes_a_site_an_address_or_a_duration(shell: Shell) -> None:
    """Short names, a looked-up street, an own grid."""
    site = shell.json("suggest", "--site", "avenue-pasteur-not-there", "--activity", "repair",
                      code=1)  # fmt: skip
    assert site["error"]["reason"] == "NOT_FOUND"
    assert shell.json("suggest", "--site", "avenue-albert-ii", "--activity", "repair")["slots"]
    looked_up = shell.text("suggest", "--place", "Boulevard des Moulins", "--minutes", "45",
                           "--grid", "08-12,13-17")  # fmt: skip
    assert "Moulins" in looked_up.splitlines()[0]


def test_suggest_wants_one_place(shell: Shell) -> None:
    """None or two are a usage error, before anything is asked."""
    assert "--at" in shell.text("suggest", "--activity", "repair", code=2)


def test_a_wrong_request_is_refused_with_every_violation(shell: Shell) -> None:
    """Latitude 99 and longitude 200: two violations, exit code 2."""
    error = shell.json("suggest", "--at", "99,200", "--activity", "repair", code=2)["error"]

    assert error["reason"] == "INVALID_REQUEST"
    fields = {violation["field"] for violation in error["violations"]}
    assert fields == {"request.location.latitude", "request.location.longitude"}


def test_from_slot_to_cancelled_visit(shell: Shell) -> None:
    """Hold, extend, book, move and cancel, each with the name the step before printed."""
    hold = shell.json("hold", "-", stdin=pick(shell))["hold"]
    assert shell.json("extend", hold["name"])["hold"]["extendable"] is False
    visit = shell.json("book", hold["name"])["visit"]
    assert (visit["name"], visit["state"]) == (hold["visit"], "VISIT_STATE_BOOKED")

    moved_to = shell.json("suggest", "--visit", visit["name"], "--from", "tomorrow")["slots"][-1]
    moved = shell.json("reschedule", visit["name"], moved_to["token"])["visit"]
    assert moved["promise"]["window"] == moved_to["window"]

    cancelled = shell.json("cancel", visit["name"], "--cause", "test")["visit"]
    assert cancelled["state"] == "VISIT_STATE_CANCELLED"


def test_commands_read_what_others_print(shell: Shell) -> None:
    """suggest | hold | book | cancel, with JSON, bare names and a hold's id."""
    slot = shell.json("suggest", *NEW_PLACE, "--pick", "1")
    assert slot["slot"]["rank"] == 1
    hold = shell.text("hold", "-", "--json", stdin=json.dumps(slot))
    assert shell.json("extend", "-", stdin=hold)["hold"]["name"] in hold
    visit = shell.text("book", "-", "--json", stdin=hold)
    assert shell.text("cancel", "-", stdin=visit).startswith("Cancelled")

    name = shell.text("hold", pick(shell), "--name-only")
    assert name == name.strip() + "\n"
    assert shell.text("release", "-", stdin=name).startswith("Released: ")
    short = shell.text("hold", pick(shell), "--name-only").strip().rpartition("/")[2]
    booked = shell.json("book", short)["visit"]["name"]
    shell.json("cancel", booked)


def test_a_place_leaves_out_what_only_an_offer_knows(shell: Shell) -> None:
    """A hold's place has no added driving: it is not 0, it is not known there."""
    slot = shell.json("suggest", *NEW_PLACE, "--pick", "1")["slot"]
    hold = shell.json("hold", slot["token"])["hold"]
    shell.json("release", hold["name"])

    assert "added_travel_seconds" in slot["place"]
    assert "position" in hold["place"]
    assert not [key for key in hold["place"] if key.startswith("added_")]


def test_moving_a_visit_says_where_it_is_and_how_to_move_it(shell: Shell) -> None:
    """The slot it has is marked, the hint names reschedule; a second cancel says so."""
    visit = shell.json("book", pick(shell))["visit"]["name"]

    text = shell.text("suggest", "--visit", visit, "--from", "tomorrow")
    shell.json("cancel", visit)

    assert text.count("Where it is now.") == 1
    assert f"slotsvc reschedule {visit.rpartition('/')[2]} -" in " ".join(text.split())
    assert "already cancelled" in shell.text("cancel", visit, code=1)


def test_a_second_extension_says_what_remains(shell: Shell) -> None:
    """The hint fits: this hold is the client's only one."""
    name = shell.text("hold", pick(shell), "--name-only").strip()
    shell.json("extend", name)

    error = shell.json("extend", name, code=1)["error"]
    shell.json("release", name)

    assert error["reason"] == "HOLD_LIMIT"
    assert "slotsvc book" in error["hint"]


def test_names_are_listed(shell: Shell) -> None:
    """Sites, activities, technicians, teams, as other commands take them."""
    assert len(shell.json("list", "sites")["sites"]) == 65
    assert "boiler-service" in shell.text("list", "activities")
    assert "chiara-rossi" in shell.text("list", "technicians", "--tenant", "riviera")
    assert "riviera/monaco" in shell.text("list", "teams")


def test_latitude_and_longitude_swapped_are_suspected(shell: Shell) -> None:
    """A place thousands of kilometres off is rather a mistake than a client."""
    text = shell.text("suggest", "--at", "7.41753,43.7353", "--activity", "repair")

    assert "did you swap LAT and LON?" in text


def test_names_stay_whole_beside_night_windows(shell: Shell) -> None:
    """A window over midnight is written short, so that there is room for who comes."""
    text = shell.text("suggest", "--at", "43.7353,7.41753", "--minutes", "30",
                      "--grid", "16-02", "--from", "tomorrow")  # fmt: skip

    assert "16:00-02:00+1" in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_texts_of_a_booking(shell: Shell) -> None:
    """People read weekdays, times in the team's zone, and what to type next."""
    held = shell.text("hold", pick(shell, rank=2))
    assert held.startswith("Held: ")
    assert "starts between" in held
    name = held.split("slotsvc book ")[1].strip()
    assert shell.text("release", name).startswith("Released: ")

    booked = shell.text("book", "-", stdin=pick(shell, rank=2))
    assert booked.startswith("Booked: ")
    visit = booked.split("Visit: ")[1].strip()
    assert shell.text("cancel", visit.rpartition("/")[2]).startswith("Cancelled")


def test_the_same_request_id_gives_the_same_answer(shell: Shell) -> None:
    """Repeating a hold after a lost answer makes no second one."""
    token = pick(shell, rank=3)

    first, again = (shell.json("hold", token, "--request-id", "repeat-1")["hold"] for _ in "ab")

    assert first["name"] == again["name"]
    shell.json("release", first["name"])


def test_two_clients_on_one_slot(shell: Shell) -> None:
    """The second one is told that the slot is gone, and gets others in the same answer."""
    token = pick(shell, "--per-day", "1", "--slots", "1")
    hold = shell.json("hold", token)["hold"]

    lost = 0
    taken: list[Any] = [hold]
    for _ in range(4):
        answer = shell.json_or_error("hold", token)
        if "error" in answer:
            lost += 1
            assert answer["error"]["reason"] == "SLOT_GONE"
        else:
            taken.append(answer["hold"])

    for held in taken:
        shell.json("release", held["name"])
    assert lost > 0


def test_a_token_that_is_none_is_refused(shell: Shell) -> None:
    """It says how to get a whole one."""
    error = shell.json("hold", "nonsense", code=2)["error"]

    assert error["reason"] == "SLOT_TOKEN_INVALID"
    assert "suggest --json" in error["hint"]


def test_a_teams_day_and_a_technicians_week(shell: Shell, demo: dict[str, Any]) -> None:
    """Twelve routes on a working day; seven days of one technician."""
    day = demo["days"][0]

    team = shell.json("calendar", day)
    assert len(team["days"][0]["routes"]) == 12
    week = shell.json("calendar", day, "--technician", "riviera/chiara-rossi")
    assert [len(d["routes"]) for d in week["days"]] == [1] * 7

    text = shell.text("calendar", day, "--list")
    assert max(map(len, text.splitlines())) <= 80
    assert "Chiara Rossi" in text


def test_the_map_is_described_and_searched(shell: Shell, demo: dict[str, Any]) -> None:
    """Attribution, identity, and a street that is found."""
    assert "© OpenStreetMap contributors" in shell.text("map", "info")
    assert shell.json("map", "info")["map"]["map_id"] == demo["map_id"]
    assert "Moulins" in shell.text("map", "find", "moulins")
    assert shell.json("map", "find", "boulevard", "moulins", "--results", "1")["results"]


def test_the_doctor_finds_the_service_serving(shell: Shell) -> None:
    """Ready, exit code 0."""
    report = shell.json("doctor")

    assert report["ready"] is True
    assert report["checks"][-1]["name"] == "server"
    assert "map riviera" in report["checks"][-1]["detail"]
    assert "is serving" in shell.text("doctor", "--only", "server")
