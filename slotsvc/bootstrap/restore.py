"""Bringing a backup back: checked first, prepared beside its place, put there in one step a file.

What stood there before is moved into a directory beside it, never deleted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from slotsvc.bootstrap.backup import Told, key_files
from slotsvc.config import Settings
from slotsvc.portal.tables.migrate import PortalSchemaError
from slotsvc.portal.tables.restored import Settled, settle_restored
from slotsvc.portal.tables.sole_portal import PortalInUseError, sole_portal
from slotsvc.store import postgres_engine
from slotsvc.store.archive import ArchiveError, Manifest, OccupiedError, unpack_archive, writing
from slotsvc.store.audit import verify_chain
from slotsvc.store.database_clock import postgres_now, sqlite_now
from slotsvc.store.engine import reader_engine, sqlite_url, writer_engine
from slotsvc.store.epoch import begin_epoch
from slotsvc.store.errors import StoreLockedError, StoreOpenError, not_opened
from slotsvc.store.facts import facts_of
from slotsvc.store.file_lock import FileLock
from slotsvc.store.migrate import require, require_known, revision_of, upgrade
from slotsvc.store.sqlite_copy import refuse_unsound, sync

_BESIDE = ("", "-wal", "-shm", "-journal")
"""What belongs to a SQLite file: a log of another database would be played into the new one."""


@dataclass(frozen=True, slots=True)
class Restored:
    """``epoch``: the one that began. ``settled`` None: no portal. ``replaced``: where the files are
    that stood there before; None: none did. ``missing_keys``: key rings to be brought back."""

    manifest: Manifest
    epoch: int
    settled: Settled | None
    replaced: Path | None
    missing_keys: tuple[Path, ...]


def restore(
    settings: Settings, archive: Path, now: datetime, *, force: bool, told: Told
) -> Restored:
    """Puts the backup in the place of the settings' files. ``force``: also where there are some.

    Raises ``StoreOpenError``: ``StoreLockedError`` while a service or portal runs on the files,
    ``ArchiveError`` for a backup that is not whole, ``OccupiedError``. Nothing has changed then.
    """
    if settings.database_url is not None:
        raise ArchiveError(
            "the database is PostgreSQL: bring it back with its own tools, then say so: --in-place"
        )
    with ExitStack() as stack:
        staging = stack.enter_context(_staging(settings.database_file.parent))
        told("unpacking", 0.1)
        with writing(staging):
            manifest = unpack_archive(archive, staging)
        told("checking", 0.4)
        check_copy(staging / "slotsvc.db", manifest)
        _alone(stack, settings)
        places = _places(settings, manifest)
        _refuse_to_overwrite(places, force=force)
        told("beginning an epoch", 0.7)
        epoch = prepare(staging / "slotsvc.db", _known_epoch(settings.database_file))
        portal = staging / "portal.db"
        settled = _settled(portal, now) if portal.exists() else None
        told("putting it in place", 0.9)
        replaced = _put(staging, places, now)
    keys = [settings.key_ring_file, *([settings.portal_key_ring_file] if settled else [])]
    missing = tuple(key for key in keys if not key.exists())
    return Restored(manifest, epoch, settled, replaced, missing)


def check_copy(database: Path, manifest: Manifest) -> None:
    """Raises ``StoreOpenError`` unless the copy is sound and its audit chains hold, up to the heads
    of the manifest."""
    if not database.exists():
        raise ArchiveError(
            f"this backup holds no copy of a SQLite database: it is of {manifest.engine}"
        )
    refuse_unsound(database)
    facts = facts_of(database)
    require_known(facts.revision)
    if dict(facts.heads) != dict(manifest.heads):
        raise ArchiveError("the audit chains of the copy do not end as its manifest says")
    engine = reader_engine(database, 1)
    try:
        with engine.begin() as connection:
            for tenant, head in manifest.heads.items():
                found = verify_chain(connection, tenant)
                if found.broken_at is not None or found.head != head.hash:
                    where = found.broken_at or found.entries
                    raise ArchiveError(f"the audit chain of {tenant} is broken at entry {where}")
    finally:
        engine.dispose()


def prepare(database: Path, known: int) -> int:
    """Brings the tables up to date and begins an epoch above ``known``; gives its number. Closing
    the engine folds the write-ahead log into the file."""
    upgrade(sqlite_url(database))
    with FileLock(database):
        engine = writer_engine(database)
        try:
            with engine.begin() as connection:
                return begin_epoch(connection, sqlite_now(connection), known).number
        finally:
            engine.dispose()


def _settled(portal: Path, now: datetime) -> Settled:
    try:
        return settle_restored(portal, now)
    except PortalSchemaError as error:
        raise ArchiveError(str(error)) from error


def _begin_on_postgres(url: str) -> int:
    """The others are counted in the transaction that begins the epoch. The tables are left as they
    are: replicas of the version that made them could not start again on newer ones."""
    engine = postgres_engine.schema_engine(url)
    try:
        with engine.begin() as connection:
            _refuse_beside_others(connection)
            require(revision_of(connection))
            return begin_epoch(connection, postgres_now(connection)).number
    except DatabaseError as error:
        raise not_opened(error) from error
    finally:
        engine.dispose()


def _refuse_beside_others(connection: Connection) -> None:
    """Behind a lock on what every process reads first: who comes later waits, and is of the new
    epoch. Where it is missing nobody can be at work, and nobody begins."""
    if revision_of(connection) is not None:
        connection.exec_driver_sql(_NOBODY_JOINS)
    if others := connection.exec_driver_sql(_OTHERS).scalar_one():
        raise StoreLockedError(f"{others} connections of slotsvc are open there: stop all of them")


_NOBODY_JOINS = "LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"
_OTHERS = f"""
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = '{postgres_engine.NAME}'
AND pid <> pg_backend_pid()
"""


def begin_in_place(settings: Settings) -> int:
    """For a database that was brought back by other means: only begins the epoch. Raises
    ``StoreOpenError``."""
    if settings.database_url is not None:
        return _begin_on_postgres(settings.database_url.get_secret_value())
    if not settings.database_file.is_file():
        raise ArchiveError(f"there is no database {settings.database_file}")
    return prepare(settings.database_file, 0)


def _alone(stack: ExitStack, settings: Settings) -> None:
    stack.enter_context(FileLock(settings.database_file))
    try:
        stack.enter_context(sole_portal(settings.portal_database_file))
    except PortalInUseError as error:
        raise StoreLockedError(str(error)) from error


def _places(settings: Settings, manifest: Manifest) -> dict[str, Path]:
    """Where each file of the backup belongs."""
    databases = {"slotsvc.db": settings.database_file, "portal.db": settings.portal_database_file}
    every = databases | key_files(settings)
    return {name: every[name] for name in manifest.files}


def _refuse_to_overwrite(places: dict[str, Path], *, force: bool) -> None:
    there = [str(place) for place in places.values() if place.exists()]
    if there and not force:
        raise OccupiedError(f"{', '.join(there)} would be replaced")


def _known_epoch(database: Path) -> int:
    """Of the store that is replaced; 0 where it cannot be read any more."""
    if not database.exists():
        return 0
    with suppress(StoreOpenError):
        return facts_of(database).epoch
    return 0


@contextmanager
def _staging(home: Path) -> Iterator[Path]:
    """A private directory in ``home``, gone afterwards. Raises ``ArchiveError``."""
    with writing(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        staging = Path(tempfile.mkdtemp(prefix=".slotsvc-restore-", dir=home))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _put(staging: Path, places: dict[str, Path], now: datetime) -> Path | None:
    """Each file is first brought beside its place, which may be on another disk, or read-only. Only
    when all are there is anything replaced."""
    replaced = None
    with _beside(staging, places) as parts:
        for part, place in parts.items():
            aside = place.parent / f"replaced-{now:%Y%m%dT%H%M%SZ}"
            if _set_aside(place, aside):
                replaced = aside
            part.replace(place)
            sync(place.parent)
    return replaced


@contextmanager
def _beside(staging: Path, places: dict[str, Path]) -> Iterator[dict[Path, Path]]:
    """The new files by their places' neighbours, gone afterwards. Raises ``ArchiveError``."""
    parts: dict[Path, Path] = {}
    try:
        for name, place in places.items():
            with writing(place):
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                part = place.with_name(f".{place.name}.restored")
                parts[part] = place
                shutil.move(staging / name, part)
                part.chmod(0o600)
                sync(part)
        yield parts
    finally:
        for part in parts:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _set_aside(place: Path, aside: Path) -> bool:
    """Whether anything was there. The database itself goes last: its log never stands alone."""
    found = [f for end in reversed(_BESIDE) if (f := place.with_name(place.name + end)).exists()]
    for file in found:
        aside.mkdir(mode=0o700, exist_ok=True)
        file.rename(aside / file.name)
    return bool(found)
