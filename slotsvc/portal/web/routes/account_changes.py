"""Changes of one's own data, each on a page of its own. A new e-mail address or number counts once
a code sent to it was typed here."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access import contact_data, invitations
from slotsvc.portal.access.challenges import Challenge
from slotsvc.portal.access.contact_data import Changed
from slotsvc.portal.access.contacts import Contact, contact_by_id
from slotsvc.portal.access.identifiers import (
    Identifier,
    IdentifierError,
    channel_of,
    email,
    phone,
    region_of,
)
from slotsvc.portal.access.login_codes import Outcome
from slotsvc.portal.access.sessions import end_all, raised
from slotsvc.portal.languages import marked
from slotsvc.portal.messages import texts
from slotsvc.portal.messages.credits import SmsRefusedError
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.messages.reader import Reader
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import bu_of, client_of, locale_of, portal_of
from slotsvc.portal.web.routes.login import IDENTIFIER_WORDS
from slotsvc.portal.web.routes.password import chosen_problems
from slotsvc.portal.web.signing import (
    asked,
    caller_of,
    note,
    page_of,
    seconds,
    signed_in,
    to_code,
)

pages = Pages()
_NAME_WORDS = marked("Please enter a name of at most 200 characters.")
_TOO_MANY_CHANGES = marked("That was changed often today. Please try again tomorrow, or call us.")


@pages.get("/{bu}/account/name", access=Access.PROVEN)
async def name(request: Request) -> Response:
    """The name that the company's people read."""
    return render(request, "account/name.html", typed=client_of(request).name, error="")


@pages.post("/{bu}/account/name", access=Access.PROVEN)
async def change_name(request: Request) -> Response:
    """Counts at once."""
    form = await request.form()
    typed, contact = str(form.get("name", "")), client_of(request).contact

    def change(connection: Connection) -> bool:
        done = contact_data.rename(connection, contact, typed)
        if done:
            note(connection, request, contact, "NAME_CHANGED")
        return done

    if not await portal_of(request).database.write(change):
        return render(request, "account/name.html", status=422, typed=typed, error=_NAME_WORDS)
    return see_other(page_of(request, "account"), "SAVED")


@pages.get("/{bu}/account/email", access=Access.PROVEN)
async def new_email(request: Request) -> Response:
    """Where the new e-mail address is typed."""
    return _address_page(request, Channel.MAIL)


@pages.post("/{bu}/account/email", access=Access.PROVEN)
async def ask_for_email(request: Request) -> Response:
    """Sends a code to it."""
    form = await request.form()
    return await _ask(request, Channel.MAIL, str(form.get("address", "")))


@pages.get("/{bu}/account/phone", access=Access.PROVEN)
async def new_phone(request: Request) -> Response:
    """Where the new number is typed."""
    return _address_page(request, Channel.SMS)


@pages.post("/{bu}/account/phone", access=Access.PROVEN)
async def ask_for_phone(request: Request) -> Response:
    """Sends a code to it."""
    form = await request.form()
    return await _ask(request, Channel.SMS, str(form.get("address", "")))


@pages.get("/{bu}/account/confirm", access=Access.PROVEN)
async def confirm_page(request: Request) -> Response:
    """Where the code that went to the new address is typed."""
    challenge = await _asked_for(request)
    if challenge is None:
        return see_other(page_of(request, "account"), "CODE_GONE")
    return render(request, "account/confirm.html", address=challenge.address, left=None)


@pages.post("/{bu}/account/confirm", access=Access.PROVEN)
async def confirm(request: Request) -> Response:
    """The new address counts; the old one is told."""
    form = await request.form()
    portal, visitor, caller = portal_of(request), client_of(request), caller_of(request)
    typed, now = str(form.get("code", "")), portal.clock()
    challenge = await _asked_for(request)

    def work(connection: Connection) -> Changed:
        changed = contact_data.confirm(
            connection, portal.secrets, visitor, caller.challenge, typed, now
        )
        if changed.outcome is Outcome.IN:
            channel = channel_of(changed.new or "").value
            note(connection, request, visitor.contact, "ADDRESS_CHANGED", way=channel)
            _tell_old(connection, request, changed.old)
        return changed

    changed = await portal.database.write(work)
    portal.outbox.wake()
    if changed.outcome is Outcome.WRONG and challenge is not None:
        return render(
            request,
            "account/confirm.html",
            status=422,
            address=challenge.address,
            left=changed.tries_left,
        )
    if changed.session is None:
        return see_other(page_of(request, "account"), "CODE_GONE")
    return signed_in(page_of(request, "account"), changed.session, "ADDRESS_CHANGED")


@pages.get("/{bu}/account/password", access=Access.PROVEN)
async def new_password(request: Request) -> Response:
    """Where user name and password are chosen or changed; also after a forgotten one."""
    contact = await _contact(request)
    return render(request, "account/password.html", user_name=contact.user_name or "", errors={})


@pages.post("/{bu}/account/password", access=Access.PROVEN)
async def set_password(request: Request) -> Response:
    """Counts at once; other sessions end, and the contact is told."""
    form = await request.form()
    portal, visitor, contact = portal_of(request), client_of(request), await _contact(request)
    user_name = str(form.get("user_name", ""))
    errors = await chosen_problems(request, contact, user_name, form)
    if errors:
        return render(
            request, "account/password.html", status=422, user_name=user_name, errors=errors
        )
    password_hash, now = await portal.passwords.hashed(str(form["password"])), portal.clock()

    def work(connection: Connection) -> str | None:
        problem = invitations.user_name_problem(connection, visitor.bu.id, user_name, contact.id)
        session = None if problem else raised(connection, visitor.session, now)
        if session is None:
            return None
        invitations.set_password(connection, contact.id, user_name, password_hash, now)
        end_all(connection, contact.id, now, keep=session)
        note(connection, request, contact.id, "PASSWORD_CHOSEN", way="ACCOUNT")
        if contact.email:
            reader = _reader(request, contact.email, contact.name)
            portal.outbox.put(connection, texts.password_changed(reader))
        return session

    session = await portal.database.write(work)
    portal.outbox.wake()
    if session is None:
        return see_other(page_of(request, "account/password"))
    return signed_in(page_of(request, "account"), session, "PASSWORD_SET")


async def _ask(request: Request, channel: Channel, typed: str) -> Response:
    portal, visitor, now = portal_of(request), client_of(request), portal_of(request).clock()
    try:
        new = _address(request, channel, typed)
    except IdentifierError as error:
        words = IDENTIFIER_WORDS[error.problem]
        return _address_page(request, channel, status=422, typed=typed, error=words)
    if channel is Channel.SMS and not _takes_sms(request):
        raise ProblemError(Problem.NOT_FOUND)
    wait = await portal.database.write(
        lambda tx: contact_data.may_ask(tx, portal.secrets, visitor.contact, now)
    )
    if wait:
        return _address_page(request, channel, status=429, typed=typed, error=_TOO_MANY_CHANGES)
    result = await asked(request, contact_data.wish(visitor, new, locale_of(request)))
    if result.token is None:
        raise ProblemError(Problem.TOO_MANY, seconds(result.wait))
    return to_code(page_of(request, "account/confirm"), result.token)


def _address(request: Request, channel: Channel, typed: str) -> Identifier:
    if channel is Channel.MAIL:
        return Identifier(channel, email(typed))
    return Identifier(channel, phone(typed, region_of(bu_of(request))))


def _takes_sms(request: Request) -> bool:
    return bu_of(request).sms_connection and portal_of(request).outbox.takes_sms


def _address_page(
    request: Request, channel: Channel, *, status: int = 200, typed: str = "", error: str = ""
) -> Response:
    if channel is Channel.SMS and not _takes_sms(request):
        raise ProblemError(Problem.NOT_FOUND)
    page = "account/email.html" if channel is Channel.MAIL else "account/phone.html"
    return render(request, page, status=status, typed=typed, error=error)


async def _asked_for(request: Request) -> Challenge | None:
    portal, visitor, caller = portal_of(request), client_of(request), caller_of(request)
    now = portal.clock()
    return await portal.database.read(
        lambda tx: contact_data.asked_for(tx, visitor, caller.challenge, now)
    )


async def _contact(request: Request) -> Contact:
    id = client_of(request).contact
    found = await portal_of(request).database.read(lambda tx: contact_by_id(tx, id))
    return cast("Contact", found)  # the guard has just seen him


def _reader(request: Request, address: str, name: str) -> Reader:
    return Reader(bu_of(request), channel_of(address), address, locale_of(request), name)


def _tell_old(connection: Connection, request: Request, old: str | None) -> None:
    if old is None:
        return
    reader = _reader(request, old, client_of(request).name)
    letter = texts.contact_changed(reader, phone=reader.channel is Channel.SMS)
    try:
        portal_of(request).outbox.put(connection, letter)
    except SmsRefusedError:
        return  # out of credits: the change stands, the page has said so
