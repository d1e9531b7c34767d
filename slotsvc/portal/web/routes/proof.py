"""Proving oneself for a sensitive act: a code to one's own address, or the password."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access import password_login, step_up
from slotsvc.portal.access.challenges import Challenge
from slotsvc.portal.access.contacts import Contact, contact_by_id
from slotsvc.portal.access.identifiers import channel_of, masked
from slotsvc.portal.access.login_codes import Outcome
from slotsvc.portal.access.step_up import Proof
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import bu_of, client_of, locale_of, portal_of, with_next
from slotsvc.portal.web.signing import (
    asked,
    caller_of,
    note,
    note_refusal,
    note_refused_entry,
    onward,
    page_of,
    seconds,
    signed_in,
    to_code,
)

pages = Pages()


@pages.get("/{bu}/proof", access=Access.CLIENT)
async def proof(request: Request) -> Response:
    """Where the code is asked for, and then typed."""
    onto = onward(request, request.query_params.get("next"))
    if client_of(request).proven_until > portal_of(request).clock():
        return see_other(onto)
    return await _proof_page(request, onto)


@pages.post("/{bu}/proof/send", access=Access.CLIENT)
async def send_proof(request: Request) -> Response:
    """Sends a code to one of the contact's own addresses."""
    form = await request.form()
    contact, _ = await _asking(request)
    onto = onward(request, form.get("next"))
    ways = step_up.ways(contact, bu_of(request), portal_of(request).outbox.takes_sms)
    way = next((each for each in ways if each.channel == form.get("way")), None)
    if way is None:
        raise ProblemError(Problem.BAD_REQUEST)
    result = await asked(request, step_up.wish(client_of(request), way, locale_of(request)))
    if result.token is None:
        raise ProblemError(Problem.TOO_MANY, seconds(result.wait))
    return to_code(with_next(page_of(request, "proof"), onto), result.token)


@pages.post("/{bu}/proof", access=Access.CLIENT)
async def prove(request: Request) -> Response:
    """The code: the session goes on under a new token, proven for ten minutes."""
    form = await request.form()
    portal, visitor, caller = portal_of(request), client_of(request), caller_of(request)
    typed, onto, now = str(form.get("code", "")), onward(request, form.get("next")), portal.clock()

    def work(connection: Connection) -> Proof:
        found = step_up.prove(connection, portal.secrets, visitor, caller.challenge, typed, now)
        if found.outcome is Outcome.IN:
            note(connection, request, visitor.contact, "STEP_UP", way="CODE")
        elif found.outcome is Outcome.GONE:
            _note_refused(connection, request, "CODE")
        return found

    found = await portal.database.write(work)
    if found.session is not None:
        return signed_in(onto, found.session)
    note_refusal(request, "STEP_UP")
    if found.outcome is Outcome.WRONG:
        return await _proof_page(request, onto, status=422, left=found.tries_left)
    return see_other(with_next(page_of(request, "proof"), onto), "CODE_GONE")


@pages.post("/{bu}/proof/password", access=Access.CLIENT)
async def prove_by_password(request: Request) -> Response:
    """The password does as well, for who has one."""
    form = await request.form()
    portal, visitor, caller = portal_of(request), client_of(request), caller_of(request)
    typed, onto = str(form.get("password", "")), onward(request, form.get("next"))
    contact, _ = await _asking(request)
    checked = await password_login.check_password(
        portal, visitor.bu, contact.user_name or "", typed, caller.network
    )
    if checked.wait:
        raise ProblemError(Problem.TOO_MANY, seconds(checked.wait))
    if checked.contact != contact.id:
        note_refusal(request, "STEP_UP")
        await portal.database.write(lambda tx: _note_refused(tx, request, "PASSWORD"))
        return await _proof_page(request, onto, status=422, wrong_password=True)

    def work(connection: Connection) -> str | None:
        note(connection, request, contact.id, "STEP_UP", way="PASSWORD")
        return step_up.prove_by_password(connection, visitor, portal.clock())

    session = await portal.database.write(work)
    if session is None:
        return see_other(page_of(request, "login"))
    return signed_in(onto, session)


def _note_refused(connection: Connection, request: Request, way: str) -> None:
    contact = client_of(request).contact
    note_refused_entry(connection, request, way, contact, "STEP_UP_REFUSED")


async def _asking(request: Request) -> tuple[Contact, Challenge | None]:
    """The contact, and the code that was asked for, if any."""
    portal, visitor, caller = portal_of(request), client_of(request), caller_of(request)
    now = portal.clock()

    def read(connection: Connection) -> tuple[Contact | None, Challenge | None]:
        contact = contact_by_id(connection, visitor.contact)
        return contact, step_up.asked_for(connection, visitor, caller.challenge, now)

    contact, challenge = await portal.database.read(read)
    if contact is None:
        raise ProblemError(Problem.NOT_FOUND)
    return contact, challenge


async def _proof_page(
    request: Request,
    onto: str,
    *,
    status: int = 200,
    left: int | None = None,
    wrong_password: bool = False,
) -> Response:
    contact, challenge = await _asking(request)
    ways = step_up.ways(contact, bu_of(request), portal_of(request).outbox.takes_sms)
    return render(
        request,
        "account/proof.html",
        status=status,
        ways=[(each.channel.value, masked(each.address)) for each in ways],
        sent_to=masked(challenge.address) if challenge else "",
        sent_by=channel_of(challenge.address).value if challenge else "",
        has_password=contact.password_hash is not None,
        wrong_password=wrong_password,
        onto=onto,
        left=left,
    )
