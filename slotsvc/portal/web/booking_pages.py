"""What the booking pages share: their desk, and the pages for what does not go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.booking.actions import Refusal, Verdict
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.holding import TooManyHoldsError, held_now
from slotsvc.portal.service.answers import Visit
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.web.errors import ElsewhereError
from slotsvc.portal.web.render import render
from slotsvc.portal.web.request import (
    bu_of,
    client_of,
    locale_of,
    own_path,
    portal_of,
    with_next,
)

_CONFLICT = 409
_GONE = 410
_TOO_MANY = 429


async def desk_of(request: Request) -> Desk:
    """The desk of the client who is signed in."""
    return await Desk.of(portal_of(request), client_of(request), locale_of(request))


def text_of(form: FormData, name: str) -> str:
    """A field of a form as text, "" where there is none."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def opened(request: Request, verdict: Verdict, visit: Visit | None) -> Response | None:
    """None where the action is open; else the page that says why not and what to do instead.

    Where a proof is needed the visitor is sent to give it, and comes back.
    """
    return None if verdict.open else stopped(request, verdict, visit)


def stopped(request: Request, verdict: Verdict, visit: Visit | None) -> Response:
    """The page of a verdict that is not open."""
    if verdict.refusal is Refusal.PROOF_NEEDED:
        send_to_proof(request)
    return problem(request, str(verdict.refusal), _CONFLICT, visit=visit, hours=verdict.hours)


def send_to_proof(request: Request) -> None:
    """Ends the page: to the proof, and back here afterwards."""
    path = own_path(request)
    if request.method not in ("GET", "HEAD"):  # a form cannot be come back to; the page above can
        path = request.url.path.rpartition("/")[0]
    raise ElsewhereError(with_next(f"/{bu_of(request).id}/proof", path))


async def not_held(
    request: Request, desk: Desk, error: ServiceError | TooManyHoldsError, visit: Visit | None
) -> Response:
    """The page for a choice that could not be held, where it is neither gone nor too old."""
    if isinstance(error, TooManyHoldsError):
        return problem(
            request, "TOO_MANY_HOLDS", _TOO_MANY, visit=visit, minutes=_minutes(error.wait)
        )
    match error.kind:
        case ErrorKind.LIMIT:
            held = await held_now(desk)
            return problem(request, "LIMIT", _CONFLICT, visit=visit, held=held, cards=desk.shown)
        case ErrorKind.WRONG_STATE | ErrorKind.CHANGED:
            return problem(request, "WRONG_STATE", _CONFLICT, visit=visit)
        case ErrorKind.INVALID:
            return problem(request, "CALL_US", _CONFLICT, visit=visit)
    raise error


def problem(
    request: Request,
    why: str,
    status: int,
    *,
    visit: Visit | None = None,
    hours: int = 0,
    minutes: int = 0,
    **values: Any,
) -> Response:
    """The page that says ``why`` it does not go on, with the next steps."""
    told: Mapping[str, Any] = {"held": [], "cards": None} | values
    return render(
        request,
        "slots/problem.html",
        status=status,
        why=why,
        visit=visit,
        hours=hours,
        minutes=minutes,
        **told,
    )


def _minutes(wait: timedelta) -> int:
    return max(1, -(-int(wait.total_seconds()) // 60))
