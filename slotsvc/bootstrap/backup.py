"""What a backup is made of: which of the settings' files, copied in which order."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from slotsvc.config import Settings
from slotsvc.store.archive import (
    ArchiveError,
    Manifest,
    members_of,
    write_archive,
    writing,
)
from slotsvc.store.facts import facts_of
from slotsvc.store.sqlite_copy import copy_database

type Told = Callable[[str, float], None]
"""Progress: the stage, and the fraction done, 0 to 1."""


def back_up(
    settings: Settings, target: Path, made: datetime, *, with_keys: bool, told: Told
) -> Manifest:
    """Writes the backup ``target`` while service and portal may run. ``made``: now.

    The portal's tables are copied first: what they refer to is then in the copy of the service's.
    ``with_keys``: the key rings too; whoever has such a backup can open every client's pages.
    Raises ``StoreOpenError`` (``ArchiveError``, ``CopyError``); then there is no ``target``.
    """
    if target.exists():
        raise ArchiveError(f"{target} exists already")
    if settings.database_url is not None:
        raise ArchiveError(
            "the database is PostgreSQL: copy it with pg_dump or pg_basebackup, and keep the heads "
            "of its audit chains with the copy (slotsvc verify --write-heads)"
        )
    if not settings.database_file.is_file():
        raise ArchiveError(f"there is no database {settings.database_file} to copy")
    with writing(target), _staging(target) as staging:
        told("copying", 0.1)
        databases = list(_copies(settings, staging))
        told("copying keys", 0.5)
        keys = list(_keys(settings, staging)) if with_keys else []
        told("packing", 0.6)
        manifest = _manifest([*databases, *keys], staging / "slotsvc.db", made)
        write_archive(target, manifest, [*databases, *keys])
    told("done", 1.0)
    return manifest


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A private directory beside the target, gone afterwards."""
    staging = Path(tempfile.mkdtemp(prefix=".slotsvc-backup-", dir=target.absolute().parent))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _copies(settings: Settings, staging: Path) -> Iterator[Path]:
    portal = settings.portal_database_file
    for source, name in ((portal, "portal.db"), (settings.database_file, "slotsvc.db")):
        if source.is_file():
            copy_database(source, staging / name)
            yield staging / name


def _keys(settings: Settings, staging: Path) -> Iterator[Path]:
    for name, source in key_files(settings).items():
        if source.is_file():
            copied = staging / name
            copied.touch(0o600)
            copied.write_bytes(source.read_bytes())
            yield copied


def key_files(settings: Settings) -> dict[str, Path]:
    """The key rings, by their names in a backup."""
    return {
        "keys.json": settings.key_ring_file,
        "portal-keys.json": settings.portal_key_ring_file,
        "portal-service-keys.json": settings.portal_service_keys_file,
    }


def _manifest(files: list[Path], database: Path, made: datetime) -> Manifest:
    facts = facts_of(database)
    return Manifest(
        version("slotsvc"),
        made.replace(microsecond=0),
        "sqlite",
        facts.revision,
        facts.epoch,
        facts.position,
        facts.heads,
        members_of(files),
    )
