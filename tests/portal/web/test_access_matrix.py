"""Every route × everybody who might try it (S17, S18): who is refused, and who is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.schema import ATTEMPTS, AUDIT, METADATA, SESSIONS
from slotsvc.portal.visitor import Level, StaffRole
from slotsvc.portal.web.cookies import CLIENT_SESSION, FORM, STAFF_SESSION
from slotsvc.portal.web.csrf import csrf_token
from slotsvc.portal.web.policy import Access
from tests.portal.portal_fixtures import Visitor, World
from tests.portal.web.route_table import READING, WRITING, Known, known_routes, names_of
from tests.portal.web.test_get_writes_nothing import ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "nobody"
LINKED, UNPROVEN, PROVEN, VIEWING = "linked", "unproven", "proven", "viewing"
PLANNER, ADMINISTRATOR = "planner", "administrator"
LET_IN = {
    Access.CLIENT: {LINKED, UNPROVEN, PROVEN, VIEWING},
    Access.PROVEN: {PROVEN, VIEWING},
}
BY_LINK_ONLY = {LINKED, VIEWING}
ASKS_FOR_PROOF = {"/{bu}/visits/{visit}/cancel"}
"""Pages of actions for which a permanent link is not enough, unless the company says otherwise."""
ROLES = {StaffRole.PLANNER: {PLANNER}, StaffRole.ADMINISTRATOR: {ADMINISTRATOR, VIEWING}}


@dataclass(frozen=True)
class Cast:
    """Everybody, by name, and the things they ask for."""

    names: dict[str, str]
    visitors: dict[str, Visitor]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cast(world: World) -> Cast:
    """Those who may come in by some door, and those who may by none."""
    names = await names_of(world)
    anna = names["contact"]
    await world.unit("coast")
    elsewhere = await world.contact("Bea", unit="coast")
    visitors = {
        NOBODY: world.visitor(),
        LINKED: await world.signed_in_client(anna, level=Level.LINK),
        UNPROVEN: await world.signed_in_client(anna, proven=False),
        PROVEN: await world.signed_in_client(anna),
        VIEWING: await world.signed_in_staff(viewing=anna),
        PLANNER: await world.signed_in_staff(role=StaffRole.PLANNER),
        ADMINISTRATOR: await world.signed_in_staff(),
        "of another unit": await world.signed_in_client(elsewhere, unit="coast"),
        "access off": await world.signed_in_client(await _without_access(world)),
        "no portal user": await world.signed_in_client(
            await world.contact("Dan", portal_user=False)
        ),
        "access over": await world.signed_in_client(
            await world.contact("Eve", access_until="2030-06-02")
        ),
        "access not yet": await world.signed_in_client(
            await world.contact("Fay", access_from="2030-06-04")
        ),
        "made up": world.visitor(),
    }
    visitors["made up"].cookies |= {CLIENT_SESSION: "x" * 43, STAFF_SESSION: "y" * 43}
    now = int(world.clock.now().timestamp())
    idle = now - int(timedelta(minutes=31).total_seconds())
    for name, changed in {
        "signed out": {"ended_at": now},
        "expired": {"expires_at": now},
        "idle": {"seen_at": idle},
    }.items():
        visitors[name] = await world.signed_in_client(anna)
        await _change(world, visitors[name], CLIENT_SESSION, changed)
        visitors[f"staff, {name}"] = await world.signed_in_staff()
        await _change(world, visitors[f"staff, {name}"], STAFF_SESSION, changed)
    visitors["disabled staff"] = await world.signed_in_staff(await world.staff(disabled=True))
    visitors["swapped cookies"] = _swapped(visitors[PROVEN], visitors[ADMINISTRATOR])
    return Cast(names, visitors)


def expected(known: Known) -> set[str]:
    """Who is let in."""
    if known.policy.access is Access.STAFF:
        return set().union(*(ROLES[role] for role in known.policy.roles))
    refused = BY_LINK_ONLY if known.path in ASKS_FOR_PROOF else set()
    return LET_IN[known.policy.access] - refused


GUARDED = [known for known in known_routes() if known.policy.access is not Access.PUBLIC]


@pytest.mark.parametrize("known", [k for k in GUARDED if k.method == READING], ids=str)
async def test_reading(known: Known, world: World, cast: Cast) -> None:
    """Let in are those the policy names, and nobody else."""
    let_in = set()
    for name, visitor in cast.visitors.items():
        status, location = await _asked(world, visitor, known.at(cast.names))
        if not refused(status, location):
            let_in.add(name)

    assert let_in == expected(known)


@pytest.mark.parametrize("known", [k for k in GUARDED if k.method == WRITING], ids=str)
async def test_writing(known: Known, world: World, cast: Cast) -> None:
    """Who is not named is refused, with the right token too; who is, without one."""
    path, before = known.at(cast.names), await _written(world)
    allowed = expected(known)
    through = set()
    for name, visitor in cast.visitors.items():
        data = {} if name in allowed else _token(world, visitor)
        answer = await visitor.post(path, data)
        if not refused(answer.status_code, answer.headers.get("location", "")):
            through.add(name)

    assert through == set()
    if not known.of_company:
        assert await _written(world) == before
        viewing = cast.visitors[VIEWING]
        assert (await viewing.post(path, _token(world, viewing))).status_code == 403


async def test_everybody_with_a_door_was_tried(cast: Cast) -> None:
    """The matrix has a column for every way to be refused."""
    assert len(cast.visitors) >= 20
    assert len(GUARDED) >= 40


def refused(status: int, location: str) -> bool:
    """403, 405 never: sent to a login or a proof, or told so."""
    sent_away = ("/login?next=", "/proof?next=")
    return status == 403 or (status == 303 and any(word in location for word in sent_away))


async def _asked(world: World, visitor: Visitor, path: str) -> tuple[int, str]:
    answer: httpx.Response
    if path.endswith("/events"):
        return await ask(world, visitor, READING, path), "/login?next="
    answer = await visitor.get(path)
    return answer.status_code, answer.headers.get("location", "")


async def _written(world: World) -> dict[str, set[str]]:
    """All rows but those that tell of refusals, by table. When sessions were last seen is written
    by a background task."""
    noted = {AUDIT.name, ATTEMPTS.name}
    kept = [table for table in METADATA.sorted_tables if table.name not in noted]
    queries = {t.name: select(*(c for c in t.c if c.name != "seen_at")) for t in kept}
    return await world.portal.database.read(
        lambda tx: {name: {str(row) for row in tx.execute(q)} for name, q in queries.items()}
    )


def _token(world: World, visitor: Visitor) -> dict[str, str]:
    """The best token the visitor could have."""
    for name in (CLIENT_SESSION, STAFF_SESSION, FORM):
        if name in visitor.cookies:
            cookie = visitor.cookies[name]
            return {"csrf_token": csrf_token(world.portal.secrets, hashed(cookie))}
    return {}


async def _without_access(world: World) -> str:
    return await world.contact("Cid", client=await world.client(access=False))


async def _change(world: World, visitor: Visitor, cookie: str, row: dict[str, int]) -> None:
    ours = SESSIONS.update().where(SESSIONS.c.id == hashed(visitor.cookies[cookie]))
    await world.portal.database.write(lambda tx: tx.execute(ours.values(row)))


def _swapped(client: Visitor, staff: Visitor) -> Visitor:
    """A session of one kind is none of the other."""
    visitor = Visitor(client._http)
    visitor.cookies = {
        CLIENT_SESSION: staff.cookies[STAFF_SESSION],
        STAFF_SESSION: client.cookies[CLIENT_SESSION],
    }
    return visitor
