"""Coming in with user name and password, and choosing both through an invitation."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access import invitations, password_login
from slotsvc.portal.access.contacts import Contact
from slotsvc.portal.access.invitations import UserNameProblem
from slotsvc.portal.access.password_login import Checked
from slotsvc.portal.access.passwords import PasswordProblem
from slotsvc.portal.access.sessions import end_all
from slotsvc.portal.languages import marked
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render
from slotsvc.portal.web.request import bu_of, portal_of
from slotsvc.portal.web.signing import (
    caller_of,
    note,
    note_entry,
    note_refusal,
    note_refused_entry,
    onward,
    page_of,
    seconds,
    signed_in,
)

pages = Pages()

USER_NAME_WORDS = {
    UserNameProblem.TOO_SHORT: marked("A user name has at least 3 characters."),
    UserNameProblem.TOO_LONG: marked("A user name has at most 100 characters."),
    UserNameProblem.BLANKS: marked("A user name has no blanks."),
    UserNameProblem.TAKEN: marked("Somebody else has this user name. Please choose another one."),
}
PASSWORD_WORDS = {
    PasswordProblem.TOO_SHORT: marked("A password has at least 12 characters."),
    PasswordProblem.TOO_LONG: marked("A password has at most 128 characters."),
    PasswordProblem.TOO_COMMON: marked(
        "This password is easy to guess. Take a longer one, such as four words that only you "
        "would put together."
    ),
}


@pages.get("/{bu}/password", access=Access.PUBLIC)
async def password(request: Request) -> Response:
    """Where user name and password are typed."""
    return _password_page(request, onto=request.query_params.get("next"))


@pages.post("/{bu}/password", access=Access.PUBLIC)
async def enter_by_password(request: Request) -> Response:
    """In, or one answer for everything that is wrong."""
    form = await request.form()
    portal, bu, caller = portal_of(request), bu_of(request), caller_of(request)
    user_name, onto = str(form.get("user_name", "")), onward(request, form.get("next"))
    typed = str(form.get("password", ""))
    checked = await password_login.check_password(portal, bu, user_name, typed, caller.network)
    if checked.contact is None:
        note_refusal(request, "PASSWORD")
    if checked.wait:
        wait = seconds(checked.wait)
        return _password_page(request, status=429, user_name=user_name, onto=onto, wait=wait)
    session = await portal.database.write(lambda tx: _enter(tx, request, checked))
    if session is None:
        return _password_page(request, status=422, user_name=user_name, onto=onto, wrong=True)
    return signed_in(onto, session)


@pages.get("/{bu}/invitation/{token}", access=Access.PUBLIC)
async def invitation(request: Request, token: str) -> Response:
    """Where user name and password are chosen. Says nothing of whom the invitation is for."""
    portal, bu, now = portal_of(request), bu_of(request), portal_of(request).clock()
    found = await portal.database.read(lambda tx: invitations.open_invitation(tx, bu, token, now))
    if found is None:
        return render(request, "login/link_gone.html", status=410)
    return render(request, "login/invitation.html", user_name="", errors={})


@pages.post("/{bu}/invitation/{token}", access=Access.PUBLIC)
async def accept_invitation(request: Request, token: str) -> Response:
    """User name and password count from now on, and the contact is in; whoever was, is not."""
    form = await request.form()
    portal, bu, now = portal_of(request), bu_of(request), portal_of(request).clock()
    user_name = str(form.get("user_name", ""))
    found = await portal.database.read(lambda tx: invitations.open_invitation(tx, bu, token, now))
    if found is None:
        return render(request, "login/link_gone.html", status=410)
    errors = await chosen_problems(request, found.contact, user_name, form)
    if errors:
        return render(
            request, "login/invitation.html", status=422, user_name=user_name, errors=errors
        )
    password_hash = await portal.passwords.hashed(str(form["password"]))

    def accept(connection: Connection) -> str | None:
        # asked again: twice the same link at the same moment must not count twice
        open_now = invitations.open_invitation(connection, bu, token, now)
        if open_now is None or _taken(connection, bu.id, user_name, open_now.contact.id):
            return None
        contact = open_now.contact.id
        invitations.set_password(connection, contact, user_name, password_hash, now)
        end_all(connection, contact, now)
        note(connection, request, contact, "PASSWORD_CHOSEN", way="INVITATION")
        return _enter(connection, request, Checked(contact, password_hash))

    session = await portal.database.write(accept)
    if session is None:
        return render(request, "login/link_gone.html", status=410)
    return signed_in(page_of(request), session, "PASSWORD_SET")


async def chosen_problems(
    request: Request, contact: Contact, user_name: str, form: Mapping[str, object]
) -> dict[str, str]:
    """What is wrong with the user name and password chosen, by field; {}: nothing."""
    portal, bu = portal_of(request), bu_of(request)
    typed = str(form.get("password", ""))
    errors = {}
    name_problem = await portal.database.read(
        lambda tx: invitations.user_name_problem(tx, bu.id, user_name, contact.id)
    )
    if name_problem is not None:
        errors["user_name"] = USER_NAME_WORDS[name_problem]
    known = (user_name, contact.name, contact.email or "", contact.client_name, bu.company_name)
    problem = await portal.passwords.problem(typed, known)
    if problem is not None:
        errors["password"] = PASSWORD_WORDS[problem]
    return errors


def _taken(connection: Connection, bu: str, user_name: str, contact: str) -> bool:
    return invitations.user_name_problem(connection, bu, user_name, contact) is not None


def _enter(connection: Connection, request: Request, checked: Checked) -> str | None:
    """Also for nobody: the same transaction for a wrong password as for a right one."""
    contact = checked.contact
    if contact is None:
        note_refused_entry(connection, request, "PASSWORD", checked.suspect)
        return None
    portal, bu, caller = portal_of(request), bu_of(request), caller_of(request)
    session = password_login.enter(connection, bu, checked, caller.browser, portal.clock())
    if session is not None:
        note_entry(connection, request, contact, "PASSWORD")
    return session


def _password_page(
    request: Request,
    *,
    status: int = 200,
    user_name: str = "",
    onto: object = None,
    wrong: bool = False,
    wait: int = 0,
) -> Response:
    return render(
        request,
        "login/password.html",
        status=status,
        headers={"Retry-After": str(wait)} if wait else None,
        user_name=user_name,
        onto=onward(request, onto),
        wrong=wrong,
        wait=wait,
    )
