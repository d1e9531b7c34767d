from __future__ import annotations

from datetime import date, timedelta

import pytest

from slotsvc.cli import demo_town as town
from slotsvc.cli.demo_setup import activity_type, technician, working_days


@pytest.mark.parametrize("offset", range(7))
def test_the_days_are_the_next_ten_from_monday_to_friday(offset: int) -> None:
    """On any weekday, from tomorrow on."""
    today = date(2026, 11, 23) + timedelta(days=offset)

    days = working_days(today)

    assert len(days) == 10
    assert today < days[0] <= today + timedelta(days=3)
    assert all(day.weekday() < 5 for day in days)
    assert days[-1] - days[0] < timedelta(days=14)


def test_every_tag_of_the_town_is_known_to_its_tenant() -> None:
    """What activities require and technicians offer is registered."""
    used = {tag for person in town.TECHNICIANS for tag in person.tags}
    used |= {tag for activity in town.ACTIVITIES for tag in activity.tags}

    assert used <= set(town.TAGS)


def test_the_town_has_twelve_technicians_and_sixty_sites() -> None:
    """Each with an id of its own, all within a few kilometres."""
    assert len({person.id for person in town.TECHNICIANS}) == 12
    assert len({site.id for site in town.SITES}) == 60
    assert town.NEWCOMER not in town.SITES
    assert all(43.71 < s.lat < 43.78 and 7.34 < s.lon < 7.50 for s in town.SITES)


def test_a_part_timer_works_the_days_she_works() -> None:
    """Nadia Haddad has no Friday and no lunch."""
    nadia = technician(next(p for p in town.TECHNICIANS if p.id == "nadia-haddad"))

    assert nadia.working_time.HasField("thursday")
    assert not nadia.working_time.HasField("friday")
    assert not nadia.working_time.monday.breaks


def test_an_activity_offers_its_windows() -> None:
    """The boiler service has four windows of two hours and lasts one."""
    boiler = activity_type(town.ACTIVITIES[0])

    assert len(boiler.offer_grid.cells) == 4
    assert boiler.service_duration.seconds == 3600
