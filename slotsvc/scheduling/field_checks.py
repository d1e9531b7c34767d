"""Looks at every field of a request and collects all that is wrong, so that a caller mends it once.

A failed check records a violation and gives a harmless stand-in, so that the reading goes on; no
stand-in gets out, because leaving the ``with`` block raises:

    with Violations() as wrong:
        name = wrong.text("team.display_name", team.display_name, 200, required=True)
        ...
    # here everything is right
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from types import TracebackType
from typing import Self
from zoneinfo import available_timezones

from slotsvc.domain.errors import InvalidRequestError, Violation

MAX_ID_LENGTH = 63
MAX_TAG_LENGTH = 40
MAX_REQUEST_ID_LENGTH = 100

_ID = re.compile(r"[a-z0-9_-]{1,63}")
_TAG = re.compile(r"[a-z0-9-]{1,40}")
_LEVEL = re.compile(r"[1-9]")
_LINE_BREAKS = frozenset("\n\r\t")
_TURNS_TEXT_AROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Violations:
    """Collects wrong fields. Used as a context manager it raises ``InvalidRequestError`` at the end
    of the block when there are any."""

    def __init__(self) -> None:
        self._found: list[Violation] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.raise_if_any()

    @property
    def found(self) -> Sequence[Violation]:
        """What is wrong so far, in the order it was looked at."""
        return tuple(self._found)

    def add(self, path: str, reason: str) -> None:
        """``path``: such as ``request.allowed_windows[1].end_time``. ``reason``: what was expected,
        without the value that was sent."""
        self._found.append(Violation(path, reason))

    def raise_if_any(self) -> None:
        """Raises ``InvalidRequestError`` with everything found."""
        if self._found:
            raise InvalidRequestError(self._found)

    def text(
        self, path: str, value: str, longest: int, *, required: bool = False, lines: bool = False
    ) -> str:
        """A text of at most ``longest`` characters without control characters.

        ``required``: something other than white space. ``lines``: line breaks are fine.
        """
        if required and not value.strip():
            self.add(path, "required")
        elif len(value) > longest:
            self.add(path, f"at most {longest} characters")
        elif _has_control_characters(value, _LINE_BREAKS if lines else frozenset()):
            self.add(path, "no control characters")
        return value

    def id(self, path: str, value: str) -> str:
        """An id: 1 to 63 of a-z, 0-9, "-", "_"."""
        if not is_id(value):
            self.add(path, f'1 to {MAX_ID_LENGTH} of a-z, 0-9, "-", "_"')
        return value

    def request_id(self, value: str, path: str = "request_id") -> str:
        """The caller's id of a mutation."""
        return self.text(path, value, MAX_REQUEST_ID_LENGTH, required=True)

    def number(
        self, path: str, value: float, least: float, most: float, *, decimals: int | None = None
    ) -> float:
        """A finite number from ``least`` to ``most``, both included; ``least`` when it is not.

        ``decimals``: most digits behind the point; None: any.
        """
        if not (math.isfinite(value) and least <= value <= most):
            self.add(path, f"a number from {least:g} to {most:g}")
            return least
        if decimals is not None and abs(round(value, decimals) - value) > 1e-9:
            self.add(path, f"at most {decimals} decimals")
        return value

    def whole(self, path: str, value: int, least: int, most: int, unset: int) -> int:
        """A whole number from ``least`` to ``most``; 0 is unset and gives ``unset``."""
        if value == 0:
            return unset
        if not least <= value <= most:
            self.add(path, f"{least} to {most}")
            return unset
        return value

    def count(self, path: str, values: Collection[object], most: int, least: int = 0) -> bool:
        """Whether a list has from ``least`` to ``most`` items."""
        if least <= len(values) <= most:
            return True
        self.add(path, f"{least} to {most} items" if least else f"at most {most} items")
        return False

    def tags(
        self,
        path: str,
        values: Sequence[str],
        most: int,
        known: Collection[str] | None,
        word: str = "tag",
    ) -> frozenset[str]:
        """Distinct tags. ``known``: those of the tenant; None: any well-formed one is fine.

        ``word``: what they are called to the caller; sectors are written like tags.
        """
        if not self.count(path, values, most):
            return frozenset()
        for index, tag in enumerate(values):
            self.tag(f"{path}[{index}]", tag, known, word)
        self.distinct(path, values)
        return frozenset(values)

    def tag(self, path: str, value: str, known: Collection[str] | None, word: str = "tag") -> str:
        """One tag; as in ``tags``."""
        if not _TAG.fullmatch(value):
            self.add(path, f'1 to {MAX_TAG_LENGTH} of a-z, 0-9, "-"')
        elif known is not None and value not in known:
            self.add(path, f"the tenant has no {word} {value}")
        return value

    def requirements(
        self, path: str, values: Sequence[str], most: int, known: Collection[str] | None
    ) -> frozenset[str]:
        """Distinct requirements: a tag, or a tag with the least level, such as "gas:2"."""
        if not self.count(path, values, most):
            return frozenset()
        for index, value in enumerate(values):
            tag, colon, level = value.partition(":")
            if colon and not _LEVEL.fullmatch(level):
                self.add(f"{path}[{index}]", "a level from 1 to 9 behind the tag, as in gas:2")
            else:
                self.tag(f"{path}[{index}]", tag, known)
        self.distinct(path, values)
        return frozenset(values)

    def distinct(self, path: str, values: Iterable[object]) -> None:
        """No value stands in the list twice."""
        seen: set[object] = set()
        for index, value in enumerate(values):
            if value in seen:
                self.add(f"{path}[{index}]", "is there twice")
            seen.add(value)

    def zone(self, path: str, value: str, *, required: bool = False) -> str:
        """An IANA zone name; "" is unset."""
        if required and not value:
            self.add(path, "required")
        elif value and value not in known_zones():
            self.add(path, 'an IANA time zone such as "Europe/Monaco"')
        return value


def is_id(value: str) -> bool:
    """Whether ``value`` can be the id of a resource."""
    return _ID.fullmatch(value) is not None


@cache
def known_zones() -> frozenset[str]:
    """Every IANA zone this machine and the tzdata wheel know, read once."""
    return frozenset(available_timezones() - {"localtime", "posixrules"})


def _has_control_characters(value: str, allowed: frozenset[str]) -> bool:
    if value.isascii() and value.isprintable():  # tokens are long
        return False
    return any(
        (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _TURNS_TEXT_AROUND)
        and c not in allowed
        for c in value
    )
