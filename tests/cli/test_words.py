from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from slotsvc.cli.wire import pb_window
from slotsvc.cli.words import change_words, elapsed_words, sentence, span_words, window_words
from tests.cli.samples import ZONE, at


def test_a_window_is_said_with_its_weekday_in_the_teams_zone() -> None:
    """Noon in UTC is one o'clock in Monaco, and the day has a name."""
    window = pb_window(datetime(2026, 11, 24, 7, tzinfo=UTC), datetime(2026, 11, 24, 9, tzinfo=UTC))

    assert window_words(window, ZONE) == "Tue 24 Nov 08:00-10:00"


def test_a_window_over_midnight_names_both_days() -> None:
    """A night window says on which day it ends."""
    window = pb_window(at(22), at(22).replace(day=25, hour=2))

    assert window_words(window, ZONE) == "Tue 24 Nov 22:00-Wed 25 Nov 02:00"


def test_a_window_around_the_change_of_clocks_shows_both_wall_clocks() -> None:
    """On the night of 25 October 2026 one hour comes twice: 01:00 to 04:00 lasts four hours."""
    start = datetime(2026, 10, 24, 23, tzinfo=UTC)
    window = pb_window(start, datetime(2026, 10, 25, 3, tzinfo=UTC))

    assert window_words(window, ZoneInfo("Europe/Monaco")) == "Sun 25 Oct 01:00-04:00"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (45, "45 s"), (60, "1 min"), (90, "2 min"), (3599, "1 h 00 min"),
     (3900, "1 h 05 min"), (-200, "−3 min")],
)  # fmt: skip
def test_a_span_is_said_in_the_unit_of_its_size(seconds: int, words: str) -> None:
    """Seconds below a minute, minutes below an hour, then hours and minutes."""
    assert span_words(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(240, "+4 min"), (-45, "−45 s"), (0, "0 min")])
def test_a_change_carries_its_sign(seconds: int, words: str) -> None:
    """More, less and nothing look different."""
    assert change_words(seconds) == words


def test_machine_time_has_a_unit() -> None:
    """Milliseconds below a second, seconds above."""
    assert (elapsed_words(0.0041), elapsed_words(2.34)) == ("4.1 ms", "2.3 s")


def test_a_message_becomes_a_sentence() -> None:
    """A capital in front and one stop behind."""
    assert sentence("the hold lapsed") == "The hold lapsed."
    assert sentence("Too late!") == "Too late!"


@pytest.mark.parametrize("path", ["var/keys.json", "slotsvc.db", "keys.json:", "grpc_addr"])
def test_a_path_keeps_its_case(path: str) -> None:
    """There is no Slotsvc.db."""
    assert sentence(f"{path} is damaged") == f"{path} is damaged."
