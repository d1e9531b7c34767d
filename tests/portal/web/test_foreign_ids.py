"""Somebody else's things look as if they were not there: same status, same bytes (S18)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import SESSIONS
from slotsvc.portal.web.cookies import CLIENT_SESSION, STAFF_SESSION
from slotsvc.portal.web.csrf import csrf_token
from tests.portal.booking_fixtures import Household, new_site
from tests.portal.portal_fixtures import Visitor, World
from tests.portal.web.route_table import READING, Known, known_routes, names_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

MADE_UP = {
    "visit": "v-000000000000000000000000",
    "hold": "h-000000000000000000000000",
    "client": "client-0",
    "contact": "contact-0",
    "staff": "staff-0",
}
_TOKENS = re.compile(r'(name="(?:csrf_token|form|request_id)" value=")[^"]*')


@dataclass(frozen=True)
class Cast:
    """Anna's things by name, and others who ask for them. ``unit``: where each one is a client."""

    names: dict[str, str]
    others: dict[str, Visitor]
    unit: dict[str, str]
    administrator: Visitor
    annas: Visitor


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cast(world: World) -> Cast:
    """A client of the same unit, an occupant of another site of Anna's client, a client of another
    unit; all of them proven."""
    names = await names_of(world)
    await world.unit("coast")
    bobs, beas = await world.client("bob-ref"), await world.client("bea-ref", unit="coast")
    bob = await world.contact("Bob", client=bobs)
    await new_site(world, "bobs", "bob-ref")
    next_door = await new_site(world, "next-door", "anna-ref")
    lea = await world.contact("Lea", client=names["client"], sites=(next_door,))
    bea = await world.contact("Bea", client=beas, unit="coast")
    await _show(world, "coast", beas, bea)
    world.portal.service.catalogue.forget()
    others = {
        "of another client": await world.signed_in_client(bob),
        "of another site": await world.signed_in_client(lea),
        "of another unit": await world.signed_in_client(bea, unit="coast"),
    }
    unit = dict.fromkeys(others, "riviera") | {"of another unit": "coast"}
    annas = await world.signed_in_client(names["contact"])
    return Cast(names, others, unit, await world.signed_in_staff(), annas)


async def _show(world: World, unit: str, client: str, contact: str) -> None:
    """The other unit shows the same activity type: only whose the visit is keeps it apart."""
    bea = Household(world, "", client, contact, world.visitor(), numbers={"action": 7})
    await bea.show(unit=unit)
    await bea.action("NEW_VISIT", unit=unit)


def naming(*parameters: str) -> list[Known]:
    """The routes whose path names one of these."""
    return [
        known for known in known_routes() if any(f"{{{name}}}" in known.path for name in parameters)
    ]


@pytest.mark.parametrize("known", [k for k in naming("visit", "hold") if not k.of_company], ids=str)
async def test_of_clients(known: Known, world: World, cast: Cast) -> None:
    """Anna's visit and her hold, asked for or posted to by others, are not there."""
    before = await _annas_state(world, cast)
    for who, visitor in cast.others.items():
        names = cast.names | {"bu": cast.unit[who]}
        theirs = await _asked(world, visitor, known, names)
        nobodys = await _asked(world, visitor, known, names | MADE_UP)
        assert theirs.status_code == nobodys.status_code == 404, who
        assert _plain(theirs, cast.names) == _plain(nobodys, MADE_UP), who
    assert await _annas_state(world, cast) == before


@pytest.mark.parametrize("site", ["annas", "nowhere"])
async def test_foreign_site(world: World, cast: Cast, site: str) -> None:
    """A new appointment at a site that is not one's own: no such page, to look at and to post."""
    for who, visitor in cast.others.items():
        at, told = f"/{cast.unit[who]}/new", {"type": "service", "site": site}
        looked = await visitor.get(f"{at}/slots?type=service&site={site}")
        data = _token(world, visitor) | told | {"token": "x", "form": "y"}
        posted = await visitor.post(f"{at}/hold", data)
        assert (looked.status_code, posted.status_code) == (404, 404), who


async def test_foreign_session(world: World, cast: Cast) -> None:
    """Ending a session that is not one's own ends nothing, and says what it always says."""
    annas = hashed(cast.annas.cookies[CLIENT_SESSION])
    for who, visitor in cast.others.items():
        path = f"/{cast.unit[who]}/account/sessions/end"
        answers = [
            await visitor.post(path, _token(world, visitor) | {"session": session})
            for session in (annas, "0" * 64)
        ]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].headers.get("location") == answers[1].headers.get("location")
    row = select(SESSIONS.c.ended_at).where(SESSIONS.c.id == annas)
    assert await world.portal.database.read(lambda tx: tx.execute(row).scalar_one()) is None


@pytest.mark.parametrize(
    "known",
    [k for k in naming("client", "contact", "staff") if k.of_company],
    ids=str,
)
async def test_of_the_company(known: Known, world: World, cast: Cast) -> None:
    """What the company does not know is not there either, whatever is asked of it."""
    answer = await _asked(world, cast.administrator, known, cast.names | MADE_UP)
    assert answer.status_code == 404


async def _asked(
    world: World, visitor: Visitor, known: Known, names: dict[str, str]
) -> httpx.Response:
    if known.method == READING:
        return await visitor.get(known.at(names))
    told = {"token": "x", "form": "y", "request_id": "z" * 20}
    return await visitor.post(known.at(names), _token(world, visitor) | told)


def _token(world: World, visitor: Visitor) -> dict[str, str]:
    session = visitor.cookies.get(CLIENT_SESSION) or visitor.cookies[STAFF_SESSION]
    return {"csrf_token": csrf_token(world.portal.secrets, hashed(session))}


def _plain(answer: httpx.Response, names: dict[str, str]) -> str:
    """The page without what differs from visitor to visitor, or repeats what was asked for."""
    text = _TOKENS.sub(r"\1", answer.text)
    for name in MADE_UP:
        text = text.replace(names[name], name)
    return text


async def _annas_state(world: World, cast: Cast) -> tuple[str, int]:
    """The etag of her booked visit, and what her hold's page answers."""
    household = Household(world, "", "anna-ref", cast.names["contact"], cast.annas)
    visit = await household.engine_visit(cast.names["visit"])
    hold = await cast.annas.get(f"/riviera/holds/{cast.names['hold']}")
    return visit.etag, hold.status_code
