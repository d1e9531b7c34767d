"""The one page of all errors, and which problem each exception is."""

from __future__ import annotations

import secrets
from math import ceil

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.web.errors import ElsewhereError, Problem, ProblemError
from slotsvc.portal.web.guard import recognise
from slotsvc.portal.web.i18n import choose_locale
from slotsvc.portal.web.policy import COMPANY
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import is_fragment

_log = structlog.get_logger(__name__)

_BY_KIND = {
    ErrorKind.NOT_FOUND: Problem.NOT_FOUND,
    ErrorKind.GONE: Problem.CHANGED,
    ErrorKind.EXPIRED: Problem.CHANGED,
    ErrorKind.WRONG_STATE: Problem.CHANGED,
    ErrorKind.CHANGED: Problem.CHANGED,
    ErrorKind.REPEATED: Problem.CHANGED,
    ErrorKind.LIMIT: Problem.TOO_MANY,
    ErrorKind.TOO_MANY: Problem.UNAVAILABLE,
    ErrorKind.INVALID: Problem.BAD_REQUEST,
    ErrorKind.UNAVAILABLE: Problem.UNAVAILABLE,
    ErrorKind.REFUSED: Problem.UNAVAILABLE,
    ErrorKind.BROKEN: Problem.BROKEN,
}
_BY_STATUS = {
    400: Problem.BAD_REQUEST,
    403: Problem.FORBIDDEN,
    404: Problem.NOT_FOUND,
    405: Problem.METHOD,
    413: Problem.TOO_LARGE,
    429: Problem.TOO_MANY,
    503: Problem.UNAVAILABLE,
}


def problem_page(
    request: Request, problem: Problem, *, retry_after_s: int | None = None, number: str = ""
) -> Response:
    """The page of ``problem``. ``number``: by which the log knows it."""
    if not hasattr(request.state, "locale"):
        request.state.locale = choose_locale(request, None, None)
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    told = problem.value
    return render(
        request,
        "errors/problem.html",
        status=told.status,
        headers=headers,
        problem=told,
        number=number,
        of_company=request.url.path.startswith(COMPANY),
    )


def handle_errors(app: FastAPI) -> None:
    """Registers what becomes of each exception."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(ElsewhereError, _elsewhere)
    app.add_exception_handler(ServiceError, _service)
    app.add_exception_handler(HTTPException, _refusal)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(OperationalError, _tables)
    app.add_exception_handler(Exception, _broken)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_page(request, error.problem, retry_after_s=error.retry_after_s)


async def _service(request: Request, error: Exception) -> Response:
    """A call to the engine that the page did not expect to be refused."""
    assert isinstance(error, ServiceError)
    problem = _BY_KIND[error.kind]
    if problem is Problem.BROKEN:
        return await _broken(request, error)
    if problem is Problem.UNAVAILABLE:
        # refused: the portal's key does not work, which nobody who looks at a page can mend
        tell = _log.error if error.kind is ErrorKind.REFUSED else _log.warning
        tell("engine does not answer", reason=error.reason)
    wait = ceil(error.retry_after.total_seconds()) if error.retry_after else None
    return problem_page(request, problem, retry_after_s=wait)


async def _tables(request: Request, error: Exception) -> Response:
    """The tables did not answer. Somebody else writes for too long: trying again is worth it."""
    if "locked" not in str(error):
        return await _broken(request, error)
    _log.warning("tables are locked")
    return problem_page(request, Problem.UNAVAILABLE)


async def _elsewhere(request: Request, error: Exception) -> Response:
    assert isinstance(error, ElsewhereError)
    if is_fragment(request):
        # a redirect would be followed quietly, and the page put inside this one
        return Response(status_code=204, headers={"HX-Redirect": error.url})
    answer: RedirectResponse = see_other(error.url)
    return answer


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not hasattr(request.state, "bu"):
        await recognise(request)  # no route, so no guard
    return problem_page(request, _BY_STATUS.get(error.status_code, Problem.BAD_REQUEST))


async def _unreadable(request: Request, error: Exception) -> Response:
    """An address or a form that cannot be read. In an address: then there is no such page."""
    assert isinstance(error, RequestValidationError)
    in_path = any(entry["loc"][0] == "path" for entry in error.errors())
    return problem_page(request, Problem.NOT_FOUND if in_path else Problem.BAD_REQUEST)


async def _broken(request: Request, error: Exception) -> Response:
    """A mistake of ours: a number on the page, the same in the log, nothing else told."""
    number = secrets.token_hex(4)
    _log.error("page broken", number=number, error=type(error).__name__, exc_info=error)
    return problem_page(request, Problem.BROKEN, number=number)
