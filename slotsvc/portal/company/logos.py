"""Logos: PNG only, judged by their bytes, decoded under limits, stored drawn anew.

What a company uploads is never served: pixels are decoded and encoded again, so text chunks,
trailing files, animations and colour profiles stay behind (ASVS 5.2; Pillow alone only warns of a
small file that unpacks to gigabytes).
"""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from slotsvc.portal.tables.schema import BUSINESS_UNITS, LOGOS
from slotsvc.portal.unit_settings import BusinessUnitSettings

MAX_BYTES = 1024 * 1024
MAX_SIDE = 2000
MAX_PIXELS = 4_000_000
KEPT_SIDE = 800  # pages show at most 176 CSS pixels; telephones have 3 for each

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DECODING = threading.Semaphore(1)  # at most one picture in memory


class LogoProblem(StrEnum):
    """Why a file is not taken."""

    TOO_HEAVY = "LOGO_TOO_HEAVY"  # more than 1 MiB
    NOT_A_PNG = "NOT_A_PNG"
    TOO_LARGE = "LOGO_TOO_LARGE"  # more than 2000 pixels a side, or 4 million in all
    BROKEN = "LOGO_BROKEN"  # a PNG that does not decode


class LogoError(Exception):
    """The file is not taken; ``problem`` says why."""

    def __init__(self, problem: LogoProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo drawn anew. ``png``: its file; ``width`` and ``height`` in pixels, at most 800."""

    png: bytes = b""
    width: int = 0
    height: int = 0

    @property
    def sha256(self) -> str:
        """Its name: the hash of the file, hex."""
        return hashlib.sha256(self.png).hexdigest()


def drawn_anew(upload: bytes) -> Logo:
    """The picture of ``upload``, in a file of our own making. Run it in a thread.

    Raises ``LogoError``. Size and dimensions are judged before anything is decoded.
    """
    if len(upload) > MAX_BYTES:
        raise LogoError(LogoProblem.TOO_HEAVY)
    _check_header(upload)
    with _DECODING, warnings.catch_warnings():
        warnings.filterwarnings("error", module=r"PIL\.")
        try:
            return _redrawn(upload)
        except LogoError:
            raise
        except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
            raise LogoError(LogoProblem.BROKEN) from error
        except (Warning, struct.error, zlib.error, Image.DecompressionBombError) as error:
            raise LogoError(LogoProblem.BROKEN) from error


def keep(connection: Connection, business_unit: str, logo: Logo) -> str:
    """Stores the logo for a draft; gives its hash. The same file is stored once."""
    row = {
        "sha256": logo.sha256,
        "business_unit": business_unit,
        "png": logo.png,
        "width": logo.width,
        "height": logo.height,
    }
    connection.execute(insert(LOGOS).values(row).on_conflict_do_nothing())
    return logo.sha256


def forget_unused(connection: Connection) -> None:
    """Deletes logos that neither the settings in force nor a draft of any unit names."""
    units = connection.execute(select(BUSINESS_UNITS.c.live, BUSINESS_UNITS.c.draft)).all()
    used = set(_logos_of(each for unit in units for each in unit if each is not None))
    connection.execute(delete(LOGOS).where(LOGOS.c.sha256.not_in(used)))


def logo_png(connection: Connection, sha256: str) -> bytes | None:
    """The file of a stored logo; None: no such logo."""
    query = select(LOGOS.c.png).where(LOGOS.c.sha256 == sha256)
    return connection.execute(query).scalar_one_or_none()


def _logos_of(stored: Iterable[dict[str, object]]) -> Iterable[str]:
    for each in stored:
        logo = BusinessUnitSettings.from_json(each).logo
        if logo is not None:
            yield logo


def _check_header(upload: bytes) -> None:
    """Signature and IHDR by hand: no decoder has seen the file yet."""
    if len(upload) < 33 or upload[:8] != _SIGNATURE or upload[12:16] != b"IHDR":
        raise LogoError(LogoProblem.NOT_A_PNG)
    width, height = struct.unpack(">II", upload[16:24])
    if not width or not height:
        raise LogoError(LogoProblem.BROKEN)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise LogoError(LogoProblem.TOO_LARGE)


def _redrawn(upload: bytes) -> Logo:
    with Image.open(io.BytesIO(upload), formats=["PNG"]) as image:
        if max(image.size) > MAX_SIDE or image.width * image.height > MAX_PIXELS:
            raise LogoError(LogoProblem.TOO_LARGE)
        image.load()
        pixels = image.convert("RGBA")
    pixels.thumbnail((KEPT_SIDE, KEPT_SIDE))
    bare = Image.frombytes("RGBA", pixels.size, pixels.tobytes())  # no chunk comes along
    drawn = io.BytesIO()
    bare.save(drawn, "PNG", optimize=True)
    return Logo(drawn.getvalue(), bare.width, bare.height)
