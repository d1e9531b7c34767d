"""The way in for the company's people: password and code; and the one-time link that sets them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.limits import network_of
from slotsvc.portal.access.passwords import PasswordProblem
from slotsvc.portal.access.staff import StaffMember, enrol, enrolment_secret, invited
from slotsvc.portal.access.staff_login import LoginAnswer, StaffLogin, log_in
from slotsvc.portal.access.staff_sessions import end_staff_session
from slotsvc.portal.access.totp import enrolment_uri, matching_step, spelled
from slotsvc.portal.languages import marked
from slotsvc.portal.parts import Portal
from slotsvc.portal.tables.audit import record
from slotsvc.portal.visitor import StaffRole, StaffVisitor
from slotsvc.portal.web.cookies import STAFF_SESSION, drop_cookie, set_cookie
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.qr import qr_image
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import (
    address_of,
    next_of,
    portal_of,
    staff_of,
    visitor_of,
    words_of,
)

pages = Pages()
EVERYBODY = {StaffRole.ADMINISTRATOR, StaffRole.PLANNER}
START = "/company/"

PASSWORD_WORDS = {
    PasswordProblem.TOO_SHORT: marked("Please choose at least 12 characters."),
    PasswordProblem.TOO_LONG: marked("Please choose at most 128 characters."),
    PasswordProblem.TOO_COMMON: marked(
        "This is too easy to guess. Four unusual words in a row make a good password."
    ),
}
NOT_TWICE = marked("The two passwords are not the same.")
_WRONG_CODE = marked("This is not the code that your authenticator app shows now.")


@pages.get("/company/login", access=Access.PUBLIC)
async def login_form(request: Request) -> Response:
    """The form; who is signed in goes on."""
    if isinstance(visitor_of(request), StaffVisitor):
        return see_other(next_of(request.query_params.get("next"), START))
    return _login_page(request, request.query_params.get("next"), "")


@pages.post("/company/login", access=Access.PUBLIC)
async def login(request: Request) -> Response:
    """Signs in, or says that it did not work; never what was wrong."""
    form = await request.form()
    typed = StaffLogin(
        email=str(form.get("email", "")),
        password=str(form.get("password", "")),
        code=str(form.get("code", "")),
        network=network_of(address_of(request)),
        browser=request.headers.get("User-Agent", ""),
    )
    answer = await log_in(portal_of(request), typed)
    if answer.token is None:
        return _login_page(request, form.get("next"), typed.email, answer)
    response = see_other(next_of(form.get("next"), START))
    set_cookie(response, STAFF_SESSION, answer.token)
    return response


@pages.post("/company/logout", access=Access.STAFF, roles=EVERYBODY)
async def logout(request: Request) -> Response:
    """Ends this session, and with it any look through a client's eyes."""
    portal, staff = portal_of(request), staff_of(request)
    now, network = portal.clock(), network_of(address_of(request))

    def work(connection: Connection) -> None:
        end_staff_session(connection, staff.session, now)
        record(connection, now, f"staff/{staff.staff}", "STAFF_LOGOUT", network=network)

    await portal.database.write(work)
    response = see_other("/company/login", "SIGNED_OUT")
    drop_cookie(response, STAFF_SESSION)
    return response


@pages.get("/company/first/{token}", access=Access.PUBLIC)
async def first_form(request: Request) -> Response:
    """The form behind a one-time link. Opening it uses nothing up."""
    member = await _invited(request)
    return _first_page(request, member) if member else _dead_link(request)


@pages.post("/company/first/{token}", access=Access.PUBLIC)
async def first(request: Request) -> Response:
    """Sets the password and the authenticator, and signs in."""
    member = await _invited(request)
    if member is None:
        return _dead_link(request)
    portal, form = portal_of(request), await request.form()
    chosen = await _chosen(portal, request.path_params["token"], member, form)
    if chosen.errors or chosen.step is None:
        return _first_page(request, member, chosen.errors)
    token = await _enrolled(request, str(form["password"]), chosen.step)
    if token is None:
        return _dead_link(request)
    response = see_other(START)
    set_cookie(response, STAFF_SESSION, token)
    return response


@dataclass(slots=True)
class _Chosen:
    """What the form of a one-time link came to. ``step``: of the right code."""

    step: int | None = None
    errors: dict[str, str] = field(default_factory=dict)


async def _chosen(portal: Portal, token: str, member: StaffMember, form: FormData) -> _Chosen:
    texts = {name: str(form.get(name, "")) for name in ("password", "again", "code")}
    chosen, known = _Chosen(), (member.email, member.name)
    problem = await portal.passwords.problem(texts["password"], known)
    if problem is not None:
        chosen.errors["password"] = PASSWORD_WORDS[problem]
    if texts["password"] != texts["again"]:
        chosen.errors["again"] = NOT_TWICE
    secret = enrolment_secret(portal.secrets, token)
    chosen.step = matching_step(secret, texts["code"], portal.clock(), 0)
    if chosen.step is None:
        chosen.errors["code"] = _WRONG_CODE
    return chosen


async def _enrolled(request: Request, password: str, step: int) -> str | None:
    portal, token = portal_of(request), request.path_params["token"]
    stored = await portal.passwords.hashed(password)
    browser, now = request.headers.get("User-Agent", ""), portal.clock()
    return await portal.database.write(
        lambda tx: enrol(tx, portal.secrets, token, stored, step, browser, now)
    )


async def _invited(request: Request) -> StaffMember | None:
    portal, token = portal_of(request), request.path_params["token"]
    return await portal.database.read(lambda tx: invited(tx, token, portal.clock()))


def _login_page(
    request: Request, back_to: object, email: str, answer: LoginAnswer | None = None
) -> Response:
    minutes = -(-int(answer.wait.total_seconds()) // 60) if answer and answer.wait else 0
    status = 200 if answer is None else 429 if minutes else 422
    return render(
        request,
        "company/login.html",
        status=status,
        next=next_of(back_to, START),
        email=email,
        refused=answer is not None,
        minutes=minutes,
    )


def _first_page(
    request: Request, member: StaffMember, errors: dict[str, str] | None = None
) -> Response:
    portal = portal_of(request)
    secret = enrolment_secret(portal.secrets, request.path_params["token"])
    words = words_of(request)
    return render(
        request,
        "company/first.html",
        status=422 if errors else 200,
        member=member,
        qr=qr_image(enrolment_uri(secret, member.email, "slotsvc")),
        spelled=spelled(secret),
        errors={name: words.gettext(text) for name, text in (errors or {}).items()},
    )


def _dead_link(request: Request) -> Response:
    return render(request, "company/dead_link.html", status=404)
