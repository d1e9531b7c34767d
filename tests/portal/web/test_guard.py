"""Who is let in where: default deny, asked anew with every click."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import CLIENTS, CONTACTS, SESSIONS
from slotsvc.portal.visitor import Level, StaffRole
from slotsvc.portal.web.cookies import CLIENT_SESSION, STAFF_SESSION
from slotsvc.portal.web.csrf import csrf_token
from tests.portal.portal_fixtures import Visitor, World
from tests.portal.web.probe_pages import ADMINISTRATOR, CLIENT, PROVEN, PUBLIC, STAFF, probing

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOGIN = "/riviera/login?next=/riviera/mine"


async def client(world: World, **session: object) -> Visitor:
    """Anna, signed in."""
    return probing(world, await world.signed_in_client(await world.contact("Anna"), **session))


def token(world: World, visitor: Visitor, cookie: str) -> dict[str, str]:
    """What a form of his pages carries."""
    return {"csrf_token": csrf_token(world.portal.secrets, hashed(visitor.cookies[cookie]))}


async def test_nobody_is_sent_to_the_login_and_back(world: World) -> None:
    """Without a session, a client's page leads to the login, which knows the way back."""
    answer = await probing(world, world.visitor()).get(f"{CLIENT}?q=a&page=")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/riviera/login?next=/riviera/mine%3Fq%3Da%26page%3D"


async def test_a_form_without_session_leads_home_afterwards(world: World) -> None:
    """A form cannot be come back to: the way back from the login is the home page."""
    answer = await probing(world, world.visitor()).post(CLIENT)

    assert answer.headers["location"] == "/riviera/login?next=/riviera/"


async def test_a_client_sees_client_pages(world: World) -> None:
    """A session of any level opens client pages."""
    linked = await client(world, level=Level.LINK)

    assert (await linked.get(CLIENT)).text == "Anna"
    assert (await linked.get(PUBLIC)).text == "Anna"


async def test_an_old_proof_is_asked_for_again(world: World) -> None:
    """A page that needs a proof opens for ten minutes after it, then leads to it again."""
    anna = await client(world)
    assert (await anna.get(PROVEN)).text == "Anna"

    world.clock.pass_(timedelta(minutes=11))
    answer = await anna.get(PROVEN)

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/riviera/proof?next=/riviera/secret",
    )


async def test_a_link_is_no_proof(world: World) -> None:
    """A permanent link alone does not open what needs a proof."""
    answer = await (await client(world, level=Level.LINK)).get(PROVEN)

    assert answer.headers["location"] == "/riviera/proof?next=/riviera/secret"


async def test_a_session_is_of_one_unit(world: World) -> None:
    """A session of one business unit is none in another."""
    await world.unit("coast")
    anna = await client(world)

    assert (await anna.get("/coast/mine")).headers["location"] == "/coast/login?next=/coast/mine"


@pytest.mark.parametrize("table", [CLIENTS, CONTACTS], ids=["client", "contact"])
async def test_switching_access_off_ends_it_with_the_next_click(
    world: World, table: object
) -> None:
    """Flags are read with each request: no session outlives them."""
    holder = await world.client()
    contact = await world.contact("Anna", client=holder)
    anna = probing(world, await world.signed_in_client(contact))
    assert (await anna.get(CLIENT)).status_code == 200

    off = (
        CLIENTS.update().where(CLIENTS.c.id == holder).values(access=False)
        if table is CLIENTS
        else CONTACTS.update().where(CONTACTS.c.id == contact).values(portal_user=False)
    )
    await world.portal.database.write(lambda tx: tx.execute(off))

    assert (await anna.get(CLIENT)).headers["location"] == LOGIN


async def test_access_dates_are_the_units_local_dates(world: World) -> None:
    """The last day of access ends at midnight in Monaco, not in Greenwich."""
    today = world.clock.now().date().isoformat()  # 3 June there too
    contact = await world.contact("Anna", access_until=today)
    before = world.clock.instant
    world.clock.instant = before.replace(hour=21, minute=50)  # 23:50 in Monaco
    anna = probing(world, await world.signed_in_client(contact))

    assert (await anna.get(CLIENT)).status_code == 200
    world.clock.instant = before.replace(hour=22, minute=5)  # five past midnight
    assert (await anna.get(CLIENT)).headers["location"] == LOGIN
    world.clock.instant = before


async def test_an_ended_session_opens_nothing(world: World) -> None:
    """Neither an ended session, nor an unknown cookie."""
    anna = await client(world)
    ended = SESSIONS.update().where(SESSIONS.c.id == hashed(anna.cookies[CLIENT_SESSION]))
    await world.portal.database.write(lambda tx: tx.execute(ended.values(ended_at=1)))
    stranger = probing(world, world.visitor())
    stranger.cookies[CLIENT_SESSION] = "made up"

    for visitor in (anna, stranger):
        assert (await visitor.get(CLIENT)).headers["location"] == LOGIN


async def test_unknown_and_inactive_units_look_alike(world: World) -> None:
    """The same bytes for a unit that is not there and one that is not open."""
    await world.unit("closed", active=False)
    visitor = probing(world, world.visitor())
    visitor.cookies["__Host-csrf"] = "fixed"
    texts = {
        (answer.status_code, answer.text.replace(word, "…"))
        for word in ("nobody", "closed")
        for answer in [await visitor.get(f"/{word}/public")]
    }

    assert len(texts) == 1
    assert texts.pop()[0] == 404


async def test_staff_pages_need_staff(world: World) -> None:
    """Neither nobody nor a client comes in; both are sent to the company's login."""
    for visitor in (probing(world, world.visitor()), await client(world)):
        answer = await visitor.get(STAFF)
        assert answer.headers["location"] == "/company/login?next=/company/work"


async def test_a_role_that_is_not_named_is_refused(world: World) -> None:
    """A planner does not see what is the administrator's."""
    planner = probing(world, await world.signed_in_staff(role=StaffRole.PLANNER))
    admin = probing(world, await world.signed_in_staff())

    assert (await planner.get(STAFF)).text == "PLANNER"
    assert (await planner.get(ADMINISTRATOR)).status_code == 403
    assert (await admin.get(ADMINISTRATOR)).text == "ADMINISTRATOR"


async def test_staff_without_a_view_is_nobody_on_client_pages(world: World) -> None:
    """The company's people do not come into clients' pages by being staff."""
    staff = probing(world, await world.signed_in_staff())

    assert (await staff.get(CLIENT)).headers["location"] == LOGIN


async def test_a_view_is_read_only(world: World) -> None:
    """Through a client's eyes everything is seen and nothing done, proof or not."""
    contact = await world.contact("Anna")
    person = await world.staff()
    staff = probing(world, await world.signed_in_staff(person, viewing=contact))

    for path in (PUBLIC, CLIENT, PROVEN):
        assert (await staff.get(path)).text == f"Anna seen by {person}"
        refused = await staff.post(path, token(world, staff, STAFF_SESSION))
        assert refused.status_code == 403
        assert "nothing can be changed" in refused.text


async def test_a_view_wins_over_an_own_session(world: World) -> None:
    """Who looks through somebody's eyes does not act as himself by mistake."""
    staff = await world.signed_in_staff(viewing=await world.contact("Bea"))
    staff.cookies |= (await world.signed_in_client(await world.contact("Anna"))).cookies

    assert (await probing(world, staff).get(CLIENT)).text.startswith("Bea seen by")


async def test_htmx_is_told_to_leave_the_page(world: World) -> None:
    """A part of a page that needs a login makes the whole browser go there."""
    answer = await probing(world, world.visitor()).get(CLIENT, **{"HX-Request": "true"})

    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, LOGIN)
