"""A route's travel block as bytes.

Layout: magic, CRC-32 of all that follows, length of the header (both little-endian uint32), the
header as JSON (map, provenance, places in micro-degrees), then m x m little-endian int32 seconds,
row-major.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.travel_port import Provenance

_MAGIC = b"TB1\n"
_FRAME = struct.Struct("<4sI")
_LENGTH = struct.Struct("<I")
_SECONDS = np.dtype("<i4")


def to_bytes(block: TravelBlock) -> bytes:
    """The stored form. Raises ``ValueError`` when the table is not square over the places."""
    size = len(block.places)
    if block.seconds.shape != (size, size):
        raise ValueError("a travel block needs one row and one column for each place")
    header = json.dumps(
        {
            "map": block.map_id,
            "provenance": block.provenance.value,
            "places": [[micro_degrees(p.lat), micro_degrees(p.lon)] for p in block.places],
        },
        separators=(",", ":"),
    ).encode()
    seconds = np.ascontiguousarray(block.seconds, dtype=_SECONDS).tobytes()
    body = _LENGTH.pack(len(header)) + header + seconds
    return _FRAME.pack(_MAGIC, zlib.crc32(body)) + body


def from_bytes(stored: bytes, known: Iterable[Location] = ()) -> TravelBlock:
    """The block; its array is read-only. ``known``: places that may be among its own, taken as they
    are. Raises ``ValueError`` when the bytes were damaged."""
    return _unpacked(stored, tuple(known))


@lru_cache(1024)  # a route is read several times for each booking, its block seldom changes
def _unpacked(stored: bytes, known: tuple[Location, ...]) -> TravelBlock:
    if len(stored) < _FRAME.size:
        raise ValueError("a stored travel block was cut off")
    magic, checksum = _FRAME.unpack_from(stored)
    body = stored[_FRAME.size :]
    if magic != _MAGIC or zlib.crc32(body) != checksum:
        raise ValueError("a stored travel block was damaged")
    end = _LENGTH.size + _LENGTH.unpack_from(body)[0]
    header = json.loads(body[_LENGTH.size : end])
    met = {(micro_degrees(p.lat), micro_degrees(p.lon)): p for p in known}
    places = tuple(met.get((lat, lon)) or place(lat, lon) for lat, lon in header["places"])
    seconds = np.frombuffer(body, _SECONDS, offset=end).reshape(len(places), len(places))
    return TravelBlock(
        places,
        seconds.astype(np.int32, copy=False),
        header["map"],
        Provenance(header["provenance"]),
    )


def micro_degrees(degrees: float) -> int:
    """A coordinate of a ``Location`` as an exact whole number."""
    return round(degrees * 1e6)


def place(lat_e6: int, lon_e6: int) -> Location:
    """The ``Location`` whose coordinates were stored as micro-degrees."""
    return Location(lat_e6 / 1e6, lon_e6 / 1e6)
