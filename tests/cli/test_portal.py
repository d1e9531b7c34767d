"""The portal's commands on its own files, and the portal as a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from slotsvc.cli.demo_portal import COMPANY
from slotsvc.cli.main import main
from tests.cli.conftest import environment
from tests.portal.tables.linked_contact import add_linked_contact


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with nothing set, whose portal is set up as the demo's."""
    for name in environment(tmp_path):
        monkeypatch.delenv(name, raising=False) if name.startswith("SLOTSVC_") else None
    told(tmp_path / "data", "apply", str(COMPANY))
    return tmp_path / "data"


def told(data_dir: Path, *args: str, code: int = 0) -> dict[str, Any]:
    """The one JSON object a command prints."""
    found: dict[str, Any] = json.loads(said(data_dir, *args, "--json", code=code))
    return found


def said(data_dir: Path, *args: str, code: int = 0) -> str:
    """What a command prints."""
    result = CliRunner().invoke(main, ["portal", *args, "--data-dir", str(data_dir)])
    assert result.exit_code == code, result.output
    return result.stdout


def test_a_file_is_applied_once(data_dir: Path) -> None:
    """The second time nothing is left to do."""
    assert told(data_dir, "apply", str(COMPANY))["changes"] == []
    assert said(data_dir, "apply", str(COMPANY)) == "Everything is as the file says.\n"


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """It says the same as the run does, and the tables stay empty."""
    dry = told(tmp_path, "apply", str(COMPANY), "--dry-run")

    assert dry["dry_run"] is True
    assert told(tmp_path, "units")["units"] == []
    assert told(tmp_path, "apply", str(COMPANY))["changes"] == dry["changes"] != []


def test_a_lost_key_ring_is_told_and_made_anew_when_asked(data_dir: Path) -> None:
    """Exit code 3 until it is brought back or given up; one that is there is never replaced."""
    add_linked_contact(data_dir / "portal.db")
    ring = data_dir / "portal-keys.json"
    assert told(data_dir, "new-keys", code=1)["error"]["reason"] == "OCCUPIED"
    ring.unlink()

    error = told(data_dir, "units", code=3)["error"]
    assert "portal-keys.json, which is missing" in error["message"]
    assert not ring.exists()

    assert told(data_dir, "new-keys")["key_ring"] == str(ring)
    assert told(data_dir, "units")["units"]


def test_a_wrong_file_is_told_whole(tmp_path: Path) -> None:
    """Every problem with its path; usage, exit code 2."""
    file = tmp_path / "portal.toml"
    file.write_text('tenant = "acme"\n[[business_unit]]\nid = "company"\nteam = 1\n')

    error = told(tmp_path / "data", "apply", str(file), code=2)["error"]

    assert error["reason"] == "COMPANY_FILE"
    assert {"business_unit[0].id", "business_unit[0].team"} <= {
        violation["field"] for violation in error["violations"]
    }


def test_another_companys_file_is_refused(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the settings say whose portal it is."""
    monkeypatch.setenv("SLOTSVC_PORTAL__TENANT", "acme")

    error = told(data_dir, "apply", str(COMPANY), code=2)["error"]

    assert error["reason"] == "OTHER_COMPANY"


def test_units_are_listed_with_their_addresses(data_dir: Path) -> None:
    """Name, whether the portal is open, credits, and where clients go."""
    (unit,) = told(data_dir, "units")["units"]

    assert (unit["id"], unit["name"], unit["active"]) == ("riviera", "Riviera Services", True)
    assert unit["sms_credits"] == 20
    assert unit["url"] == "http://127.0.0.1:8080/riviera/"


@pytest.mark.parametrize(
    ("words", "names"),
    [("", ["Azur Gestion", "Camille Moreau"]), ("lea", ["Azur Gestion"]), ("nobody", [])],
)
def test_clients_are_found_by_parts_of_words(data_dir: Path, words: str, names: list[str]) -> None:
    """Of the client or of his contacts, accents aside."""
    found = told(data_dir, "clients", words)["clients"]

    assert [client["name"] for client in found] == names
    assert all(client["contacts"] for client in found)


def test_credits_are_added_and_shown(data_dir: Path) -> None:
    """In whole credits and tenths; an unknown unit is told."""
    assert told(data_dir, "credits", "riviera", "--add", "2.5")["sms_credits"] == 22.5
    assert said(data_dir, "credits", "riviera") == "riviera has 22.5 SMS credits.\n"
    assert told(data_dir, "credits", "nice", code=1)["error"]["reason"] == "NOT_FOUND"


def test_a_link_is_the_same_until_it_is_rotated(data_dir: Path) -> None:
    """By e-mail, phone number or id; rotation makes another, revocation none."""
    first = told(data_dir, "link", "lea@example.com")
    by_id = told(data_dir, "link", first["contact"])
    by_phone = told(data_dir, "link", "+33 1 99 00 12 03")

    assert first["link"] == by_id["link"] == by_phone["link"]
    assert first["link"].startswith("http://127.0.0.1:8080/riviera/k/")
    assert told(data_dir, "link", "lea@example.com", "--rotate")["link"] != first["link"]
    assert told(data_dir, "link", "lea@example.com", "--revoke")["link"] is None


def test_a_contact_that_is_not_there_is_told(data_dir: Path) -> None:
    """The hint names the list."""
    error = told(data_dir, "link", "nobody@example.com", code=1)["error"]

    assert error["reason"] == "NOT_FOUND"
    assert "slotsvc portal clients" in error["hint"]


def test_the_first_administrator_gets_a_link(data_dir: Path) -> None:
    """Each call makes the link before it worthless; an address that is none is refused."""
    first = told(data_dir, "first-admin", "ada@example.com", "--name", "Ada")["link"]

    assert first.startswith("http://127.0.0.1:8080/company/first/")
    assert told(data_dir, "first-admin", "ada@example.com")["link"] != first
    assert told(data_dir, "first-admin", "ada", code=2)["error"]["reason"] == "NOT_AN_EMAIL"


def test_a_code_is_that_of_now(data_dir: Path) -> None:
    """Six digits for the secret as the page spells it; other words are a usage error."""
    result = CliRunner().invoke(main, ["portal", "code", "JBSW", "Y3DP", "EHPK", "3PXP"])
    wrong = CliRunner().invoke(main, ["portal", "code", "0189"])

    assert len(result.stdout.strip()) == 6
    assert result.stdout.strip().isdecimal()
    assert wrong.exit_code == 2


def test_links_begin_with_the_public_address(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the settings say it."""
    monkeypatch.setenv("SLOTSVC_PORTAL__PUBLIC_URL", "https://visits.example/")

    assert told(data_dir, "link", "lea@example.com")["link"].startswith(
        "https://visits.example/riviera/k/"
    )


def test_alone_it_needs_to_know_whose_portal_it_is(tmp_path: Path) -> None:
    """And with which keys to call; all of it is told at once."""
    error = told(tmp_path, "serve", code=2)["error"]

    assert {violation["field"] for violation in error["violations"]} == {
        "portal.tenant",
        "portal.portal_key",
        "portal.planner_key",
    }
