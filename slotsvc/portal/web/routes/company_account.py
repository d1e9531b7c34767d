"""The own account of one of the company's people: who they are here, and their password."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.limits import network_of
from slotsvc.portal.access.staff import StaffMember, member_by_id
from slotsvc.portal.access.staff_login import LoginAnswer, StaffLogin, log_in
from slotsvc.portal.web.cookies import STAFF_SESSION, set_cookie
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import address_of, portal_of, staff_of, words_of
from slotsvc.portal.web.routes.company_login import EVERYBODY, NOT_TWICE, PASSWORD_WORDS
from slotsvc.portal.web.signing import seconds

pages = Pages()
_PAGE = "/company/account"


@pages.get(_PAGE, access=Access.STAFF, roles=EVERYBODY)
async def account(request: Request) -> Response:
    """Who they are, and a form for another password."""
    return _page(request, await _member(request))


@pages.post(f"{_PAGE}/password", access=Access.STAFF, roles=EVERYBODY)
async def change_password(request: Request) -> Response:
    """Counts at once, and ends all other sessions; password and code of now are asked for."""
    portal, member, form = portal_of(request), await _member(request), await request.form()
    chosen = str(form.get("password", ""))
    errors = await _problems(request, member, form)
    if errors:
        return _page(request, member, errors)
    typed = StaffLogin(
        email=member.email,
        password=str(form.get("current", "")),
        code=str(form.get("code", "")),
        network=network_of(address_of(request)),
        browser=request.headers.get("User-Agent", ""),
    )
    answer = await log_in(portal, typed, chosen)
    if answer.token is None:
        return _page(request, member, answer=answer)
    response = see_other(_PAGE, "STAFF_PASSWORD_SET")
    set_cookie(response, STAFF_SESSION, answer.token)
    return response


async def _member(request: Request) -> StaffMember:
    staff = staff_of(request).staff
    return await portal_of(request).database.read(lambda tx: member_by_id(tx, staff))


async def _problems(request: Request, member: StaffMember, form: FormData) -> dict[str, str]:
    """What is wrong with the new password, by field; {}: nothing."""
    chosen, errors = str(form.get("password", "")), {}
    problem = await portal_of(request).passwords.problem(chosen, (member.email, member.name))
    if problem is not None:
        errors["password"] = words_of(request).gettext(PASSWORD_WORDS[problem])
    if chosen != str(form.get("again", "")):
        errors["again"] = words_of(request).gettext(NOT_TWICE)
    return errors


def _page(
    request: Request,
    member: StaffMember,
    errors: dict[str, str] | None = None,
    answer: LoginAnswer | None = None,
) -> Response:
    wait = seconds(answer.wait) if answer else 0
    status = 429 if wait else 422 if errors or answer else 200
    return render(
        request,
        "company/account.html",
        status=status,
        headers={"Retry-After": str(wait)} if wait else None,
        member=member,
        errors=errors or {},
        refused=answer is not None,
        minutes=-(-wait // 60),
    )
