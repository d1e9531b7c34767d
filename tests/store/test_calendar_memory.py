"""What is kept of calendars: of the revision that was read, and of no other."""

from __future__ import annotations

from slotsvc.store import calendar_memory
from slotsvc.store.calendar_memory import CalendarMemory


def test_a_revision_finds_what_was_kept_of_it() -> None:
    """Another transaction at the same revision of the same tenant gets the same; others do not."""
    memory = CalendarMemory()
    memory.at("acme", 3).kept["shift"] = "early"

    assert memory.at("acme", 3).kept == {"shift": "early"}
    assert memory.at("globex", 3).kept == {}


def test_a_newer_revision_begins_with_nothing() -> None:
    """And an older snapshot, still open, neither finds nor leaves anything."""
    memory = CalendarMemory()
    memory.at("acme", 3).kept["shift"] = "early"
    memory.at("acme", 4).kept["shift"] = "late"

    old = memory.at("acme", 3)
    assert (old.revision, old.kept) == (3, {})
    old.kept["shift"] = "early"
    assert memory.at("acme", 4).kept == {"shift": "late"}


def test_memory_has_a_limit(monkeypatch) -> None:
    """Of tenants, the one whose calendar is unchanged for longest goes; one that grew too large
    begins anew."""
    monkeypatch.setattr(calendar_memory, "MOST_TENANTS", 2)
    monkeypatch.setattr(calendar_memory, "MOST_OF_A_TENANT", 3)
    memory = CalendarMemory()
    for tenant in ("a", "b", "c"):
        memory.at(tenant, 1).kept.update(dict.fromkeys(range(3)))
    memory.at("c", 1).kept[3] = None

    assert [len(memory.at(t, 1).kept) for t in ("b", "c", "a")] == [3, 0, 0]


def test_a_forgotten_memory_is_empty() -> None:
    """A database that was brought back may count its revisions anew."""
    memory = CalendarMemory()
    memory.at("acme", 3).kept["shift"] = "early"

    memory.forget()

    assert memory.at("acme", 3).kept == {}
