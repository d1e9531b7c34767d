"""A backup is whole, or it is refused: cut off, changed, or stuffed with something else (F15)."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import stat
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slotsvc.store.archive import (
    MANIFEST,
    ArchiveError,
    Manifest,
    check_archive,
    members_of,
    unpack_archive,
    write_archive,
)
from slotsvc.store.heads import Head

MADE = datetime(2030, 6, 3, 7, 0, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files that do not compress well."""
    chance = random.Random(1)
    made = []
    for name, size in (("slotsvc.db", 40_000), ("portal.db", 9_000)):
        file = tmp_path / "copied" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(chance.randbytes(size))
        made.append(file)
    return made


@pytest.fixture
def manifest(files: list[Path]) -> Manifest:
    heads = {"acme": Head(7, b"\x01" * 32)}
    return Manifest("1.0", MADE, "sqlite", "0011", 0, 12, heads, members_of(files))


@pytest.fixture
def archive(tmp_path: Path, files: list[Path], manifest: Manifest) -> Path:
    target = tmp_path / "copy.tar.gz"
    write_archive(target, manifest, files)
    return target


def test_what_went_in_comes_out(archive: Path, files: list[Path], tmp_path: Path) -> None:
    """Byte for byte, for its owner only, and so is the archive."""
    out = tmp_path / "out"
    out.mkdir()

    manifest = unpack_archive(archive, out)

    assert manifest == check_archive(archive)
    assert (manifest.position, manifest.heads["acme"].entries) == (12, 7)
    for file in files:
        assert (out / file.name).read_bytes() == file.read_bytes()
        assert stat.S_IMODE((out / file.name).stat().st_mode) == 0o600
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert sorted(p.name for p in archive.parent.iterdir()) == ["copied", "copy.tar.gz", "out"]


def test_an_archive_is_never_overwritten(
    archive: Path, files: list[Path], manifest: Manifest
) -> None:
    """What is there may be the only copy."""
    before = archive.read_bytes()
    with pytest.raises(ArchiveError, match="exists already"):
        write_archive(archive, manifest, files)
    assert archive.read_bytes() == before


def test_a_torn_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    """Cut off anywhere, also where nothing but the end marks are missing."""
    whole = archive.read_bytes()
    torn = tmp_path / "torn.tar.gz"
    for length in (0, 1, 20, 300, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        torn.write_bytes(whole[:length])
        with pytest.raises(ArchiveError, match=r"torn\.tar\.gz"):
            check_archive(torn)


def test_a_changed_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    """One byte, wherever it is; the time in the header of gzip says nothing."""
    whole = archive.read_bytes()
    changed = tmp_path / "changed.tar.gz"
    for place in range(10, len(whole), 997):
        raw = bytearray(whole)
        raw[place] ^= 0x10
        changed.write_bytes(raw)
        with pytest.raises(ArchiveError):
            check_archive(changed)


def repacked(archive: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """The archive with members put in, replaced, or (None) left out; its packing is sound."""
    with tarfile.open(archive) as tar:
        held = {m.name: tar.extractfile(m) for m in tar.getmembers()}
        found = {name: source.read() for name, source in held.items() if source is not None}
    with gzip.open(target, "wb") as raw, tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in (found | change).items():
            if data is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    return target


def told_of(**changed: object) -> bytes:
    """A manifest of nothing, some of it nonsense."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return json.dumps(Manifest("1", made, "sqlite", "1", 0, 0, {}, {}).as_json() | changed).encode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slotsvc.db": b"forged"}, "not what was copied"),
        ({"portal.db": None}, "portal.db is missing"),
        ({"../escaped": b"x"}, "its manifest does not name"),
        ({MANIFEST: None}, "begin with a manifest"),
        ({MANIFEST: b"{}"}, "not a whole backup"),
        ({MANIFEST: b'{"format": 99}'}, "format 99"),
        ({MANIFEST: told_of(files=[])}, "not a whole backup"),
        ({MANIFEST: told_of(position=1e999)}, "not a whole backup"),
    ],
)
def test_a_stuffed_archive_is_refused(
    archive: Path, tmp_path: Path, change: dict[str, bytes | None], why: str
) -> None:
    """Nothing is written outside the directory, nothing is used that was not promised."""
    out = tmp_path / "inside" / "out"
    out.mkdir(parents=True)
    with pytest.raises(ArchiveError, match=why):
        unpack_archive(repacked(archive, tmp_path / "stuffed.tar.gz", change), out)
    assert not (out.parent / "escaped").exists()


def test_a_manifest_cannot_name_other_files(
    archive: Path, tmp_path: Path, manifest: Manifest
) -> None:
    """Names with directories in them are not followed, whatever their checksums."""
    told = json.dumps(
        replace(manifest, files={"../escaped": manifest.files["slotsvc.db"]}).as_json()
    ).encode()
    out = tmp_path / "inside" / "out"
    out.mkdir(parents=True)
    with pytest.raises(ArchiveError, match="no backup has"):
        unpack_archive(repacked(archive, tmp_path / "stuffed.tar.gz", {MANIFEST: told}), out)
    assert os.listdir(out.parent) == ["out"]
