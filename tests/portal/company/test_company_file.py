"""The company file: what it takes, and what it says about mistakes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from slotsvc.portal.access.identifiers import phone
from slotsvc.portal.company.company_file import load_company_file
from slotsvc.portal.company.file_entries import CompanyFile
from slotsvc.portal.company.file_problems import CompanyFileError

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "portal.toml"
DEMO = ROOT / "slotsvc" / "cli" / "demo_company" / "portal.toml"
NOBODYS = "+331990"
"""ARCEP keeps 01 99 00 xx xx for works of fiction; the login takes these numbers all the same."""

UNIT = """
tenant = "acme"
[[business_unit]]
id = "monaco"
team = "north"
locales = ["fr", "en"]
time_zone = "Europe/Monaco"
"""
TYPE = """
[[business_unit.activity_type]]
name = "boiler-service"
title = { fr = "Entretien" }
"""


def read(directory: Path, text: str) -> CompanyFile:
    path = directory / "portal.toml"
    path.write_text(text)
    return load_company_file(path)


def problems(directory: Path, text: str) -> list[str]:
    with pytest.raises(CompanyFileError) as caught:
        read(directory, text)
    return [str(each) for each in caught.value.problems]


def test_the_example_of_the_docs_is_read() -> None:
    """docs/examples/portal.toml has one unit, three activity types, two clients."""
    file = load_company_file(EXAMPLE)

    (unit,) = file.business_unit
    assert [kind.name for kind in unit.activity_type] == ["boiler-service", "repair", "inspection"]
    assert [len(client.contact) for client in file.client] == [1, 2]
    assert file.whole_name("sites", "le-panorama") == "tenants/acme/sites/le-panorama"


def test_the_manual_names_every_key() -> None:
    """docs/portal-company.md tells what each key of each table means."""
    manual = (EXAMPLE.parent.parent / "portal-company.md").read_text()

    keys = _keys(CompanyFile)

    assert [key for key in sorted(keys) if f"`{key}`" not in manual] == []


def _keys(model: object) -> set[str]:
    from slotsvc.portal.company.file_problems import _table_in

    found: set[str] = set()
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        found.add(name)
        if inner := _table_in(field.annotation):
            found |= _keys(inner)
    return found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            UNIT + 'timezone = "x"',
            'business_unit[0].timezone: no such key; did you mean "time_zone"?',
        ),
        (UNIT + "colour = 1", "business_unit[0].colour: no such key; one of id, team, locales, "),
        (
            UNIT + TYPE + 'titel = { fr = "x" }',
            'business_unit[0].activity_type[0].titel: no such key; did you mean "title"?',
        ),
        (
            UNIT + TYPE + 'text = { pt = "x" }',
            'business_unit[0].activity_type[0].text.pt: "pt" is not known; one of fr, es, it, en',
        ),
        (
            UNIT + TYPE + 'text = { it = "x" }',
            "business_unit[0].activity_type[0].text.it: is none of the unit's locales: fr, en",
        ),
        (
            UNIT + TYPE + '[[business_unit.activity_type.action]]\nkind = "BOKK"',
            'business_unit[0].activity_type[0].action[0].kind: "BOKK" is not known; one of BOOK, '
            "RESCHEDULE, CANCEL, NEW_VISIT",
        ),
        (
            UNIT + TYPE + '[[business_unit.activity_type.action]]\nkind = "NEW_VISIT"',
            "business_unit[0].activity_type[0].action[0].kind: NEW_VISIT belongs to business units",
        ),
        (
            UNIT + TYPE + "[[business_unit.activity_type.action]]\n"
            'kind = "RESCHEDULE"\nstates = ["UNPLACED"]',
            "business_unit[0].activity_type[0].action[0].states[0]: UNPLACED makes no sense for "
            "RESCHEDULE; allowed: BOOKED",
        ),
        (UNIT + TYPE + "action = []", "business_unit[0].activity_type[0].action: is empty"),
        (
            UNIT + '[[business_unit.action]]\nkind = "NEW_VISIT"\nhours_before = 3',
            "business_unit[0].action[0].hours_before: makes no sense for NEW_VISIT: there is no "
            "window yet",
        ),
        (
            UNIT + "[business_unit.settings]\nactive = 1",
            "business_unit[0].settings.active: must be true or false",
        ),
        (
            UNIT + '[business_unit.settings]\ncompany_name = ""',
            "business_unit[0].settings.company_name: is missing",
        ),
        (
            UNIT + '[business_unit.settings]\ncompany_name = "A"\nlogo = "no.png"',
            "business_unit[0].settings.logo: cannot be read: No such file or directory",
        ),
        (UNIT.replace("monaco", "static"), "business_unit[0].id: is a word that the portal needs"),
        (UNIT.replace("monaco", "Monte Carlo"), "business_unit[0].id: must be a word of a-z, 0-9"),
        (UNIT.replace("Europe/Monaco", "Monaco"), "business_unit[0].time_zone: must be an IANA"),
        (
            UNIT.replace('"north"', '"tenants/other/teams/north"'),
            'business_unit[0].team: "tenants/other/teams/north" must be a short name, or begin '
            "with tenants/acme/teams/",
        ),
        (UNIT + TYPE + TYPE, "business_unit[0].activity_type[1].name: stands there twice"),
        (
            UNIT + '[[client]]\nbusiness_unit = "monaco"\nref = "c"\nname = "C"\n'
            '[[client.contact]]\nname = "M"\naccess_from = "2026-01-01"',
            "client[0].contact[0].access_from: must be a date without quotes, such as 2026-12-31",
        ),
        ("tenant = ", "the file: is not TOML: "),
        ('[[client]]\nname = "C"', "tenant: is missing"),
    ],
)
def test_mistakes_are_told_with_their_place_and_what_is_allowed(
    tmp_path: Path, text: str, problem: str
) -> None:
    """Each message begins with the dotted path of the key, and says what can stand there."""
    assert any(each.startswith(problem) for each in problems(tmp_path, text))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Three keys are wrong: three problems, so that nobody fixes them one run at a time."""
    text = UNIT.replace('"fr", "en"', '"fr", "de"') + "colour = 1\nteem = 2\n"

    assert len(problems(tmp_path, text)) == 3


def test_a_logo_lies_beside_the_file(tmp_path: Path) -> None:
    """Its path is seen from the file; what is no PNG is refused by its content."""
    Image.new("RGB", (40, 20), "navy").save(tmp_path / "logo.png")
    shutil.copy(EXAMPLE, tmp_path / "fake.png")
    text = UNIT + '[business_unit.settings]\ncompany_name = "Acme"\nlogo = "{}"'

    settings = read(tmp_path, text.format("logo.png")).business_unit[0].settings

    assert settings is not None
    assert settings.logo is not None
    assert (settings.logo.width, settings.logo.height) == (40, 20)
    assert problems(tmp_path, text.format("fake.png")) == [
        "business_unit[0].settings.logo: must be a PNG"
    ]


@pytest.mark.parametrize("path", [EXAMPLE, DEMO], ids=["example", "demo"])
def test_printed_numbers_work_and_are_nobodys(path: Path) -> None:
    """Every number of a file that we print can be typed at the login, and reaches no person."""
    file = load_company_file(path)
    units = [unit.settings.phone for unit in file.business_unit if unit.settings]
    contacts = [each.phone for client in file.client for each in client.contact]
    numbers = [number for number in units + contacts if number]
    assert any(contacts)
    assert all(phone(number, "FR").startswith(NOBODYS) for number in numbers)
