"""One line of travel times as replicas share it: from one place to many, or from many to one.

Sealed with AES-256-GCM under a key that only the replicas have, and bound to its map, direction and
place: what anybody else wrote, damaged or put under another name does not open. So no coordinates
stand in the cache either, neither in names nor in values.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.travel.osrm_wire import LONGEST_S

Codes = NDArray[np.int64]
Seconds = NDArray[np.int32]
Metres = NDArray[np.float64]

MOST_ENTRIES = 16_384
"""Of one line; 20 bytes each."""
_HEAD = struct.Struct("<Bd")
_FORMAT = 1
_ENTRY_BYTES = 8 + 4 + 8
_NONCE_BYTES, _TAG_BYTES = 12, 16
_LONGEST = _NONCE_BYTES + _HEAD.size + MOST_ENTRIES * _ENTRY_BYTES + _TAG_BYTES


@dataclass(frozen=True, slots=True)
class Line:
    """``codes`` of the other places, strictly ascending; their ``seconds`` and ``snap_m``.

    ``own_snap_m``: metres from the line's own place to its road.
    """

    own_snap_m: float
    codes: Codes
    seconds: Seconds
    snap_m: Metres

    def at(self, codes: Codes) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Which of ``codes`` the line knows, and where; where it does not, any index."""
        if not self.codes.size:
            return np.zeros(codes.size, dtype=np.bool_), np.zeros(codes.size, dtype=np.intp)
        where = np.minimum(np.searchsorted(self.codes, codes), self.codes.size - 1)
        return self.codes[where] == codes, where

    def with_newer(self, newer: Line) -> Line:
        """Both; ``newer`` where both know. It alone when together they would be too long."""
        together = merged(
            newer.own_snap_m,
            np.concatenate([newer.codes, self.codes]),
            np.concatenate([newer.seconds, self.seconds]),
            np.concatenate([newer.snap_m, self.snap_m]),
        )
        return together if together.codes.size <= MOST_ENTRIES else newer


def merged(own_snap_m: float, codes: Codes, seconds: Seconds, snap_m: Metres) -> Line:
    """A line in order; of a place that stands there twice the first."""
    ordered, first = np.unique(codes, return_index=True)
    return Line(own_snap_m, ordered, seconds[first], snap_m[first])


def codes_of(places: Sequence[Location]) -> Codes:
    """One number for each place, exact: places are rounded to a millionth of a degree."""
    lat = np.array([place.lat for place in places], dtype=np.float64)
    lon = np.array([place.lon for place in places], dtype=np.float64)
    north = np.rint((lat + 90.0) * 1e6).astype(np.int64)
    east = np.rint((lon + 180.0) * 1e6).astype(np.int64)
    return north * 360_000_001 + east


class LineSeal:
    """Seals and opens lines. ``secret``: 32 bytes that the replicas share and nobody else has."""

    def __init__(self, secret: bytes) -> None:
        both = HKDF(SHA256(), 64, salt=None, info=b"slotsvc shared travel times").derive(secret)
        self._cipher, self._naming = AESGCM(both[:32]), both[32:]

    def name(self, map_id: str, *, outward: bool, code: int) -> bytes:
        """The opaque name of a line: from the place of ``code`` (``outward``), or towards it."""
        what = f"{_FORMAT} {'from' if outward else 'to'} {code} {map_id}".encode()
        digest = hashlib.blake2b(what, digest_size=16, key=self._naming)
        return digest.hexdigest().encode()

    def sealed(self, name: bytes, line: Line) -> bytes:
        """The line's bytes, good under this name only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        arrays = (line.codes, line.seconds, line.snap_m)
        plain = _HEAD.pack(_FORMAT, line.own_snap_m) + b"".join(a.tobytes() for a in arrays)
        return nonce + self._cipher.encrypt(nonce, plain, name)

    def opened(self, name: bytes, data: bytes) -> Line | None:
        """The line; None: these bytes are none of ours, or are not sound."""
        if not _NONCE_BYTES + _HEAD.size + _TAG_BYTES <= len(data) <= _LONGEST:
            return None
        try:
            plain = self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], name)
        except InvalidTag:
            return None
        return _read(plain)


def _read(plain: bytes) -> Line | None:
    """What was sealed by another version of ours, or by a defect of ours, is not believed."""
    form, own_snap_m = _HEAD.unpack_from(plain)
    count, left = divmod(len(plain) - _HEAD.size, _ENTRY_BYTES)
    if form != _FORMAT or left:
        return None
    at = _HEAD.size
    codes = np.frombuffer(plain, np.int64, count, at)
    seconds = np.frombuffer(plain, np.int32, count, at + 8 * count)
    snap_m = np.frombuffer(plain, np.float64, count, at + 12 * count)
    line = Line(own_snap_m, codes, seconds, snap_m)
    return line if is_sound(line) else None


def is_sound(line: Line) -> bool:
    """Whether these can be travel times at all."""
    in_range = (line.seconds >= 0) & ((line.seconds <= LONGEST_S) | (line.seconds == UNREACHABLE))
    snaps = np.append(line.snap_m, line.own_snap_m)
    return (
        bool(np.all(in_range))
        and bool(np.all(np.isfinite(snaps) & (snaps >= 0.0)))
        and bool(np.all(np.diff(line.codes) > 0))
    )
