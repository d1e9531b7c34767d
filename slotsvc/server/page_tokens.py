"""Page tokens: where the next page begins, good for the same question only.

Opaque to clients (https://google.aip.dev/158), but no secret: they say no more than the last name
the client has seen, and a made-up one only moves the beginning.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from slotsvc.scheduling.field_checks import Violations

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000

type Position = tuple[str | int, ...]

_LONGEST = 1000
_DIGEST_BYTES = 9


def page_token(question: str, position: Sequence[str | int]) -> str:
    """``question``: everything that chooses and orders the answers, page size apart."""
    body = json.dumps([*position], separators=(",", ":"), ensure_ascii=False).encode()
    return urlsafe_b64encode(_digest(question) + body).rstrip(b"=").decode()


def read_page_token(
    wrong: Violations, question: str, token: str, shape: tuple[type[str | int], ...]
) -> Position | None:
    """The position in ``token``; None for the first page ("") and when it is a violation.

    ``shape``: the types that the position must have.
    """
    if not token:
        return None
    position = _position(question, token)
    if position is None or tuple(map(type, position)) != shape:
        wrong.add("page_token", "is not from an answer to the same question")
        return None
    return position


def page_size(wrong: Violations, value: int) -> int:
    """0 is unset."""
    return wrong.whole("page_size", value, 1, LARGEST_PAGE_SIZE, DEFAULT_PAGE_SIZE)


def _position(question: str, token: str) -> Position | None:
    if len(token) > _LONGEST:
        return None
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        position = json.loads(raw[_DIGEST_BYTES:])
    except (ValueError, RecursionError):
        return None
    if raw[:_DIGEST_BYTES] != _digest(question) or not isinstance(position, list):
        return None
    return tuple(position)


def _digest(question: str) -> bytes:
    return hashlib.sha256(question.encode()).digest()[:_DIGEST_BYTES]
