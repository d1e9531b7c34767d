"""Finding addresses without a network: an SQLite full-text index built from the extract."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite3

from slotsvc.domain.place import Location, great_circle_m
from slotsvc.travel.address_words import (
    MAX_WORDS,
    asked_numbers,
    is_number,
    match_expression,
    number_keys,
    number_words,
    words,
)
from slotsvc.travel.map_info import MapError
from slotsvc.travel.nearby_places import NearbyPlaces
from slotsvc.travel.osm_extract import HouseNumber, NamedPlace, OsmExtract
from slotsvc.travel.street_joining import joined_streets

ADDRESS_INDEX_VERSION = 2
"""Part of the map id: another layout means another map."""

MAX_RESULTS = 50
_CANDIDATES = 300
_FAR_M = 1e9

_SCHEMA = """
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, name TEXT NOT NULL,
    number TEXT NOT NULL, lat REAL NOT NULL, lon REAL NOT NULL);
CREATE VIRTUAL TABLE entry_words USING fts5(
    words, content='', tokenize='unicode61 remove_diacritics 2', prefix='2 3');
"""
_SEARCH = """
SELECT e.kind, e.label, e.name, e.number, e.lat, e.lon, bm25(entry_words)
FROM entry_words JOIN entry e ON e.id = entry_words.rowid
WHERE entry_words MATCH ? ORDER BY bm25(entry_words), e.id LIMIT ?
"""


class AddressKind(Enum):
    """What was found."""

    HOUSE = "HOUSE"
    STREET = "STREET"
    PLACE = "PLACE"


class AddressQuality(Enum):
    """How well it fits. EXACT: all words, and the house number if one was asked for. STREET: the
    street, but its house number is not in the map. PARTIAL: only some of the words."""

    EXACT = "EXACT"
    STREET = "STREET"
    PARTIAL = "PARTIAL"


@dataclass(frozen=True, slots=True)
class Address:
    """A search result; ``label`` is one line for people."""

    label: str
    location: Location
    kind: AddressKind
    quality: AddressQuality


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: AddressKind
    label: str
    name: str
    number: str
    location: Location
    indexed_words: tuple[str, ...] = ()
    rank: float = 0.0


class AddressIndex:
    """Searches an index that ``build_address_index`` wrote. Safe to use from several threads.

    Raises ``MapError`` when there is none at ``path``.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise MapError(f"no address index here: {path}")
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        self._lock = threading.Lock()

    def search(self, text: str, limit: int = 10, near: Location | None = None) -> list[Address]:
        """At most ``limit`` addresses (1 to 50), best first; nearer to ``near`` first among equals.

        Case and accents do not matter, the last word may be unfinished, common short forms (bd, av)
        are understood. No words, or nothing like them, gives an empty list.
        """
        asked = words(text)[:MAX_WORDS]
        if not asked:
            return []
        found: dict[tuple[str, int, int], Address] = {}
        for quality, entries in self._attempts(asked):
            for entry in sorted(entries, key=lambda e: _order(e, asked, near)):
                address = Address(entry.label, entry.location, entry.kind, quality)
                found.setdefault(_sameness(entry), address)
            if found:
                break
        return list(found.values())[: max(1, min(limit, MAX_RESULTS))]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _attempts(self, asked: list[str]) -> Iterator[tuple[AddressQuality, list[_Entry]]]:
        """Ever looser readings of the query."""
        numbers = asked_numbers(asked)
        exact = self._match(match_expression(asked))
        yield AddressQuality.EXACT, [e for e in exact if _has_number(e, numbers, asked)]
        street = [word for word in asked if not is_number(word)]
        if numbers and street:
            streets = self._match(match_expression(street))
            yield AddressQuality.STREET, [e for e in streets if e.kind is not AddressKind.HOUSE]
        half = self._match(match_expression(asked, any_word=True))
        yield AddressQuality.PARTIAL, [e for e in half if _shares_half(e, street or asked)]

    def _match(self, expression: str) -> list[_Entry]:
        with self._lock:
            rows = self._connection.execute(_SEARCH, (expression, _CANDIDATES)).fetchall()
        return [
            _Entry(AddressKind(kind), label, name, number, Location(lat, lon), (), rank)
            for kind, label, name, number, lat, lon, rank in rows
        ]


def _sameness(entry: _Entry) -> tuple[str, int, int]:
    """Entrances of one building share a label and a few 100 m; streets far apart only a label."""
    return entry.label, round(entry.location.lat * 200), round(entry.location.lon * 200)


def _has_number(entry: _Entry, numbers: frozenset[str], asked: list[str]) -> bool:
    """Houses must have the number asked for; one still being typed (the last word) may grow."""
    if not numbers or entry.kind is not AddressKind.HOUSE:
        return True
    keys = number_keys(entry.number)
    typing = is_number(asked[-1]) and any(key.startswith(asked[-1]) for key in keys)
    return bool(keys & numbers) or typing


def _shares_half(entry: _Entry, asked: list[str]) -> bool:
    held = words(entry.label)
    shared = sum(any(word.startswith(part) for word in held) for part in asked)
    return entry.kind is not AddressKind.HOUSE and 2 * shared >= len(asked)


def _order(entry: _Entry, asked: list[str], near: Location | None) -> tuple[float, ...]:
    """Smaller is better: number, words in the name, other words, kind, distance, word rank."""
    numbers = asked_numbers(asked)
    wrong_number = bool(numbers) and not number_keys(entry.number) & numbers
    street = [word for word in asked if not is_number(word)]
    name = words(entry.name)
    not_in_name = sum(not any(word.startswith(part) for word in name) for part in street)
    extra_words = sum(word not in street for word in name)
    kind = (AddressKind.PLACE, AddressKind.STREET, AddressKind.HOUSE).index(entry.kind)
    distance = great_circle_m(entry.location, near) if near else _FAR_M
    return (wrong_number, not_in_name, extra_words, kind, distance, entry.rank)


def build_address_index(extract: OsmExtract, path: Path) -> tuple[int, int, int]:
    """Write the index to ``path``, a new file; numbers of streets, house numbers, named places."""
    nearby = NearbyPlaces(extract.places)
    streets = list(_street_entries(extract, nearby))
    houses = list(_house_entries(extract, nearby))
    places = [_place_entry(place) for place in extract.places]
    connection = sqlite3.connect(str(path))
    try:
        with connection:
            _write(connection, [*streets, *houses, *places])
    finally:
        connection.close()
    return len(streets), len(houses), len(places)


def _write(connection: sqlite3.Connection, entries: Iterable[_Entry]) -> None:
    connection.executescript(_SCHEMA)
    for number, entry in enumerate(entries, start=1):
        at = (entry.location.lat, entry.location.lon)
        row = (number, entry.kind.value, entry.label, entry.name, entry.number, *at)
        connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute(
            "INSERT INTO entry_words (rowid, words) VALUES (?, ?)",
            (number, " ".join(entry.indexed_words)),
        )
    connection.execute("INSERT INTO entry_words (entry_words) VALUES ('optimize')")


def _street_entries(extract: OsmExtract, nearby: NearbyPlaces) -> Iterator[_Entry]:
    for street in joined_streets(extract.streets):
        at = street.location
        area = nearby.nearest(at)
        label = f"{street.name}, {area}" if area else street.name
        indexed = words(" ".join([label, *nearby.towns(at)]))
        yield _Entry(AddressKind.STREET, label, street.name, "", at, tuple(indexed))


def _house_entries(extract: OsmExtract, nearby: NearbyPlaces) -> Iterator[_Entry]:
    for house in extract.house_numbers:
        street = house.street or extract.street_of.get(house.osm_id)
        if street:
            yield _house_entry(house, street, nearby)


def _house_entry(house: HouseNumber, street: str, nearby: NearbyPlaces) -> _Entry:
    at = house.location
    town = " ".join(part for part in (house.postcode, house.city or nearby.nearest(at)) if part)
    line = f"{house.number} {street}"
    label = f"{line}, {town}" if town else line
    towns = [] if house.city else nearby.towns(at)
    indexed = [*number_words(house.number), *words(" ".join([street, town, *towns]))]
    return _Entry(AddressKind.HOUSE, label, street, house.number, at, tuple(indexed))


def _place_entry(place: NamedPlace) -> _Entry:
    at = place.location
    return _Entry(AddressKind.PLACE, place.name, place.name, "", at, tuple(words(place.name)))
