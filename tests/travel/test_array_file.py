from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from slotsvc.travel.array_file import ArrayFileError, read_arrays, write_arrays

WHOSE = {"kind": "test", "map_id": "m1"}
ARRAYS: dict[str, NDArray[Any]] = {
    "few": np.arange(7, dtype=np.int32),
    "table": np.arange(12, dtype=np.float64).reshape(3, 4),
    "none": np.zeros((0, 2), dtype=np.int64),
    "flags": np.array([1, 0, 1], dtype=np.uint8),
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_arrays(tmp_path / "a.arrays", WHOSE, ARRAYS)
    return tmp_path / "a.arrays"


def test_what_is_written_is_read(written: Path) -> None:
    """Names, types, shapes and numbers come back, and nothing is left beside the file."""
    found = read_arrays(written, WHOSE)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert (found[name] == array).all()
    assert [path.name for path in written.parent.iterdir()] == ["a.arrays"]


def test_a_read_array_cannot_be_written(written: Path) -> None:
    """The arrays are views of a file that other processes map too."""
    with pytest.raises(ValueError, match="read-only"):
        read_arrays(written, WHOSE)["few"][0] = 1


def test_a_file_of_somebody_else_is_refused(written: Path) -> None:
    """Every part of the identity asked for must be there, equal; more may be there."""
    assert read_arrays(written, {"kind": "test"})
    with pytest.raises(ArrayFileError, match="another map id"):
        read_arrays(written, WHOSE | {"map_id": "m2"})
    with pytest.raises(ArrayFileError, match="another format"):
        read_arrays(written, WHOSE | {"format": 1})


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """As does an empty one, or a directory."""
    with pytest.raises(ArrayFileError, match=r"a\.arrays is missing"):
        read_arrays(tmp_path / "a.arrays", WHOSE)
    (tmp_path / "empty").touch()
    with pytest.raises(ArrayFileError, match="empty cannot be read"):
        read_arrays(tmp_path / "empty", WHOSE)
    with pytest.raises(ArrayFileError, match="cannot be read"):
        read_arrays(tmp_path, WHOSE)


def test_a_file_cut_short_anywhere_is_refused(written: Path) -> None:
    """Whether the header, an array or the digest lacks its end."""
    whole = written.read_bytes()
    for length in range(1, len(whole), 3):
        written.write_bytes(whole[:length])
        with pytest.raises(ArrayFileError, match=r"damaged|another format"):
            read_arrays(written, WHOSE)


def test_a_flipped_bit_anywhere_is_noticed(written: Path) -> None:
    """In the magic line, the header, the arrays, between them and in the digest."""
    whole = written.read_bytes()
    for at in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        written.write_bytes(flipped)
        with pytest.raises(ArrayFileError, match=r"damaged|another format"):
            read_arrays(written, WHOSE)


def test_writing_replaces_the_file_as_a_whole(written: Path) -> None:
    """A reader holds the old arrays or sees the new ones; two writers leave one whole file."""
    old = read_arrays(written, WHOSE)
    new = {"few": np.full(9, 3, dtype=np.int32)}
    writers = [threading.Thread(target=write_arrays, args=(written, WHOSE, new)) for _ in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (old["few"] == ARRAYS["few"]).all()
    assert (read_arrays(written, WHOSE)["few"] == 3).all()


def test_an_array_of_another_type_is_the_callers_mistake(tmp_path: Path) -> None:
    """It is refused by name, and no file is made."""
    with pytest.raises(ValueError, match="odd"):
        write_arrays(tmp_path / "a", WHOSE, {"odd": np.zeros(3, dtype=np.complex128)})
    assert not list(tmp_path.iterdir())
