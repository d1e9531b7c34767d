"""What somebody can serve on a date."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.eligibility import Certificate, offered, tag_of

WEDNESDAY = date(2026, 6, 3)
DAY = timedelta(days=1)


def test_a_plain_tag_is_level_1_for_good() -> None:
    """It meets the tag and the tag at level 1, and nothing above."""
    assert offered(WEDNESDAY, frozenset({"gas"})) == {"gas", "gas:1"}
    assert offered(WEDNESDAY, frozenset()) == frozenset()


def test_a_level_meets_all_below() -> None:
    """Level 3 is 1, 2 and 3, whether or not the tag is known plainly as well."""
    certificate = Certificate("gas", 3)

    assert offered(WEDNESDAY, frozenset({"gas"}), [certificate]) == {
        "gas",
        "gas:1",
        "gas:2",
        "gas:3",
    }


def test_both_ends_of_a_certificate_belong_to_it() -> None:
    """Valid until Wednesday holds on Wednesday, not on Thursday; the first date counts too."""
    until = Certificate("gas", 1, None, WEDNESDAY)
    since = Certificate("gas", 1, WEDNESDAY)

    assert [until.holds(WEDNESDAY + n * DAY) for n in (-1, 0, 1)] == [True, True, False]
    assert [since.holds(WEDNESDAY + n * DAY) for n in (-1, 0, 1)] == [False, True, True]


def test_an_expired_level_leaves_the_tag() -> None:
    """Who knows a tag plainly keeps level 1 when the certificate for level 2 has run out."""
    certificate = Certificate("gas", 2, None, WEDNESDAY)

    assert "gas:2" in offered(WEDNESDAY, frozenset({"gas"}), [certificate])
    assert offered(WEDNESDAY + DAY, frozenset({"gas"}), [certificate]) == {"gas", "gas:1"}


tags = st.sampled_from(["gas", "air", "roof"])
dates = st.none() | st.integers(-3, 3).map(lambda n: WEDNESDAY + n * DAY)
certificates = st.lists(st.builds(Certificate, tags, st.integers(1, 9), dates, dates), max_size=5)


@given(st.frozensets(tags), certificates, tags, st.integers(1, 9), st.integers(-4, 4))
def test_a_requirement_is_met_by_the_highest_level_that_holds(
    plain: frozenset[str], held: list[Certificate], tag: str, level: int, n: int
) -> None:
    """Subset of strings says what comparing numbers says."""
    day = WEDNESDAY + n * DAY
    highest = max(
        [1 if tag in plain else 0]
        + [
            c.level
            for c in held
            if c.tag == tag and (c.valid_from or day) <= day <= (c.valid_until or day)
        ]
    )

    offers = offered(day, plain, held)

    assert ({f"{tag}:{level}"} <= offers) == (level <= highest)
    assert ({tag} <= offers) == (highest > 0)
    assert {tag_of(requirement) for requirement in offers} <= plain | {c.tag for c in held}
