"""A line of travel times comes back as it was, or not at all."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.travel.osrm_wire import LONGEST_S
from slotsvc.travel.shared_line import (
    MOST_ENTRIES,
    Line,
    LineSeal,
    codes_of,
    is_sound,
    merged,
)

SECRET = bytes(range(32))
SEAL = LineSeal(SECRET)
NAME = SEAL.name("map", outward=True, code=7)

places = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180))
metres = st.floats(0, 1e7, allow_nan=False)
times = st.integers(0, LONGEST_S) | st.just(UNREACHABLE)
entries = st.lists(st.tuples(places, times, metres), max_size=30)


def line_of(own: float, found: list[tuple[Location, int, float]]) -> Line:
    """A line of what was found."""
    return merged(
        own,
        codes_of([place for place, _, _ in found]),
        np.array([seconds for _, seconds, _ in found], dtype=np.int32),
        np.array([snap for _, _, snap in found], dtype=np.float64),
    )


def a_line(count: int = 100) -> Line:
    """So many places."""
    return line_of(3.5, [(Location(43.0, n / 1e4), 60 * n, n / 7) for n in range(count)])


@given(metres, entries)
def test_a_line_comes_back_as_it_was(own: float, found: list[tuple[Location, int, float]]) -> None:
    """Every place, second and metre, to the last bit."""
    line = line_of(own, found)
    opened = SEAL.opened(NAME, SEAL.sealed(NAME, line))

    assert opened is not None
    assert opened.own_snap_m == own
    assert opened.codes.tolist() == line.codes.tolist()
    assert opened.seconds.tolist() == line.seconds.tolist()
    assert opened.snap_m.tolist() == line.snap_m.tolist()


@given(places, places)
def test_different_places_have_different_numbers(one: Location, other: Location) -> None:
    """A place's number is its own, the poles and the date line included."""
    first, second = codes_of([one, other]).tolist()

    assert (first == second) == (one == other)


def test_neighbours_a_millionth_of_a_degree_apart_are_told_apart() -> None:
    """The grid of places is the grid of the numbers."""
    row = [Location(48.123456, (i - 50) / 1e6) for i in range(100)]
    column = [Location((i - 50) / 1e6, 179.999999) for i in range(100)]

    assert len(set(codes_of(row + column).tolist())) == 200


def test_no_changed_byte_is_believed() -> None:
    """One bit turned anywhere, bytes cut off or put behind: the line is not opened."""
    sealed = SEAL.sealed(NAME, a_line())
    dice = random.Random(1)

    for at in range(len(sealed)):
        turned = bytearray(sealed)
        turned[at] ^= 1 << dice.randrange(8)
        assert SEAL.opened(NAME, bytes(turned)) is None
    for length in range(0, len(sealed), 7):
        assert SEAL.opened(NAME, sealed[:length]) is None
    assert SEAL.opened(NAME, sealed + b"\0") is None


@pytest.mark.parametrize("foreign", [b"", b"12", b"\0" * 4096, b'{"a": 1}', b"x" * 500_000])
def test_what_is_not_ours_is_not_believed(foreign: bytes) -> None:
    """Numbers, JSON, zeros, and far too much of anything."""
    assert SEAL.opened(NAME, foreign) is None


def test_a_line_is_good_under_its_own_name_only() -> None:
    """Another map, direction, place, or other replicas' secret: not opened."""
    sealed = SEAL.sealed(NAME, a_line())
    others = [
        SEAL.name("another map", outward=True, code=7),
        SEAL.name("map", outward=False, code=7),
        SEAL.name("map", outward=True, code=8),
    ]

    assert len({NAME, *others}) == 4
    assert [SEAL.opened(name, sealed) for name in others] == [None] * 3
    assert LineSeal(b"0" * 32).opened(NAME, sealed) is None
    assert LineSeal(b"0" * 32).name("map", outward=True, code=7) != NAME
    assert LineSeal(SECRET).opened(NAME, sealed) is not None


@pytest.mark.parametrize("seconds", [-1, LONGEST_S + 1, UNREACHABLE - 1, UNREACHABLE + 1, -(2**31)])
def test_no_impossible_time_is_believed(seconds: int) -> None:
    """Also when it carries our seal: a defect of another version must not spread."""
    line = a_line(3)
    wrong = Line(1.0, line.codes, np.array([0, seconds, 5], dtype=np.int32), line.snap_m)

    assert not is_sound(wrong)
    assert SEAL.opened(NAME, SEAL.sealed(NAME, wrong)) is None


@pytest.mark.parametrize("snap", [-0.1, float("nan"), float("inf")])
def test_no_impossible_distance_is_believed(snap: float) -> None:
    """To the road of the line's own place, and of any other."""
    line = a_line(2)
    snaps = np.array([1.0, snap])

    for wrong in (
        Line(snap, line.codes, line.seconds, line.snap_m),
        Line(1.0, line.codes, line.seconds, snaps),
    ):
        assert SEAL.opened(NAME, SEAL.sealed(NAME, wrong)) is None


def test_places_out_of_order_are_not_believed() -> None:
    """A place that stands twice, or before a smaller one, could be found with a wrong time."""
    line = a_line(3)
    for codes in (line.codes[::-1], line.codes[[0, 0, 1]]):
        wrong = Line(1.0, np.ascontiguousarray(codes), line.seconds, line.snap_m)
        assert SEAL.opened(NAME, SEAL.sealed(NAME, wrong)) is None


def test_another_format_is_not_believed() -> None:
    """A later version's lines are foreign to this one."""
    plain = struct.pack("<Bd", 2, 1.0)
    nonce = b"\0" * 12
    sealed = nonce + SEAL._cipher.encrypt(nonce, plain, NAME)

    assert SEAL.opened(NAME, sealed) is None


def test_newer_times_win_and_the_rest_stays() -> None:
    """Two replicas' lines become one; too long a one keeps what is new."""
    old = line_of(1.0, [(Location(1, 1), 10, 1.0), (Location(2, 2), 20, 2.0)])
    new = line_of(1.5, [(Location(2, 2), 21, 2.5), (Location(3, 3), 30, 3.0)])

    both = old.with_newer(new)
    there, where = both.at(codes_of([Location(1, 1), Location(2, 2), Location(9, 9)]))

    assert both.own_snap_m == 1.5
    assert there.tolist() == [True, True, False]
    assert both.seconds[where[:2]].tolist() == [10, 21]
    assert both.codes.size == 3
    assert a_line(MOST_ENTRIES).with_newer(new).codes.size == 2


def test_neither_names_nor_values_tell_where_clients_live() -> None:
    """No coordinate, in degrees or as a number, stands in what Redis gets."""
    home = Location(43.739190, 7.427790)
    code = int(codes_of([home])[0])
    name = SEAL.name("map", outward=True, code=code)
    sealed = SEAL.sealed(name, line_of(1.0, [(home, 5, 1.0)]))

    for told in (name, sealed):
        for spelled in (b"43.7391", b"7.4277", str(code).encode(), code.to_bytes(8, "little")):
            assert spelled not in told
