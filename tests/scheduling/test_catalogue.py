"""What is remembered of what companies set up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team
from slotsvc.scheduling import catalogue as module
from slotsvc.scheduling.catalogue import Catalogue
from slotsvc.scheduling.ports import ReadTx
from tests.scheduling.booking_company import HOME, TEAM, TENANT
from tests.scheduling.booking_world import BookingWorld
from tests.scheduling.line_day import Walk


class Reader:
    """One memory, and what it says now."""

    def __init__(self, world: BookingWorld) -> None:
        self.world, self.catalogue = world, Catalogue()

    def activity(self, id: str = "service") -> ActivityType | None:
        return self.world.read(lambda tx: self._seen(tx).activity_type(TENANT, id))

    def site(self, id: str) -> Site | None:
        return self.world.read(lambda tx: self._seen(tx).site(TENANT, id))

    def team(self) -> Team | None:
        return self.world.read(lambda tx: self._seen(tx).team(TENANT, TEAM))

    def tags(self) -> frozenset[str]:
        return self.world.read(lambda tx: self._seen(tx).tags(TENANT))

    def _seen(self, tx: ReadTx) -> module.CatalogueRead:
        return self.catalogue.seen_by(tx, TENANT, tx.calendar_revision(TENANT))


def test_what_does_not_change_is_read_once(walk: Walk) -> None:
    """The very same value, until something of the company changes; then what stands."""
    reader = Reader(walk.world)
    before = reader.activity()
    assert reader.activity() is before
    assert reader.tags() == {"gas"}

    walk.world.change(ActivityType, "service", lambda old: replace(old, display_name="Other"))
    after = reader.activity()
    assert after is not None
    assert after.display_name == "Other"


def test_what_was_not_there_is_seen_when_it_comes(walk: Walk) -> None:
    """Nothing remembered hides what is set up later."""
    world = walk.world
    reader = Reader(world)
    assert [reader.site("flat"), reader.site("flat")] == [None, None]
    flat = Site("flat", "The flat", HOME, "Europe/Monaco")
    world.run(world.store.write(lambda tx: tx.create(TENANT, flat)))
    assert reader.site("flat") == flat


def test_the_memory_has_an_end(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company with too much begins anew, and so do companies beyond the most."""
    monkeypatch.setattr(module, "MOST_ENTRIES", 2)
    monkeypatch.setattr(module, "MOST_TENANTS", 1)
    reader = Reader(walk.world)
    first = reader.team()
    for number in range(5):
        assert reader.site(f"none-{number}") is None
    again = reader.team()
    assert again == first
    assert again is not first
    walk.world.read(lambda tx: reader.catalogue.seen_by(tx, "rival", 0).team("rival", TEAM))
    assert reader.team() == first
