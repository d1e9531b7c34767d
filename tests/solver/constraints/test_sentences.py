"""What users read of a rejection."""

from __future__ import annotations

from datetime import date

import pytest

from slotsvc.solver.constraints import Closed, Reason
from slotsvc.solver.constraints.sentences import ACTION, TELLING, UNKNOWN, sentence, spoken


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("margin", [0, 45, 1800])
def test_every_reason_is_a_sentence_with_and_without_a_size(reason: Reason, margin: int) -> None:
    """Nothing is left to fill in, and what would help stands behind it."""
    subject = "2026-12-24/2026-12-31" if reason is Reason.BLACKOUT else "north"
    text = sentence(Closed(reason, subject, margin), order_kept=False)
    assert text.endswith(".")
    assert "{" not in text
    assert " 0 s" not in text
    assert ACTION[reason].endswith(".")
    assert reason in TELLING


@pytest.mark.parametrize(
    ("closed", "text"),
    [
        (Closed(Reason.NOTICE), "The window begins at this moment."),
        (Closed(Reason.NOTICE, margin=90), "Too soon by 2 min."),
        (Closed(Reason.NO_ROOM, margin=UNKNOWN), "No order of the day leaves room."),
        (Closed(Reason.CUT_OFF, margin=2100), "Booking for that day closed 35 min ago."),
        (Closed(Reason.SITE_CLOSED), "The site is closed."),
        (
            Closed(Reason.SITE_CLOSED, margin=600),
            "The site closes 10 min too early for this technician.",
        ),
        (
            Closed(Reason.BLACKOUT, "2026-12-24/2026-12-31"),
            "Not offered from Thu 24 Dec to Thu 31 Dec.",
        ),
        (Closed(Reason.BLACKOUT, "2026-12-24/2026-12-24"), "Not offered on Thu 24 Dec."),
        (Closed(Reason.OFF_MAP, margin=732), "The nearest road is 732 m away."),
    ],
)
def test_sentences(closed: Closed, text: str) -> None:
    """Sizes in the words of the field, dates as people say them."""
    assert sentence(closed, order_kept=False) == text


def test_a_missing_tag_says_until_when_it_was_there() -> None:
    """The last day on which it was, when there was one."""
    closed = Closed(Reason.MISSING_TAG, "gas:2")
    assert sentence(closed, order_kept=False) == "The tag “gas:2” is missing."
    until = sentence(closed, order_kept=False, offered_until=date(2026, 6, 4))
    assert until == "The tag “gas:2” is missing after Thu 4 Jun."


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ({1}, "is served on Tuesday."),
        ({3, 1}, "is served on Tuesday and Thursday."),
        ({0, 2, 4}, "is served on Monday, Wednesday and Friday."),
        (set(), "is not served."),
    ],
)
def test_a_sector_names_its_days(days: set[int], told: str) -> None:
    """In the order of the week."""
    closed = Closed(Reason.SECTOR_DAY, "north")
    text = sentence(closed, order_kept=False, weekdays=frozenset(days))
    assert text == f"The sector “north” {told}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (59, "59 s"),
        (90, "2 min"),
        (260 * 60, "260 min"),
        (10 * 3600, "10 h"),
        (71 * 3600, "71 h"),
        (28 * 86_400 + 3600, "28 days"),
    ],
)
def test_lengths_are_said_as_people_say_them(seconds: int, text: str) -> None:
    """Nobody reads 40 380 minutes."""
    assert spoken(seconds) == text
