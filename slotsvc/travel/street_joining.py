"""Streets are mapped in pieces: pieces with one name that touch or nearly touch are one street."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from slotsvc.domain.place import Location
from slotsvc.travel.address_words import folded
from slotsvc.travel.osm_extract import StreetPiece

_CELL_DEGREES = 0.003
"""About 300 m: carriageways and gaps at squares are narrower."""


@dataclass(frozen=True, slots=True)
class Street:
    """A street and one point on it, near its middle."""

    name: str
    location: Location


def joined_streets(pieces: Iterable[StreetPiece]) -> Iterator[Street]:
    """One ``Street`` for each group of pieces, ordered by name."""
    by_name: defaultdict[str, list[StreetPiece]] = defaultdict(list)
    for piece in pieces:
        by_name[folded(piece.name)].append(piece)
    for name in sorted(by_name):
        for group in _groups(by_name[name]):
            yield Street(group[0].name, _middle(group))


def _groups(pieces: Sequence[StreetPiece]) -> list[list[StreetPiece]]:
    """Connected components over shared nodes and neighbouring cells (union-find)."""
    leader = list(range(len(pieces)))

    def root(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    first_with: dict[object, int] = {}
    for i, piece in enumerate(pieces):
        for mark in _marks(piece):
            leader[root(first_with.setdefault(mark, i))] = root(i)
    groups: defaultdict[int, list[StreetPiece]] = defaultdict(list)
    for i, piece in enumerate(pieces):
        groups[root(i)].append(piece)
    return list(groups.values())


def _marks(piece: StreetPiece) -> Iterator[object]:
    """Two pieces with a mark in common belong together."""
    yield from piece.nodes
    for point in (piece.points[0], piece.points[len(piece.points) // 2], piece.points[-1]):
        row, column = int(point.lat // _CELL_DEGREES), int(point.lon // _CELL_DEGREES)
        for d_row in (0, 1):
            for d_column in (0, 1):
                yield row + d_row, column + d_column


def _middle(group: Sequence[StreetPiece]) -> Location:
    points = [point for piece in group for point in piece.points]
    lat = sum(point.lat for point in points) / len(points)
    lon = sum(point.lon for point in points) / len(points)
    return min(points, key=lambda p: ((p.lat - lat) ** 2 + (p.lon - lon) ** 2, p))
