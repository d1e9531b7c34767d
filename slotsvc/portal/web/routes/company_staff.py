"""The company's people: who may use these pages, invited, reset, shut out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.staff import (
    StaffMember,
    StaffProblem,
    StaffRefusedError,
    everybody,
    invite,
    reset,
    set_disabled,
)
from slotsvc.portal.company.letters import staff_link_letter
from slotsvc.portal.company.units import all_units
from slotsvc.portal.languages import marked
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import actor_of, locale_of, portal_of, words_of

pages = Pages()
ADMINISTRATORS = {StaffRole.ADMINISTRATOR}
_PAGE = "/company/staff"
_WORDS = {
    StaffProblem.NAME_MISSING: marked("Please fill this in."),
    StaffProblem.TOO_LONG: marked("This is too long."),
    StaffProblem.NOT_AN_EMAIL: marked("This is not an e-mail address, such as name@example.org."),
    StaffProblem.EMAIL_TAKEN: marked("Somebody here has this e-mail address already."),
    StaffProblem.LAST_ADMINISTRATOR: marked(
        "This is the last administrator: make somebody else one first."
    ),
}

type _Linked = Callable[[Connection, str, datetime], tuple[StaffMember, str]]


@pages.get("/company/staff", access=Access.STAFF, roles=ADMINISTRATORS)
async def staff(request: Request) -> Response:
    """Everybody, and a form to invite somebody."""
    return await _page(request)


@pages.post("/company/staff/invite", access=Access.STAFF, roles=ADMINISTRATORS)
async def invite_somebody(request: Request) -> Response:
    """Adds somebody and sends him the link to set up his login."""
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("name", "email", "role")}
    if typed["role"] not in set(StaffRole):
        raise ProblemError(Problem.BAD_REQUEST)
    role = StaffRole(typed["role"])
    try:
        await _send_link(
            request,
            lambda tx, actor, now: invite(tx, typed["email"], typed["name"], role, actor, now),
        )
    except StaffRefusedError as error:
        return await _page(request, typed, error)
    return see_other(_PAGE, "STAFF_INVITED")


@pages.post("/company/staff/{staff}/reset", access=Access.STAFF, roles=ADMINISTRATORS)
async def reset_somebody(request: Request) -> Response:
    """Takes password and telephone away, and sends a new link."""
    subject = request.path_params["staff"]
    try:
        await _send_link(request, lambda tx, actor, now: reset(tx, subject, actor, now))
    except StaffRefusedError as error:
        return await _page(request, error=error)
    except LookupError:
        raise ProblemError(Problem.NOT_FOUND) from None
    return see_other(_PAGE, "STAFF_RESET")


@pages.post("/company/staff/{staff}/disable", access=Access.STAFF, roles=ADMINISTRATORS)
async def disable(request: Request) -> Response:
    """Shuts somebody out at once."""
    return await _set_disabled(request, True, "STAFF_DISABLED")


@pages.post("/company/staff/{staff}/enable", access=Access.STAFF, roles=ADMINISTRATORS)
async def enable(request: Request) -> Response:
    """Lets somebody in again."""
    return await _set_disabled(request, False, "STAFF_ENABLED")


async def _set_disabled(request: Request, disabled: bool, notice: str) -> Response:
    portal, subject = portal_of(request), request.path_params["staff"]
    actor, now = actor_of(request), portal.clock()
    try:
        await portal.database.write(lambda tx: set_disabled(tx, subject, disabled, actor, now))
    except StaffRefusedError as error:
        return await _page(request, error=error)
    except LookupError:
        raise ProblemError(Problem.NOT_FOUND) from None
    return see_other(_PAGE, notice)


async def _send_link(request: Request, linked: _Linked) -> None:
    portal = portal_of(request)
    actor, now, locale = actor_of(request), portal.clock(), locale_of(request)

    def work(connection: Connection) -> None:
        member, token = linked(connection, actor, now)
        company = next((unit.live.company_name for unit in all_units(connection)), "")
        link = f"{portal.public_url}/company/first/{token}"
        portal.outbox.put(connection, staff_link_letter(member, company, link, locale, now))

    await portal.database.write(work)
    portal.outbox.wake()


async def _page(
    request: Request,
    typed: dict[str, str] | None = None,
    error: StaffRefusedError | None = None,
) -> Response:
    people = await portal_of(request).database.read(everybody)
    errors = {} if error is None else {error.field: words_of(request).gettext(_words(error))}
    return render(
        request,
        "company/staff.html",
        status=422 if error else 200,
        people=people,
        form=typed or {"name": "", "email": "", "role": StaffRole.PLANNER.value},
        errors=errors,
    )


def _words(error: StaffRefusedError) -> str:
    return _WORDS.get(error.problem, error.problem.value)
