"""One file of named NumPy arrays that says whose they are and notices damage.

Layout: a magic line, the header's length (8 bytes, little endian), the header (JSON: identity, and
of each array its type, shape and place), the arrays, each at a multiple of 64 bytes, and a digest
of all that. The arrays of a read file are views into the mapped file: pages come as they are used,
and processes share them.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from threading import get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"slotsvc arrays 1\n"
_ALIGNED = 64
_DIGEST_BYTES = 32
_TYPES = {"int32": np.int32, "uint8": np.uint8, "int64": np.int64, "float64": np.float64}

Arrays = Mapping[str, NDArray[Any]]


class ArrayFileError(Exception):
    """A file of arrays is missing, damaged, or not what was asked for; the text says which."""


def write_arrays(path: Path, identity: Mapping[str, str | int], arrays: Arrays) -> None:
    """Write ``arrays`` to ``path`` under its final name only when complete.

    ``identity``: whatever a reader must find equal. Types: int32, int64, uint8, float64.
    """
    places, size = _places(arrays)
    header = json.dumps({"identity": dict(identity), "arrays": places}).encode()
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    aside = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.part")
    try:
        with aside.open("wb") as file:
            for part in _parts(header, places, arrays, size):
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def read_arrays(path: Path, identity: Mapping[str, str | int]) -> dict[str, NDArray[Any]]:
    """The read-only arrays of ``path``, by name.

    Every entry of ``identity`` must be in the file, equal. Raises ``ArrayFileError``.
    """
    try:
        content: NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
    except FileNotFoundError:
        raise ArrayFileError(f"{path.name} is missing") from None
    except (OSError, ValueError) as error:
        raise ArrayFileError(f"{path.name} cannot be read: {error}") from None
    _require_whole(path, content)
    header, begin = _header(content)
    _require_identity(path, header["identity"], identity)
    return {
        name: _view(content, begin + offset, dtype, tuple(shape))
        for name, (dtype, shape, offset) in header["arrays"].items()
    }


def _places(arrays: Arrays) -> tuple[dict[str, tuple[str, list[int], int]], int]:
    """Type, shape and offset from the arrays' beginning by name, and the bytes they all take."""
    places: dict[str, tuple[str, list[int], int]] = {}
    offset = 0
    for name, array in arrays.items():
        if array.dtype.name not in _TYPES:
            raise ValueError(f"{name}: arrays of {array.dtype} are not stored")
        places[name] = (array.dtype.name, list(array.shape), offset)
        offset = _aligned(offset + array.nbytes)
    return places, offset


def _parts(
    header: bytes, places: dict[str, tuple[str, list[int], int]], arrays: Arrays, size: int
) -> list[bytes]:
    """The file's bytes in order, all but the digest."""
    head = _MAGIC + len(header).to_bytes(8, "little") + header
    parts = [head, bytes(_aligned(len(head)) - len(head))]
    ends = [*(offset for _, _, offset in places.values()), size][1:]
    for (name, (_, _, offset)), end in zip(places.items(), ends, strict=True):
        little = np.ascontiguousarray(arrays[name]).astype(arrays[name].dtype.newbyteorder("<"))
        parts += [little.tobytes(), bytes(end - offset - little.nbytes)]
    return parts


def _require_whole(path: Path, content: NDArray[np.uint8]) -> None:
    if content[: len(_MAGIC)].tobytes() != _MAGIC:
        raise ArrayFileError(f"{path.name} is of another format")
    digest = hashlib.blake2b(content[:-_DIGEST_BYTES].data, digest_size=_DIGEST_BYTES)
    if digest.digest() != content[-_DIGEST_BYTES:].tobytes():
        raise ArrayFileError(f"{path.name} is damaged")


def _header(content: NDArray[np.uint8]) -> tuple[dict[str, Any], int]:
    """The header of a file that is whole, and where the arrays begin."""
    at = len(_MAGIC) + 8
    length = int.from_bytes(content[at - 8 : at].tobytes(), "little")
    return json.loads(content[at : at + length].tobytes()), _aligned(at + length)


def _require_identity(
    path: Path, found: Mapping[str, Any], expected: Mapping[str, str | int]
) -> None:
    for name, value in expected.items():
        if found.get(name) != value:
            other = f"{found.get(name)}, not {value}"
            raise ArrayFileError(f"{path.name} is of another {name.replace('_', ' ')} ({other})")


def _view(
    content: NDArray[np.uint8], begin: int, dtype: str, shape: tuple[int, ...]
) -> NDArray[Any]:
    kind = np.dtype(_TYPES[dtype]).newbyteorder("<")
    size = kind.itemsize * math.prod(shape)
    # A plain array, not a memmap: slices of a memmap cost microseconds each.
    return np.asarray(content[begin : begin + size]).view(kind).reshape(shape)


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNED) * _ALIGNED
