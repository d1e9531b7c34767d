"""What a company set up: out of one service, into another, shown in lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Shell, started

ACME = "tenants/acme"
WORKDAY = {"hours": {"start": {"hours": 8}, "end": {"hours": 12}}}
AFTERNOON = {"hours": {"start": {"hours": 14}, "end": {"hours": 18}}}
CHRISTMAS = {"year": 2026, "month": 12, "day": 24}
NEW_YEAR = {"year": 2027, "month": 1, "day": 1}
ANA = f"{ACME}/technicians/ana"
COMPANY: dict[str, Any] = {
    "tenant": {
        "name": ACME,
        "display_name": "Acme",
        "tags": ["gas", "lift"],
        "sectors": ["harbour"],
        "public_holidays": "FR-57",
    },
    "teams": [
        {"name": f"{ACME}/teams/north", "display_name": "North", "time_zone": "Europe/Paris"},
        {
            "name": f"{ACME}/teams/south",
            "display_name": "South",
            "time_zone": "Europe/Monaco",
            "public_holidays": "MC",
        },
    ],
    "vans": [{"name": f"{ACME}/vans/van-1", "display_name": "Van 1", "tags": ["lift"]}],
    "technicians": [
        {
            "name": ANA,
            "display_name": "Ana",
            "team": f"{ACME}/teams/north",
            "start_location": {"latitude": 43.73, "longitude": 7.42},
            "working_time": {"monday": WORKDAY | {"more": [AFTERNOON]}},
            "tags": ["lift"],
            "certificates": [{"tag": "gas", "level": 2, "valid_until": CHRISTMAS}],
            "van": f"{ACME}/vans/van-1",
            "max_overtime": "3600s",
        }
    ],
    "sites": [
        {
            "name": f"{ACME}/sites/quay",
            "location": {"latitude": 43.73, "longitude": 7.42},
            "sector": "harbour",
        }
    ],
    "closures": [
        {"name": f"{ACME}/closures/xmas", "first_date": CHRISTMAS, "last_date": NEW_YEAR},
        {
            "name": f"{ACME}/closures/meeting",
            "team": f"{ACME}/teams/north",
            "window": {"start_time": "2026-12-01T08:00:00Z", "end_time": "2026-12-01T09:30:00Z"},
        },
    ],
    "loans": [
        {
            "name": f"{ANA}/loans/rush",
            "to_team": f"{ACME}/teams/south",
            "first_date": CHRISTMAS,
            "last_date": CHRISTMAS,
            "shared": True,
        }
    ],
    "absences": [
        {
            "name": f"{ANA}/absences/flu",
            "window": {"start_time": "2026-12-03T08:00:00Z", "end_time": "2026-12-04T08:00:00Z"},
        }
    ],
}


@pytest.fixture(scope="module")
def empty(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A service where nothing is set up, for the tests of this file one after the other."""
    data = tmp_path_factory.mktemp("empty")
    where = ("--address", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data-dir", str(data))
    with started(home, "serve", *where, "--log", "error") as (_, told):
        yield Shell(str(told["address"]))


def test_a_company_comes_out_as_it_went_in(empty: Shell) -> None:
    """Everything of the file is made, is there afterwards, and a second import changes nothing."""
    text = json.dumps(COMPANY)
    told = empty.text("company", "import", "-", stdin=text)
    assert told == "10 created, 0 changed, 0 as they were.\n"

    out = empty.json("company", "export")
    for kind, given in COMPANY.items():
        found = {one["name"]: one for one in (out[kind] if kind != "tenant" else [out[kind]])}
        for one in given if kind != "tenant" else [given]:
            assert one.items() <= found[one["name"]].items()
    again = empty.json("company", "import", "-", stdin=json.dumps(out))
    assert (again["created"], again["changed"], len(again["as they were"])) == ([], [], 10)


def test_what_differs_is_changed(empty: Shell) -> None:
    """One new van and one loan that ends earlier: the rest stays, and nothing is deleted."""
    text = json.dumps(COMPANY)
    empty.text("company", "import", "-", stdin=text)
    loan = COMPANY["loans"][0] | {"shared": False}
    van = {"name": f"{ACME}/vans/van-2", "display_name": "Van 2"}

    done = empty.json("company", "import", "-", stdin=json.dumps(
        {"tenant": COMPANY["tenant"], "vans": [van], "loans": [loan]}
    ))  # fmt: skip

    assert done["created"] == [van["name"]]
    assert done["changed"] == [loan["name"]]
    assert len(empty.json("company", "export")["vans"]) == 2


def test_lists_show_vans_closures_and_loans(empty: Shell) -> None:
    """With equipment, dates and whose they are; a team with its holidays."""
    empty.text("company", "import", "-", stdin=json.dumps(COMPANY))

    assert "lift" in empty.text("list", "vans")
    assert "gas:2 until 2026-12-24" in " ".join(empty.text("list", "technicians").split())
    closures = empty.text("list", "closures")
    assert "2026-12-24 to 2027-01-01" in closures
    assert "2026-12-01 08:00 to 2026-12-01 09:30 UTC" in closures
    assert "team north" in closures
    assert "ana to team south, shared" in empty.text("list", "loans")
    assert "holidays MC" in empty.text("list", "teams")
    assert [loan["name"] for loan in empty.json("list", "loans")["loans"]] == [f"{ANA}/loans/rush"]


def test_a_calendar_says_why_there_is_no_shift(empty: Shell) -> None:
    """Two shifts are two lines; a holiday, a closure and a day off each have their word."""
    empty.text("company", "import", "-", stdin=json.dumps(COMPANY))

    def lines(day: str) -> list[str]:
        """Ana's lines on a day of team north."""
        shown = empty.text("calendar", day, "--team", "acme/north")
        return [line.rstrip() for line in shown.splitlines() if line.startswith("Ana")]

    assert len(lines("2026-12-07")) == 2
    (easter_monday,) = lines("2026-04-06")
    assert easter_monday.endswith("holiday")
    (closed,) = lines("2026-12-28")
    assert closed.endswith("closed")
    (tuesday,) = lines("2026-12-08")
    assert tuesday.endswith("off")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no tenant"),
        ('{"tenant": {"name": "tenants/a"}, "crews": []}', "nothing is called crews"),
        ('{"tenant": {"nme": "tenants/a"}}', "nme"),
        ('{"tenant": {}, "vans": [{"name": "a"}, 7]}', "vans[1]"),
    ],
)
def test_a_file_that_is_none_is_refused(empty: Shell, text: str, said: str) -> None:
    """Before anything is asked, with the place in the file."""
    error = empty.json("company", "import", "-", stdin=text, code=2)["error"]

    assert error["reason"] == "COMPANY_FILE"
    assert said in error["message"]


def test_a_wrong_value_is_told_by_the_service(empty: Shell) -> None:
    """What the service refuses is shown with its field."""
    wrong = {"tenant": COMPANY["tenant"] | {"public_holidays": "Atlantis"}}

    error = empty.json("company", "import", "-", stdin=json.dumps(wrong), code=2)["error"]

    assert [violation["field"] for violation in error["violations"]] == ["tenant.public_holidays"]


def test_the_example_of_the_docs_changes_nothing_the_second_time(empty: Shell) -> None:
    """It leaves fields out that have defaults; what is stored is then as before."""
    text = (ROOT / "docs/company.md").read_text().split("```json\n")[1].split("\n```")[0]
    text = text.replace("tenants/acme", "tenants/example")
    first = empty.json("company", "import", "-", stdin=text)
    again = empty.json("company", "import", "-", stdin=text)

    assert again["created"] == again["changed"] == []
    assert len(again["as they were"]) == sum(map(len, first.values()))
