"""Page tokens: where the next page begins, good for the same question only.

Opaque to clients (https://google.aip.dev/158). A position that says no more than the last name the
caller has seen is no secret, and a made-up one only moves the beginning. Where it says more (who
comes, in which order, how urgent), the token is sealed for its caller.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from slotsvc.domain.errors import SlotTokenError
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import principals
from slotsvc.server.slot_tokens import SlotSealer

PURPOSE = "page"
DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000

type Position = tuple[str | int, ...]

_LONGEST = 1000
_WRONG = "is not from an answer to the same question"
_DIGEST_BYTES = 9
_WHOLE = range(-(2**63), 2**63)
"""What the databases can compare."""


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
        wrong.add("page_token", _WRONG)
        return None
    return position


def seal_page_token(
    sealer: SlotSealer, tenant: str, question: str, position: Sequence[str | int]
) -> str:
    """As ``page_token``, for nobody to read, and for nobody but who asks now: staff share theirs
    within the tenant, a client's or technician's is that one's own."""
    payload = page_token(question, position).encode()
    return sealer.seal(payload, tenant=tenant, purpose=PURPOSE, caller=principals.subject())


def open_page_token(
    wrong: Violations,
    sealer: SlotSealer,
    tenant: str,
    question: str,
    token: str,
    shape: tuple[type[str | int], ...],
) -> Position | None:
    """As ``read_page_token``, of a sealed one. ``tenant`` "": none was named, which is told."""
    if not token or not tenant:
        return None
    try:
        caller = principals.subject()
        opened = sealer.open(token, purpose=PURPOSE, tenant=tenant, caller=caller)
    except SlotTokenError:
        wrong.add("page_token", _WRONG)
        return None
    return read_page_token(wrong, question, opened.payload.decode(), shape)


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
    return tuple(position) if all(map(_can_be_compared, position)) else None


def _can_be_compared(value: object) -> bool:
    """By a database: anybody can make a token that says anything else."""
    if isinstance(value, str):
        return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)
    return isinstance(value, int) and value in _WHOLE


def _digest(question: str) -> bytes:
    return hashlib.sha256(question.encode()).digest()[:_DIGEST_BYTES]
