"""The keys of slot tokens: a file of mode 0600, two keys valid, shared by replicas.

The first key seals, both open. ``rotate`` puts a new key in front, so tokens made with the key
before stay good until the next rotation. The file is made at the first start, in one step: of two
processes that start at once, one makes it and both use it.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import tempfile
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
ID_BYTES = 4
VALID_KEYS = 2

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyRingError(Exception):
    """The key file is not safe to use, or is no key file."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One AES-256 key. Its bytes never show in a ``repr``."""

    id: bytes
    cipher: AESGCM
    secret: bytes


class KeyRing:
    """The keys in ``path``, newest first. Read again when a token names a key it does not know.

    Raises ``KeyRingError`` for a file that group or others may touch, or that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = (0, 0)
        self._keys: tuple[Key, ...] = ()
        self.reload()

    @classmethod
    def open_or_create(cls, path: Path) -> KeyRing:
        """The ring at ``path``; a new one of one key when there is none. Makes the directory."""
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(path, [_new_key()])
        return cls(path)

    @property
    def newest(self) -> Key:
        """The key that seals."""
        return self._keys[0]

    def find(self, key_id: bytes) -> Key | None:
        """The key of that id, looking at the file again if it changed; None: not one of ours."""
        return self._known(key_id) or (self._known(key_id) if self._reload_if_changed() else None)

    def rotate(self) -> None:
        """A new key seals from now on, the one before still opens, older ones are gone."""
        self.reload()
        _replace(self._path, [_new_key(), *self._keys][:VALID_KEYS])
        self.reload()

    def reload(self) -> None:
        """Read the file again."""
        keys, self._stamp = _read(self._path)
        self._keys = keys

    def _known(self, key_id: bytes) -> Key | None:
        return next((key for key in self._keys if key.id == key_id), None)

    def _reload_if_changed(self) -> bool:
        try:
            if _stamp(self._path.stat()) == self._stamp:
                return False
            self.reload()
        except (OSError, KeyRingError):
            # a broken file must not take away the keys that are loaded
            return False
        return True


def _new_key() -> Key:
    secret = AESGCM.generate_key(bit_length=KEY_BYTES * 8)
    return Key(secrets.token_bytes(ID_BYTES), AESGCM(secret), secret)


def _read(path: Path) -> tuple[tuple[Key, ...], tuple[int, int]]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_mode & _OTHERS:
                raise KeyRingError(
                    f"{path} must be a file that only its owner may touch: chmod 600"
                )
            return _parsed(path, file.read(1 << 16)), _stamp(status)
    except OSError as error:
        raise KeyRingError(f"{path} cannot be read: {error.strerror}") from None


def _parsed(path: Path, text: bytes) -> tuple[Key, ...]:
    try:
        entries = json.loads(text)["keys"]
        keys = tuple(_key(entry["id"], entry["key"]) for entry in entries[:VALID_KEYS])
    except (ValueError, KeyError, TypeError):
        raise KeyRingError(f"{path} is no key file") from None
    if not keys:
        raise KeyRingError(f"{path} holds no key")
    return keys


def _key(key_id: str, secret: str) -> Key:
    raw_id, raw_secret = bytes.fromhex(key_id), b64decode(secret, validate=True)
    if len(raw_id) != ID_BYTES or len(raw_secret) != KEY_BYTES:
        raise ValueError("wrong length")
    return Key(raw_id, AESGCM(raw_secret), raw_secret)


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_mtime_ns


def _create(path: Path, keys: list[Key]) -> None:
    written = _written_beside(path, keys)
    try:
        os.link(written, path)
    except FileExistsError:
        pass  # another process was first: its file is as good
    finally:
        written.unlink()
    _sync_directory(path.parent)


def _replace(path: Path, keys: list[Key]) -> None:
    _written_beside(path, keys).replace(path)
    _sync_directory(path.parent)


def _written_beside(path: Path, keys: list[Key]) -> Path:
    entries = [{"id": key.id.hex(), "key": b64encode(key.secret).decode()} for key in keys]
    # mkstemp makes the file with mode 0600 before anything is in it
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump({"keys": entries}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
