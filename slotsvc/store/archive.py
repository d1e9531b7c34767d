"""A backup: one ``.tar.gz`` of copied files, and a manifest that says what they are.

The manifest comes first and has the size and SHA-256 of every file, the revision of the tables, the
epoch and the heads of the audit chains. An archive appears under its name only when it is whole and
on the disk; one that was cut off or changed afterwards is told from a whole one before anything of
it is used.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from slotsvc.store.errors import StoreOpenError
from slotsvc.store.heads import Heads, heads_as_json, heads_from_json
from slotsvc.store.sqlite_copy import sync

FORMAT = 1
MANIFEST = "manifest.json"
NAMES = ("slotsvc.db", "portal.db", "keys.json", "portal-keys.json", "portal-service-keys.json")
"""What an archive may hold."""

_LARGEST_MANIFEST = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_NOT_WHOLE = (
    tarfile.TarError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError,
    ArithmeticError, RecursionError,
)  # fmt: skip


class ArchiveError(StoreOpenError):
    """A backup could not be written, or is not whole. The message says why."""

    reason = "BACKUP"


class OccupiedError(ArchiveError):
    """Something is there already."""

    reason = "OCCUPIED"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup: its size in bytes and its SHA-256, hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of. ``made``: when, UTC. ``engine``: sqlite; of other databases an archive
    holds no copy, only what stands here. ``revision``: of the tables. ``position``: of the newest
    event."""

    version: str
    made: datetime
    engine: str
    revision: str
    epoch: int
    position: int
    heads: Heads
    files: Mapping[str, Member]

    def as_json(self) -> dict[str, Any]:
        """As it stands in the archive."""
        return {
            "format": FORMAT,
            "slotsvc": self.version,
            "made": self.made.isoformat(),
            "engine": self.engine,
            "revision": self.revision,
            "epoch": self.epoch,
            "position": self.position,
            "audit_heads": heads_as_json(self.heads),
            "files": {name: asdict(member) for name, member in self.files.items()},
        }


def manifest_from_json(told: Any) -> Manifest:
    """Raises ``ArchiveError`` for what another format has, ``ValueError`` and its like for what is
    no manifest."""
    if told["format"] != FORMAT:
        raise ArchiveError(f"it has format {told['format']}, this slotsvc reads {FORMAT}")
    return Manifest(
        told["slotsvc"],
        datetime.fromisoformat(told["made"]),
        told["engine"],
        told["revision"],
        int(told["epoch"]),
        int(told["position"]),
        heads_from_json(told["audit_heads"]),
        {str(name): Member(**member) for name, member in told["files"].items()},
    )


def members_of(files: Sequence[Path]) -> dict[str, Member]:
    """Sizes and checksums, by name."""
    return {file.name: Member(file.stat().st_size, _sha256(file)) for file in files}


def write_archive(target: Path, manifest: Manifest, files: Sequence[Path]) -> None:
    """Writes ``target``, mode 0600, whole or not at all, and reads it back. Raises
    ``ArchiveError`` when it exists, or there is no room for it."""
    if target.exists():
        raise ArchiveError(f"{target} exists already")
    with writing(target):
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as raw:
                _pack(raw, manifest, files)
                raw.flush()
                os.fsync(raw.fileno())
            check_archive(part)
            part.replace(target)
            sync(target.parent)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Says in one sentence why a file could not be written."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or f"{error}").lower()
        raise ArchiveError(
            f"{target} could not be written: {why}; nothing was left there"
        ) from error


def check_archive(archive: Path) -> Manifest:
    """Reads all of it. Raises ``ArchiveError`` unless every byte is as it was written."""
    with _members(archive) as (manifest, members):
        for name, source in members:
            _copy(source, None, name, manifest.files[name])
    return manifest


def unpack_archive(archive: Path, directory: Path) -> Manifest:
    """Puts its files, checked, into an empty directory, mode 0600. Raises ``ArchiveError``."""
    with _members(archive) as (manifest, members):
        for name, source in members:
            made = os.open(directory / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(made, "wb") as target:
                _copy(source, target, name, manifest.files[name])
                target.flush()
                os.fsync(target.fileno())
    return manifest


def _pack(raw: IO[bytes], manifest: Manifest, files: Sequence[Path]) -> None:
    told = json.dumps(manifest.as_json(), indent=1, sort_keys=True).encode()
    with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1) as tar:
        head = _entry(MANIFEST, len(told), manifest.made)
        tar.addfile(head, io.BytesIO(told))
        for file in files:
            with file.open("rb") as source:
                entry = _entry(file.name, file.stat().st_size, manifest.made)
                tar.addfile(entry, source)


def _entry(name: str, size: int, made: datetime) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(made.timestamp())
    return entry


@contextmanager
def _members(archive: Path) -> Iterator[tuple[Manifest, Iterator[tuple[str, IO[bytes]]]]]:
    try:
        with gzip.open(archive) as raw, tarfile.open(fileobj=raw, mode="r|") as tar:
            manifest = _manifest(tar)
            yield manifest, _promised(tar, manifest)
            while raw.read(_CHUNK):  # only at its end does gzip compare its own checksum
                pass
    except ArchiveError as error:
        raise ArchiveError(f"{archive} is not a whole backup: {error.message}") from None
    except _NOT_WHOLE as error:
        raise ArchiveError(f"{archive} is not a whole backup: {error}") from error
    except OSError as error:
        why = error.strerror or f"{error}"
        raise ArchiveError(f"{archive} cannot be read as a backup: {why}") from error


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    source = None if first is None else tar.extractfile(first)
    if first is None or source is None or first.name != MANIFEST or first.size > _LARGEST_MANIFEST:
        raise ArchiveError("it does not begin with a manifest")
    return manifest_from_json(json.loads(source.read()))


def _promised(tar: tarfile.TarFile, manifest: Manifest) -> Iterator[tuple[str, IO[bytes]]]:
    """What the manifest names, once each and all of it; its names are the only ones used."""
    left = set(manifest.files)
    if not left <= set(NAMES):
        raise ArchiveError("its manifest names files that no backup has")
    while (entry := tar.next()) is not None:
        source = tar.extractfile(entry)
        if source is None or entry.name not in left:
            raise ArchiveError("it holds something that its manifest does not name")
        left.remove(entry.name)
        yield entry.name, source
    if left:
        raise ArchiveError(f"{', '.join(sorted(left))} is missing")


def _copy(source: IO[bytes], target: IO[bytes] | None, name: str, promised: Member) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size > promised.bytes:
            break
        if target is not None:
            target.write(chunk)
    if (size, digest.hexdigest()) != (promised.bytes, promised.sha256):
        raise ArchiveError(f"{name} is not what was copied")


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
