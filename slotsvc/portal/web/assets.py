"""Static files, read once: under a name with their hash for ever, under their plain name asked for
anew each time (RFC 8246 immutable; RFC 9110 entity tags)."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
_HASH_DIGITS = 12
_SMALLEST_PACKED = 600
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED = (".js", ".mjs", ".css", ".html", ".json", ".svg")


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file. ``packed``: the same, gzipped; None where that does not pay."""

    name: str
    content: bytes = field(repr=False)
    packed: bytes | None = field(repr=False)
    media_type: str
    hash: str

    @property
    def hashed_name(self) -> str:
        """ "vendor/htmx.min.1f2e3d4c5b6a.js"."""
        path = PurePosixPath(self.name)
        return str(path.with_name(f"{path.stem}.{self.hash}{path.suffix}"))


class Assets:
    """All files below ``static``."""

    def __init__(self, directory: Path = STATIC) -> None:
        files = sorted(path for path in directory.rglob("*") if path.is_file())
        found = [_read(path, path.relative_to(directory).as_posix()) for path in files]
        self._plain = {asset.name: asset for asset in found}
        self._hashed = {asset.hashed_name: asset for asset in found}

    def url(self, name: str) -> str:
        """The address of a file by its plain name. Raises ``KeyError`` for one that is missing."""
        return PREFIX + self._plain[name].hashed_name

    def find(self, name: str) -> tuple[Asset, str] | None:
        """The file of a hashed or plain name, with its Cache-Control; None: there is none."""
        if (asset := self._hashed.get(name)) is not None:
            return asset, FOR_EVER
        if (asset := self._plain.get(name)) is not None:
            return asset, ASK_AGAIN
        return None


def _read(path: Path, name: str) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
    packs = path.suffix in _PACKED and len(content) >= _SMALLEST_PACKED
    packed = gzip.compress(content, mtime=0) if packs else None
    return Asset(name, content, packed, _media_type(path), digest)


def _media_type(path: Path) -> str:
    guessed, _ = mimetypes.guess_type(path.name)
    return _TYPES.get(path.suffix) or guessed or "application/octet-stream"
