"""The audit of clients: who came in, who was not let in, what they changed; no address in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import slotsvc.portal
from slotsvc.portal.access.refusals import LIMITS
from slotsvc.portal.tables.audit import AuditEntry, newest
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.cookies import CLIENT_SESSION
from slotsvc.portal.web.routes.company_audit import WORDS
from tests.portal.access.letter_box import ask_for_code, code_to, come_in, newcomer, type_code
from tests.portal.access.test_login_codes import wrong
from tests.portal.access.test_password_login import GOOD, try_in, user
from tests.portal.portal_fixtures import Visitor, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def told(world: World, visitor: Visitor) -> list[AuditEntry]:
    """What the audit has from the visitor's network, oldest first."""
    network = visitor.headers["X-Forwarded-For"].rpartition(".")[0]
    entries = await world.portal.database.read(lambda tx: newest(tx, 1000))
    return [each for each in reversed(entries) if each.network == f"{network}.0/24"]


async def test_one_entry_for_a_login(world: World) -> None:
    """Coming in by code is one entry: whose, which way, from which network."""
    contact = await world.contact("Once", email="once@example.org")
    visitor = newcomer(world)
    await come_in(world, visitor, "once@example.org")
    (entry,) = await told(world, visitor)
    assert (entry.what, entry.actor, entry.data) == (
        "LOGIN",
        f"contacts/{contact}",
        {"way": "CODE"},
    )


async def test_the_last_wrong_code_is_noted(world: World) -> None:
    """Five wrong codes are one entry, which names the contact and not the address."""
    contact = await world.contact("Guess", email="guess@example.org")
    visitor = newcomer(world)
    page = await ask_for_code(visitor, "guess@example.org")
    code = wrong(await code_to(world, "guess@example.org"))
    for _ in range(5):
        await type_code(visitor, page, code)
    (entry,) = await told(world, visitor)
    assert (entry.what, entry.subject) == ("LOGIN_REFUSED", f"contacts/{contact}")
    assert "guess" not in repr(entry)


async def test_wrong_passwords_are_noted(world: World) -> None:
    """A wrong password names the contact; an unknown user name names nobody, and is not kept."""
    contact = await user(world, "noted")
    visitor = newcomer(world)
    await try_in(visitor, "noted", "some other password")
    await try_in(visitor, "unheard-of", GOOD)
    first, second = await told(world, visitor)
    assert (first.what, first.subject) == ("LOGIN_REFUSED", f"contacts/{contact}")
    assert (second.what, second.subject, second.actor) == ("LOGIN_REFUSED", "", "portal")
    assert "unheard-of" not in repr(second)


async def test_what_a_client_changes_is_noted(world: World) -> None:
    """Link, password, other sessions, leaving: each is an entry of the contact."""
    await world.contact("Doer", email="doer@example.org")
    visitor = newcomer(world)
    await come_in(world, visitor, "doer@example.org")
    account = await visitor.get("/riviera/account")
    for action in ("/account/link", "/account/sessions/end"):
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', account.text)
        assert csrf
        answer = await visitor.post(f"/riviera{action}", {"csrf_token": csrf[1]})
        assert answer.status_code == 303
    page = await visitor.get("/riviera/account/password")
    await visitor.submit(page, "/account/password", user_name="doer", password=GOOD)
    await visitor.submit(await visitor.get("/riviera/account"), "/logout")
    entries = await told(world, visitor)
    assert [each.what for each in entries] == [
        "LOGIN",
        "LINK_ROTATED",
        "SESSIONS_ENDED",
        "PASSWORD_CHOSEN",
        "LOGOUT",
    ]


async def test_refused_access_is_noted(world: World) -> None:
    """A form without its token, a page of another role, a change in a client's name: who, why and
    which page; pages only asked for write nothing."""
    contact = await world.contact("Seen")
    anna = await world.signed_in_client(contact)
    anna.headers["X-Forwarded-For"] = "10.77.1.1"
    assert (await anna.post("/riviera/account/language", {"language": "fr"})).status_code == 403
    pia = await world.signed_in_staff(role=StaffRole.PLANNER)
    pia.headers["X-Forwarded-For"] = "10.77.1.1"
    writes = world.portal.database.writes
    assert (await pia.get("/company/staff")).status_code == 403
    assert world.portal.database.writes == writes
    assert (await pia.post("/company/staff/invite", {"name": "X"})).status_code == 403
    sam = await world.signed_in_staff(viewing=contact)
    sam.headers["X-Forwarded-For"] = "10.77.1.1"
    page = await sam.get("/riviera/account")
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert csrf
    language = {"language": "fr", "csrf_token": csrf[1]}
    assert (await sam.post("/riviera/account/language", language)).status_code == 403
    first, second, third = await told(world, anna)
    assert {each.what for each in (first, second, third)} == {"ACCESS_REFUSED"}
    assert first.actor == f"contacts/{contact}"
    assert first.data == {"why": "STALE_FORM", "page": "/{bu}/account/language"}
    assert second.data["why"] == "FORBIDDEN"
    assert (third.data["why"], third.subject) == ("READ_ONLY", f"contacts/{contact}")
    assert third.actor.startswith("staff/")


async def test_strangers_cannot_fill_the_audit(world: World) -> None:
    """One network gets so many refusals noted in an hour, and no more."""
    stranger = newcomer(world)
    stranger.cookies[CLIENT_SESSION] = "nobody's"
    for _ in range(LIMITS[0].count + 3):
        assert (await stranger.post("/riviera/logout")).status_code == 403
    assert len(await told(world, stranger)) == LIMITS[0].count


async def test_every_deed_has_words() -> None:
    """Whatever the code writes into the audit can be read on its page."""
    calls = re.compile(
        r"(?:record|_?tell|audit|note\w*|_note_refused|_change)\([^\"]{0,160}?\"([A-Z_]{4,})\""
    )
    root = Path(slotsvc.portal.__file__).parent
    written = {word for path in root.rglob("*.py") for word in calls.findall(path.read_text())} - {
        "CODE",
        "PASSWORD",
        "LOGIN_LINK",
        "PERMANENT_LINK",
        "STEP_UP",
    }
    assert {"LINK_ROTATED", "ACCESS_REFUSED", "SETTINGS_SAVED"} <= written
    assert written - WORDS.keys() == set()
