"""Draft → save, as the seeds have it: nothing takes effect before "Save the business unit"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slotsvc.portal.company.logos import Logo, keep, logo_png
from slotsvc.portal.company.units import (
    EditConflictError,
    SettingsRefusedError,
    discard_draft,
    keep_draft,
    save,
)
from slotsvc.portal.unit_settings import BusinessUnitSettings, Problem, SettingsError
from tests.portal.company.books import NOW, SAM, Books

TYPED = BusinessUnitSettings(
    active=True,
    default_access=True,
    company_name="Riviera Heating",
    phone="+377 97 00 00 00",
    email="hello@riviera.example",
    address="1 quai Antoine\n98000 Monaco",
    description={"fr": "Bienvenue", "en": "Welcome"},
)


def test_draft_changes_nothing_that_is_in_force(books: Books) -> None:
    """A kept draft is there for the next visit, and what clients meet stays as it was."""
    before = books.unit()
    unit = books.do(lambda tx: keep_draft(tx, "riviera", 1, TYPED, SAM, NOW))

    assert (unit.live, unit.draft) == (before.live, TYPED)
    assert unit.changed == [
        "active", "default_access", "phone", "email", "address", "description.en", "description.fr",
    ]  # fmt: skip
    assert unit.preview().active


def test_saving_puts_the_form_in_force_and_ends_the_draft(books: Books) -> None:
    """After saving there is no draft, and the version has grown with both steps."""
    books.do(lambda tx: keep_draft(tx, "riviera", 1, TYPED, SAM, NOW))
    unit = books.do(lambda tx: save(tx, "riviera", 2, TYPED, SAM, NOW))

    assert (unit.live, unit.draft, unit.version) == (TYPED, None, 3)
    assert books.told() == ["SETTINGS_SAVED", "DRAFT_KEPT"]


def test_discarding_gives_back_what_is_in_force(books: Books) -> None:
    """A discarded draft is gone; a draft equal to what is in force never was one."""
    books.do(lambda tx: keep_draft(tx, "riviera", 1, TYPED, SAM, NOW))
    unit = books.do(lambda tx: discard_draft(tx, "riviera", 2, SAM, NOW))
    assert (unit.draft, unit.changed) == (None, [])

    unit = books.do(lambda tx: keep_draft(tx, "riviera", 3, unit.live, SAM, NOW))
    assert unit.draft is None


@pytest.mark.parametrize("change", [keep_draft, save])
def test_second_of_two_editors_notices_the_first(books: Books, change: object) -> None:
    """Who opened the form before somebody else changed the unit overwrites nothing."""
    books.do(lambda tx: save(tx, "riviera", 1, TYPED, SAM, NOW))
    theirs = replace(TYPED, company_name="Mine")

    with pytest.raises(EditConflictError):
        books.do(lambda tx: change(tx, "riviera", 1, theirs, "staff/other", NOW))  # type: ignore[operator]
    assert books.unit().live == TYPED


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"company_name": " "}, "company_name", Problem.MISSING),
        ({"company_name": "x" * 121}, "company_name", Problem.TOO_LONG),
        ({"company_name": "evil\u202ename"}, "company_name", Problem.INVISIBLE_CHARACTERS),
        ({"phone": "call me"}, "phone", Problem.NOT_A_PHONE),
        ({"email": "nobody"}, "email", Problem.NOT_AN_EMAIL),
        ({"email": "a@b.c\r\nBcc: x@y.zz"}, "email", Problem.NOT_AN_EMAIL),
        ({"address": "x" * 401}, "address", Problem.TOO_LONG),
        ({"description": {"fr": "x" * 4001}}, "description.fr", Problem.TOO_LONG),
        ({"description": {"de": "Hallo"}}, "description.de", Problem.UNKNOWN_LANGUAGE),
        ({"logo": "../../etc/passwd"}, "logo", Problem.NOT_A_LOGO),
    ],
)
def test_wrong_field_is_named(
    books: Books, changed: dict[str, object], field: str, problem: Problem
) -> None:
    """Nothing is kept, and the problem says where it is."""
    with pytest.raises(SettingsRefusedError) as refused:
        books.do(lambda tx: save(tx, "riviera", 1, replace(TYPED, **changed), SAM, NOW))  # type: ignore[arg-type]
    assert refused.value.problems == {field: problem}
    assert books.unit().version == 1


def test_switching_the_portal_off_signs_clients_out(books: Books) -> None:
    """Sessions of the unit's clients end with the save (S13), those of other units stay."""
    books.do(lambda tx: save(tx, "riviera", 1, TYPED, SAM, NOW))
    contact = books.contact(books.client())
    books.session(contact)
    assert books.open_sessions() == 1

    books.do(lambda tx: save(tx, "riviera", 2, replace(TYPED, active=False), SAM, NOW))
    assert books.open_sessions() == 0


def test_logo_lives_as_long_as_something_names_it(books: Books) -> None:
    """A replaced logo is deleted with the save; one that a draft names is kept."""
    old, new = Logo(b"old", 1, 1), Logo(b"new", 1, 1)
    books.do(lambda tx: (keep(tx, "riviera", old), keep(tx, "riviera", new)))
    with_old = replace(TYPED, logo=old.sha256)
    books.do(lambda tx: save(tx, "riviera", 1, with_old, SAM, NOW))
    assert books.do(lambda tx: logo_png(tx, new.sha256)) is None

    books.do(lambda tx: keep(tx, "riviera", new))
    with_new = replace(TYPED, logo=new.sha256)
    books.do(lambda tx: keep_draft(tx, "riviera", 2, with_new, SAM, NOW))
    assert books.do(lambda tx: logo_png(tx, old.sha256)) == b"old"
    books.do(lambda tx: save(tx, "riviera", 3, with_new, SAM, NOW))
    assert books.do(lambda tx: logo_png(tx, old.sha256)) is None


def test_stored_settings_are_read_strictly() -> None:
    """A row with an unknown or odd field is refused by name; a missing one takes its default."""
    assert BusinessUnitSettings.from_json(TYPED.to_json()) == TYPED
    assert BusinessUnitSettings.from_json({"active": True}).company_name == ""
    with pytest.raises(SettingsError, match="colour"):
        BusinessUnitSettings.from_json({"colour": "red"})
    with pytest.raises(SettingsError, match="active"):
        BusinessUnitSettings.from_json({"active": "yes"})
