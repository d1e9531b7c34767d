from __future__ import annotations

from slotsvc.domain.place import Location
from slotsvc.travel.osm_extract import StreetPiece
from slotsvc.travel.street_joining import joined_streets


def piece(name: str, nodes: tuple[int, ...], *at: tuple[float, float]) -> StreetPiece:
    return StreetPiece(name, nodes, tuple(Location(lat, lon) for lat, lon in at))


def test_pieces_that_share_a_node_are_one_street() -> None:
    """A long street mapped in two far-reaching pieces is one, with a point on it."""
    west = piece("Rue A", (1, 2), (43.0, 7.00), (43.0, 7.02))
    east = piece("Rue A", (2, 3), (43.0, 7.02), (43.0, 7.04))
    [street] = joined_streets([west, east])
    assert street.location == Location(43.0, 7.02)


def test_carriageways_beside_each_other_are_one_street() -> None:
    """No shared node, thirty metres apart."""
    there = piece("Avenue B", (1, 2), (43.0, 7.0), (43.0, 7.001))
    back = piece("Avenue B", (3, 4), (43.0003, 7.0), (43.0003, 7.001))
    assert len(list(joined_streets([there, back]))) == 1


def test_streets_of_two_towns_stay_two() -> None:
    """One name, ten kilometres apart, and another name next to the first."""
    here = piece("Rue C", (1, 2), (43.0, 7.0), (43.0, 7.001))
    far = piece("Rue C", (3, 4), (43.1, 7.0), (43.1, 7.001))
    other = piece("Rue D", (1, 5), (43.0, 7.0), (43.001, 7.0))
    assert [street.name for street in joined_streets([far, here, other])] == ["Rue C"] * 2 + [
        "Rue D"
    ]
