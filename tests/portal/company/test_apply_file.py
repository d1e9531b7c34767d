"""Applying a company file: what it makes, that it is idempotent, and whose word counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, insert, select, update

from slotsvc.portal.booking.actions import USUAL_ACTIONS, action_of
from slotsvc.portal.company.apply_file import apply_company, conditions, proof_needed
from slotsvc.portal.company.company_file import load_company_file
from slotsvc.portal.company.file_entries import ActionEntry, ActionKind
from slotsvc.portal.company.file_problems import CompanyFileError
from slotsvc.portal.company.units import unit_of
from slotsvc.portal.tables.database import engine_on
from slotsvc.portal.tables.migrate import upgrade
from slotsvc.portal.tables.schema import (
    ACTIONS,
    ACTIVITY_TYPES,
    AUDIT,
    BUSINESS_UNITS,
    CLIENTS,
    CONTACT_SITES,
    CONTACTS,
    LOGOS,
    SESSIONS,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "portal.toml"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    upgrade(tmp_path / "portal.db")
    engine = engine_on(tmp_path / "portal.db", "BEGIN IMMEDIATE", 1)
    with engine.begin() as made:
        yield made
    engine.dispose()


def apply(connection: Connection, directory: Path, *changes: tuple[str, str]) -> list[str]:
    """Applies the example with texts replaced; gives the differences as they are printed."""
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = directory / "portal.toml"
    path.write_text(text)
    return [str(each) for each in apply_company(connection, load_company_file(path), NOW)]


def all_of(connection: Connection, table: Table) -> list[Any]:
    return list(connection.execute(select(table)).all())


def test_the_example_sets_a_portal_up(connection: Connection, tmp_path: Path) -> None:
    """Unit, types, actions, clients, contacts with their sites and dates, credits."""
    told = apply(connection, tmp_path)

    unit = unit_of(connection, "monaco")
    assert unit is not None
    assert unit.team == "tenants/acme/teams/north"
    assert unit.live.company_name == "Acme Boilers"
    assert unit.credits == 20
    assert {kind.name: kind.shown for kind in all_of(connection, ACTIVITY_TYPES)} == {
        "tenants/acme/activityTypes/boiler-service": True,
        "tenants/acme/activityTypes/repair": True,
        "tenants/acme/activityTypes/inspection": False,
    }
    assert {row.phone for row in all_of(connection, CONTACTS)} == {"+33199005678", None}
    lea = connection.execute(select(CONTACTS).where(CONTACTS.c.name == "Léa Fontaine")).one()
    assert (lea.access_from, lea.access_until, lea.all_sites) == ("2026-09-01", "2027-08-31", False)
    assert [row.site for row in all_of(connection, CONTACT_SITES)] == [
        "tenants/acme/sites/le-panorama"
    ]
    assert "added business unit monaco" in told
    assert "added client c-2, contact Léa Fontaine" in told


def test_actions_are_those_of_the_file(connection: Connection, tmp_path: Path) -> None:
    """What the file leaves open is filled in; a type that names none gets no rows: the portal's
    usual actions count there."""
    apply(connection, tmp_path)

    found = {
        ((row.activity_type or "").rpartition("/")[2], row.kind): (row.conditions, row.proof_needed)
        for row in all_of(connection, ACTIONS)
    }

    assert found == {
        ("", "NEW_VISIT"): ({}, False),
        ("boiler-service", "BOOK"): ({}, False),
        ("boiler-service", "RESCHEDULE"): ({"hours_before": 48}, False),
        ("boiler-service", "CANCEL"): ({"hours_before": 48}, True),
    }


@pytest.mark.parametrize("kind", ["RESCHEDULE", "CANCEL"])
def test_an_action_that_is_only_named_is_the_usual_one(kind: ActionKind) -> None:
    """The file's defaults are those that booking falls back to."""
    (usual,) = (each for each in USUAL_ACTIONS if each.kind == kind)
    entry = ActionEntry(kind=kind)
    row = SimpleNamespace(
        kind=kind,
        activity_type=None,
        label={},
        enabled=True,
        proof_needed=proof_needed(entry),
        conditions=conditions(entry),
    )

    assert action_of(row) == usual


def test_applied_twice_nothing_changes(connection: Connection, tmp_path: Path) -> None:
    """The second time there is no difference, no row and no entry of the audit more."""
    apply(connection, tmp_path)
    tables = (BUSINESS_UNITS, ACTIVITY_TYPES, ACTIONS, CLIENTS, CONTACTS, CONTACT_SITES, AUDIT)
    before = [all_of(connection, table) for table in tables]

    assert apply(connection, tmp_path) == []

    assert [all_of(connection, table) for table in tables] == before


def test_differences_are_told_one_by_one(connection: Connection, tmp_path: Path) -> None:
    """What the file says otherwise than the tables is set, and named."""
    apply(connection, tmp_path)

    told = apply(
        connection,
        tmp_path,
        ('en = "Boiler service"', 'en = "Boiler check"'),
        ("hours_before = 48", "hours_before = 12"),
        ('name = "Marie Rossi"\naccess = true', 'name = "M. Rossi"\naccess = false'),
        ('phone = "+33 1 99 00 56 78"', 'phone = "+33 1 99 00 56 79"'),
        ("shown = false", "shown = true"),
        ("sms_credits_at_least = 20", "sms_credits_at_least = 30.2"),
    )

    assert told == [
        "changed business unit monaco: SMS credits up to 30.2",
        "changed business unit monaco, activity type boiler-service: title",
        "changed business unit monaco, activity type boiler-service, action RESCHEDULE: conditions",
        "changed business unit monaco, activity type inspection: shown",
        "changed client c-1: name",
        "changed client c-1: access",
        "changed client c-1, contact Marie Rossi: phone",
    ]


def test_the_pages_own_the_settings_unless_the_file_insists(
    connection: Connection, tmp_path: Path
) -> None:
    """A saved setting stands; ``overwrite_settings = true`` puts the file's in force."""
    apply(connection, tmp_path)
    other = ('company_name = "Acme Boilers"', 'company_name = "Acme Heating"')

    assert apply(connection, tmp_path, other) == []
    insisting = ("sms_credits_at_least", "overwrite_settings = true\nsms_credits_at_least")
    assert apply(connection, tmp_path, other, insisting) == [
        "changed business unit monaco: settings: company_name"
    ]

    unit = unit_of(connection, "monaco")
    assert unit is not None
    assert unit.live.company_name == "Acme Heating"


def test_actions_that_the_file_drops_are_removed(connection: Connection, tmp_path: Path) -> None:
    """A type's list of actions is whole; all else that the file does not name stays."""
    apply(connection, tmp_path)
    dropped = '[[business_unit.activity_type.action]]\nkind = "BOOK"\n'

    told = apply(connection, tmp_path, (dropped, ""))

    assert told[0] == ("removed business unit monaco, activity type boiler-service, action BOOK")
    nothing = tmp_path / "nothing.toml"
    nothing.write_text('tenant = "acme"\n')
    assert len(apply_company(connection, load_company_file(nothing), NOW)) == 0
    assert len(all_of(connection, CLIENTS)) == 2


def test_a_renamed_contact_is_found_by_his_address(connection: Connection, tmp_path: Path) -> None:
    """The same e-mail under a new name is the same contact, not one more."""
    apply(connection, tmp_path)

    told = apply(connection, tmp_path, ('name = "Marc Roux"', 'name = "Marc Le Roux"'))

    assert told == ["changed client c-2, contact Marc Le Roux: name"]
    assert len(all_of(connection, CONTACTS)) == 3


def test_shutting_a_client_out_ends_his_sessions(connection: Connection, tmp_path: Path) -> None:
    """``access = false`` works like the tick of the client's page: at once."""
    apply(connection, tmp_path)
    marie = connection.execute(select(CONTACTS.c.id).where(CONTACTS.c.name == "Marie Rossi"))
    session = {
        "id": "s",
        "kind": "CLIENT",
        "subject": marie.scalar_one(),
        "business_unit": "monaco",
        "level": 2,
        "created_at": 0,
        "seen_at": 0,
        "expires_at": 2**40,
    }
    connection.execute(insert(SESSIONS).values(session))

    apply(connection, tmp_path, ("access = true", "access = false"))

    assert all_of(connection, SESSIONS)[0].ended_at == NOW.timestamp()


def test_a_client_who_is_new_comes_in_as_the_unit_says(
    connection: Connection, tmp_path: Path
) -> None:
    """Without ``access`` the unit's default for new clients counts, and later what is ticked."""
    apply(
        connection,
        tmp_path,
        ("access = true\n", ""),
        ("default_access = false", "default_access = true"),
    )
    connection.execute(update(CLIENTS).values(access=False))

    apply(connection, tmp_path, ("access = true\n", ""))

    access = {row.ref: row.access for row in all_of(connection, CLIENTS)}
    assert access == {"c-1": False, "c-2": True}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('email = "marc@azur.example"', 'email = "marc"', "client[1].contact[0].email: must be an"),
        (
            'phone = "+33 1 99 00 56',
            'phone = "+33 0 12',
            "client[0].contact[0].phone: must be a telephone",
        ),
        ("2027-08-31", "2026-08-31", "client[1].contact[1].access_until: is before access_from"),
        ('["le-panorama"]', "[]", "client[1].contact[1].sites: names none; leave it out"),
        (
            'business_unit = "monaco"',
            'business_unit = "nice"',
            "client[0].business_unit: is none of",
        ),
        ('locale = "fr"', 'locale = "es"', "client[0].contact[0].locale: is none of"),
    ],
)
def test_what_only_the_tables_can_tell_is_told_the_same_way(
    connection: Connection, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """Addresses, dates and units are judged as the company's pages judge them."""
    with pytest.raises(CompanyFileError) as caught:
        apply(connection, tmp_path, (old, new))

    assert [str(each)[: len(problem)] for each in caught.value.problems] == [problem]


def test_a_new_unit_needs_settings(connection: Connection, tmp_path: Path) -> None:
    """Without a name there is nothing to show to clients."""
    path = tmp_path / "portal.toml"
    text = EXAMPLE.read_text()
    start, end = text.index("[business_unit.settings]"), text.index("[[business_unit.action]]")
    path.write_text(text[:start] + text[end:])

    with pytest.raises(CompanyFileError, match=r"business_unit\[0\]\.settings: is missing"):
        apply_company(connection, load_company_file(path), NOW)


def test_the_logo_is_stored_once(connection: Connection, tmp_path: Path) -> None:
    """The file's logo stands in the settings in force, and can be served."""
    from PIL import Image

    Image.new("RGB", (40, 20), "navy").save(tmp_path / "logo.png")
    with_logo = ('company_name = "Acme', 'logo = "logo.png"\ncompany_name = "Acme')
    apply(connection, tmp_path, with_logo)
    apply(connection, tmp_path, with_logo)

    (stored,) = all_of(connection, LOGOS)
    unit = unit_of(connection, "monaco")
    assert unit is not None
    assert unit.live.logo == stored.sha256
    assert connection.execute(select(func.count()).select_from(LOGOS)).scalar_one() == 1
