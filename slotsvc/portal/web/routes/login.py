"""Coming in by code: e-mail or phone, the code, and whose page it is where several share them."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access import login_codes
from slotsvc.portal.access.challenges import Challenge, Purpose, Wish, challenge_of
from slotsvc.portal.access.identifiers import (
    Identifier,
    IdentifierError,
    IdentifierProblem,
    identifier,
    region_of,
)
from slotsvc.portal.access.login_codes import LOGIN, Entry, Outcome
from slotsvc.portal.access.sessions import end
from slotsvc.portal.languages import marked
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.secrets import hashed
from slotsvc.portal.visitor import BusinessUnit, ClientVisitor
from slotsvc.portal.web.cookies import CLIENT_SESSION, drop_cookie
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import (
    bu_of,
    locale_of,
    portal_of,
    visitor_of,
    with_next,
)
from slotsvc.portal.web.signing import (
    asked,
    caller_of,
    note,
    note_entry,
    note_refusal,
    note_refused_entry,
    onward,
    page_of,
    seconds,
    signed_in,
    to_code,
)

pages = Pages()

IDENTIFIER_WORDS = {
    IdentifierProblem.EMPTY: marked("Please enter your e-mail address or phone number."),
    IdentifierProblem.NOT_AN_EMAIL: marked(
        "This is not an e-mail address. It looks like this: name@example.com"
    ),
    IdentifierProblem.NOT_A_PHONE: marked(
        "Please check this phone number: a digit may be wrong or missing. It begins with the "
        "country code, such as +33 or +377."
    ),
}
_MAIL_ONLY = marked("Codes go by e-mail here. Please enter your e-mail address.")


@pages.get("/{bu}/login", access=Access.PUBLIC)
async def login(request: Request) -> Response:
    """Where the e-mail address or phone number is typed."""
    visitor = visitor_of(request)
    if isinstance(visitor, ClientVisitor):
        return see_other(onward(request, request.query_params.get("next")))
    return _login_page(request)


@pages.post("/{bu}/login", access=Access.PUBLIC)
async def ask_for_code(request: Request) -> Response:
    """The same answer for known and unknown addresses: on to the page for the code (S6)."""
    form = await request.form()
    typed, onto = str(form.get("identifier", "")), str(form.get("next", ""))
    try:
        found = _reachable(bu_of(request), identifier(typed, region_of(bu_of(request))))
    except IdentifierError as error:
        words = IDENTIFIER_WORDS[error.problem]
        return _login_page(request, status=422, typed=typed, onto=onto, error=words)
    if found is None:
        return _login_page(request, status=422, typed=typed, onto=onto, error=_MAIL_ONLY)
    result = await asked(request, Wish(Purpose.LOGIN, found, locale_of(request)))
    if result.token is None:
        wait = seconds(result.wait)
        return render(
            request,
            "login/wait.html",
            status=429,
            headers={"Retry-After": str(wait)},
            minutes=-(-wait // 60),
        )
    return to_code(with_next(page_of(request, "code"), onward(request, onto)), result.token)


@pages.get("/{bu}/code", access=Access.PUBLIC)
async def code(request: Request) -> Response:
    """Where the code is typed; once it was right and several share the address: who it is."""
    portal, bu, caller = portal_of(request), bu_of(request), caller_of(request)
    now = portal.clock()
    onto = onward(request, request.query_params.get("next"))
    challenge = await portal.database.read(
        lambda tx: challenge_of(tx, bu.id, caller.challenge, LOGIN, now)
    )
    if challenge is None:
        return see_other(with_next(page_of(request, "login"), onto))
    if not challenge.proven:
        return _code_page(request, challenge, onto)
    found = await portal.database.read(
        lambda tx: login_codes.choices(tx, bu, caller.challenge, now)
    )
    return render(request, "login/choose.html", contacts=found, onto=onto)


@pages.post("/{bu}/code", access=Access.PUBLIC)
async def enter_by_code(request: Request) -> Response:
    """The code: right, wrong, or too late."""
    form = await request.form()
    portal, bu, caller = portal_of(request), bu_of(request), caller_of(request)
    typed, onto, now = str(form.get("code", "")), onward(request, form.get("next")), portal.clock()

    def work(connection: Connection) -> tuple[Entry, Challenge | None]:
        entry = login_codes.enter_by_code(
            connection, portal.secrets, bu, caller.challenge, typed, caller.browser, now
        )
        if entry.contact is not None:
            note_entry(connection, request, entry.contact, "CODE")
        elif entry.outcome is Outcome.GONE:
            whose = login_codes.suspect(connection, bu, now, token=caller.challenge or "")
            note_refused_entry(connection, request, "CODE", whose)
        return entry, challenge_of(connection, bu.id, caller.challenge, LOGIN, now)

    entry, challenge = await portal.database.write(work)
    if entry.outcome in (Outcome.WRONG, Outcome.GONE):
        note_refusal(request, "CODE")
    if entry.outcome is Outcome.WRONG and challenge is not None:
        return _code_page(request, challenge, onto, status=422, left=entry.tries_left)
    return entered(request, entry, onto)


@pages.post("/{bu}/choose", access=Access.PUBLIC)
async def choose(request: Request) -> Response:
    """One of the contacts that share the proven address."""
    form = await request.form()
    portal, bu, caller = portal_of(request), bu_of(request), caller_of(request)
    chosen, now = str(form.get("contact", "")), portal.clock()

    def work(connection: Connection) -> Entry:
        entry = login_codes.choose(connection, bu, caller.challenge, chosen, caller.browser, now)
        if entry.contact is not None:
            note_entry(connection, request, entry.contact, "CODE")
        return entry

    entry = await portal.database.write(work)
    return entered(request, entry, onward(request, form.get("next")))


@pages.post("/{bu}/logout", access=Access.PUBLIC)
async def logout(request: Request) -> Response:
    """The session is over at once; the browser forgets it."""
    portal = portal_of(request)
    if token := request.cookies.get(CLIENT_SESSION):
        now = portal.clock()
        visitor = visitor_of(request)

        def leave(connection: Connection) -> None:
            end(connection, hashed(token), now)
            if isinstance(visitor, ClientVisitor):
                note(connection, request, visitor.contact, "LOGOUT")

        await portal.database.write(leave)
    response = see_other(page_of(request), "SIGNED_OUT")
    drop_cookie(response, CLIENT_SESSION)
    return response


def entered(request: Request, entry: Entry, onto: str) -> Response:
    """Where an entry leads: in, to the choice, or back to the start."""
    if entry.session is not None:
        return signed_in(onto, entry.session)
    if entry.outcome is not Outcome.CHOOSE:
        return see_other(with_next(page_of(request, "login"), onto), "CODE_GONE")
    url = with_next(page_of(request, "code"), onto)
    return to_code(url, entry.challenge) if entry.challenge else see_other(url)


def _reachable(bu: BusinessUnit, found: Identifier) -> Identifier | None:
    """None: text messages are switched off here, for everybody."""
    return found if found.channel is Channel.MAIL or bu.sms_connection else None


def _login_page(
    request: Request, *, status: int = 200, typed: str = "", onto: str = "", error: str = ""
) -> Response:
    onto = onward(request, onto or request.query_params.get("next"))
    return render(request, "login/login.html", status=status, typed=typed, onto=onto, error=error)


def _code_page(
    request: Request,
    challenge: Challenge,
    onto: str,
    *,
    status: int = 200,
    left: int | None = None,
) -> Response:
    return render(
        request,
        "login/code.html",
        status=status,
        address=challenge.address,
        by_sms="@" not in challenge.address,
        onto=onto,
        left=left,
    )
