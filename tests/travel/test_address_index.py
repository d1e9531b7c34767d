from __future__ import annotations

import sqlite3 as system_sqlite
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotsvc.domain.place import Location, great_circle_m
from slotsvc.travel.address_index import AddressIndex, AddressKind, AddressQuality
from slotsvc.travel.map_info import MapError
from tests.road_fixtures import CASINO, ROQUEBRUNE, CompiledMap


@pytest.fixture(scope="module")
def index(demo_map: CompiledMap) -> Iterator[AddressIndex]:
    opened = AddressIndex(demo_map.files.addresses)
    yield opened
    opened.close()


def labels(index: AddressIndex, text: str) -> list[str]:
    return [address.label for address in index.search(text)]


def test_a_house_number_is_found(index: AddressIndex) -> None:
    """Number and street give the house itself, EXACT, near the harbour."""
    [first, *_] = index.search("7 rue du gabian")
    assert first.label.startswith("7 Rue du Gabian")
    assert first.kind is AddressKind.HOUSE
    assert first.quality is AddressQuality.EXACT
    assert great_circle_m(first.location, Location(43.7295, 7.4149)) < 50


def test_an_unmapped_house_number_gives_the_street_and_says_so(index: AddressIndex) -> None:
    """12 rue Grimaldi is not in the map: the street is the best answer, with quality STREET."""
    [first, *_] = index.search("12 rue grimaldi")
    assert first.label == "Rue Grimaldi, La Condamine"
    assert first.kind is AddressKind.STREET
    assert first.quality is AddressQuality.STREET


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("RUE GRIMALDI", "Rue Grimaldi, La Condamine"),
        ("rue gri", "Rue Grimaldi, La Condamine"),
        ("grimaldi rue", "Rue Grimaldi, La Condamine"),
        ("bd des moulins", "Boulevard des Moulins, Monte-Carlo"),
        ("boulevard des moulins monaco", "Boulevard des Moulins, Monte-Carlo"),
        ("place casino", "Place du Casino, Monte-Carlo"),
        ("eze", "Èze"),
        ("ÈZE", "Èze"),
        ("cap d'ail", "Cap-d'Ail"),
        ("la turbie", "La Turbie"),
        ("monaco", "Monaco"),
        ("4 bis rue de la colle", "4bis Rue de la Colle, Monaco"),
        ("4bis rue de la colle", "4bis Rue de la Colle, Monaco"),
        ("4 rue de la colle", "4 Rue de la Colle, Monaco"),
        ("rue de la colle 4", "4 Rue de la Colle, Monaco"),
        ("9 rue terrazzani", "7-9 Rue Terrazzani, Monaco"),
    ],
)
def test_what_people_type_finds_what_they_mean(index: AddressIndex, text: str, label: str) -> None:
    """Case, accents, word order, short forms and unfinished words do not matter."""
    assert labels(index, text)[0] == label


def test_the_nearer_of_two_equal_names_comes_first(index: AddressIndex) -> None:
    """Two towns have a Rue Grimaldi; where the caller is decides."""
    here = index.search("rue grimaldi", near=CASINO)
    there = index.search("rue grimaldi", near=ROQUEBRUNE)
    assert here[0].label == "Rue Grimaldi, La Condamine"
    assert there[0].label == "Rue Grimaldi, Roquebrune-Cap-Martin"


def test_some_of_the_words_are_better_than_nothing(index: AddressIndex) -> None:
    """A word the map does not know leaves a PARTIAL match."""
    [first, *_] = index.search("rue xyzzy grimaldi")
    assert first.label.startswith("Rue Grimaldi")
    assert first.quality is AddressQuality.PARTIAL


def test_no_address_comes_twice(index: AddressIndex) -> None:
    """The entrances of 25 Avenue Albert II are one address."""
    found = [label for label in labels(index, "25 avenue albert ii") if "Monaco" in label]
    assert found == ["25 Avenue Albert II, Monaco"]


def test_the_limit_is_kept(index: AddressIndex) -> None:
    """One to fifty results; less than one is one, more than fifty is fifty."""
    assert len(index.search("rue", limit=3)) == 3
    assert len(index.search("rue", limit=-4)) == 1
    assert len(index.search("rue", limit=10_000)) == 50


@pytest.mark.parametrize("text", ["", "   ", "?!;", "_", "qwertzuiop", "\x00", "́"])
def test_nothing_like_an_address_finds_nothing(index: AddressIndex, text: str) -> None:
    """No words, or words nobody knows."""
    assert index.search(text) == []


@pytest.mark.parametrize(
    "text",
    [
        '"',
        '" OR "',
        "rue*",
        "NEAR(rue grimaldi)",
        "label:rue",
        "rue AND",
        "^rue",
        "-rue",
        "(rue",
        "{a b}: c",
    ],
)
def test_full_text_syntax_is_only_words(index: AddressIndex, text: str) -> None:
    """Operators of the query language mean nothing in a search box."""
    index.search(text)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=300))
def test_any_text_can_be_searched(index: AddressIndex, text: str) -> None:
    """Nothing a person can paste raises."""
    assert len(index.search(text)) <= 10


def test_several_threads_may_search_at_once(index: AddressIndex) -> None:
    """Eight threads get the answers one gets."""
    expected = labels(index, "rue grimaldi")
    wrong: list[list[str]] = []

    def search() -> None:
        for _ in range(30):
            if (found := labels(index, "rue grimaldi")) != expected:
                wrong.append(found)

    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_missing_index_says_so(tmp_path: Path) -> None:
    """Opening nothing does not create an empty index."""
    with pytest.raises(MapError, match="no address index"):
        AddressIndex(tmp_path / "none.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_the_index_is_a_plain_sqlite_file(demo_map: CompiledMap) -> None:
    """Other tools can read the entries."""
    connection = system_sqlite.connect(demo_map.files.addresses)
    try:
        [(count,)] = connection.execute("SELECT count(*) FROM entry WHERE kind = 'STREET'")
    finally:
        connection.close()
    assert count == demo_map.info.counts.streets
