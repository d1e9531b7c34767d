"""Everything that can go wrong, as the field says it. No status codes here.

SlotsvcError
├── InvalidRequestError      one or more fields are wrong; carries every violation
│   └── LostPositionError    a position of the time that a restore undid
├── NotImplementedFieldError a field of the contract that does not work yet
├── UnauthenticatedError     no key, or not one that is valid
├── PermissionDeniedError    the key's role may not do this
├── NotFoundError            no such thing (or somebody else's)
├── AlreadyExistsError       the id is taken
├── EtagMismatchError        changed since it was read
├── InUseError               cannot be deleted, something refers to it
├── IdempotencyKeyReusedError the request_id was used with another payload
├── SlotTokenError           the token is not ours, or was altered
├── SlotExpiredError         the offer lapsed
├── SlotGoneError            somebody else was faster; carries the nearest equivalents
├── HoldExpiredError         the hold lapsed before it was confirmed
├── HoldLimitError           one live hold per client and activity, one extension
├── TooManySearchesError     a client searches more often than it may
├── PlanWorseError           a hand-made move would break what is not broken; carries the routes
├── WrongStateError          the visit is not in a state that allows this
├── TravelError              no travel time can be had, not even an estimate
├── StoreBusyError           the store could not be written in time
├── OverloadedError          more calls than can be begun in time
├── TooManyWatchesError      as many watches run as one process has room for
├── ServiceStoppingError     this process ends; another, or the next, goes on
└── InvariantError           the checker disagrees: a defect of ours
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """One wrong field: a path such as ``request.windows[1].end_time`` and what was expected."""

    field: str
    reason: str


class SlotsvcError(Exception):
    """Base of all. ``reason`` is stable and UPPER_SNAKE; ``metadata`` holds no personal data."""

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = dict(metadata or {})


class InvalidRequestError(SlotsvcError):
    """One or more fields are wrong. Carries all of them, so that a caller mends them at once."""

    reason = "INVALID_REQUEST"

    def __init__(self, violations: Sequence[Violation]) -> None:
        text = "; ".join(f"{v.field}: {v.reason}" for v in violations)
        super().__init__(text or "invalid request")
        self.violations = tuple(violations)


class LostPositionError(InvalidRequestError):
    """A position of events that is not in this store's past: it was restored from a copy since.

    Whoever has it holds state that was undone: read everything anew, and begin from now.
    """

    reason = "RESYNC"

    def __init__(self, field: str) -> None:
        text = "is of a time that a restore undid: read the days anew and watch from now on"
        super().__init__([Violation(field, text)])


class NotImplementedFieldError(SlotsvcError):
    """A field of the contract that does not work yet was set. It is refused, never ignored."""

    reason = "FIELD_NOT_IMPLEMENTED"

    def __init__(self, field_path: str) -> None:
        super().__init__(f"{field_path} is reserved and does not work yet", {"field": field_path})


class UnauthenticatedError(SlotsvcError):
    """No key was sent, or not a valid one. Which of the two, and why, is not told."""

    reason = "UNAUTHENTICATED"


class PermissionDeniedError(SlotsvcError):
    """The key is valid, and its role may not do this."""

    reason = "PERMISSION_DENIED"


class NotFoundError(SlotsvcError):
    """No such resource, or one of another tenant: the two look alike on purpose."""

    reason = "NOT_FOUND"


class AlreadyExistsError(SlotsvcError):
    """The chosen id is taken."""

    reason = "ALREADY_EXISTS"


class EtagMismatchError(SlotsvcError):
    """The resource changed since the caller read it. Read again, then write."""

    reason = "ETAG_MISMATCH"


class InUseError(SlotsvcError):
    """Something still refers to the resource that was to be deleted."""

    reason = "IN_USE"


class IdempotencyKeyReusedError(SlotsvcError):
    """The request_id was used before with another payload. Nothing was done."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class SlotTokenError(SlotsvcError):
    """The slot token is not one of ours, was altered, or belongs to another caller."""

    reason = "SLOT_TOKEN_INVALID"


class SlotExpiredError(SlotsvcError):
    """The offer lapsed. Ask for slots again."""

    reason = "SLOT_EXPIRED"


class SlotGoneError(SlotsvcError):
    """Somebody else was faster. ``alternatives``: the nearest equivalents, best first."""

    reason = "SLOT_GONE"

    def __init__(self, message: str, alternatives: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.alternatives = tuple(alternatives)


class HoldExpiredError(SlotsvcError):
    """The hold lapsed before it was confirmed. The place may be gone; ask for slots again."""

    reason = "HOLD_EXPIRED"


class HoldLimitError(SlotsvcError):
    """One live hold per client and activity, one extension, 15 minutes in all."""

    reason = "HOLD_LIMIT"


class TooManySearchesError(SlotsvcError):
    """One client's searches within a minute are more than it may make."""

    reason = "TOO_MANY_SEARCHES"


class PlanWorseError(SlotsvcError):
    """The move would break rules, or break them more. Set override_reason to make it all the same.

    ``routes``: the touched routes with all that would be broken.
    """

    reason = "PLAN_WORSE"

    def __init__(self, message: str, routes: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.routes = tuple(routes)


class WrongStateError(SlotsvcError):
    """The visit or hold is not in a state that allows this. Do not retry."""

    reason = "WRONG_STATE"


class TravelError(SlotsvcError):
    """No travel time can be had, not even an estimate. Retry later."""

    reason = "TRAVEL_UNAVAILABLE"


COMMIT_UNKNOWN = "COMMIT_UNKNOWN"
"""Cause of a ``StoreBusyError``: what was asked for without a request_id may have been done."""


class StoreBusyError(SlotsvcError):
    """The store could not be written in time. Retry with the same request_id."""

    reason = "STORE_BUSY"


class OverloadedError(SlotsvcError):
    """More calls than can be begun in time: this one was not begun. Retry with the same request_id
    after ``retry_after``; None: as is usual for such errors."""

    reason = "OVERLOADED"

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyWatchesError(SlotsvcError):
    """As many watches run as one process has room for."""

    reason = "TOO_MANY_WATCHES"


class ServiceStoppingError(SlotsvcError):
    """This process ends. A watch is resumed from its last position, here or at another process."""

    reason = "SERVICE_STOPPING"


class InvariantError(SlotsvcError):
    """The independent checker disagrees with an answer: a defect of ours, nothing was written."""

    reason = "INVARIANT_BROKEN"
