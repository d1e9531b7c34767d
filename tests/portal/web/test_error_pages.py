"""What went wrong, said once and in the visitor's language."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import httpx
import pytest
from pysqlite3 import dbapi2
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.web.app import application
from slotsvc.portal.web.errors import Problem
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.request import portal_of
from tests.portal.portal_fixtures import Visitor, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

failing = Pages()


@failing.get("/{bu}/failing/{kind}", access=Access.PUBLIC)
async def fail(request: Request, kind: ErrorKind) -> Response:
    """Fails as a call to the engine does."""
    raise ServiceError(kind, "INSIDE_WORD", field="inside", retry_after=timedelta(seconds=1.2))


@failing.get("/{bu}/writing", access=Access.PUBLIC)
async def write(request: Request) -> Response:
    """Writes, and fails for a reason that trying again does not mend."""
    await portal_of(request).database.write(lambda tx: tx.exec_driver_sql("SELECT nothing"))
    raise AssertionError


def visitor(world: World) -> Visitor:
    """Somebody at the failing pages."""
    app = application(world.portal, world.address, [failing])
    return Visitor(httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=world.url))


@pytest.mark.parametrize("kind", list(ErrorKind))
async def test_every_refusal_of_the_engine_is_a_page(world: World, kind: ErrorKind) -> None:
    """With a status of its own and none of the engine's words."""
    page = await visitor(world).get(f"/riviera/failing/{kind}")
    statuses = {
        ErrorKind.NOT_FOUND: 404,
        ErrorKind.LIMIT: 429,
        ErrorKind.TOO_MANY: 503,
        ErrorKind.INVALID: 400,
        ErrorKind.UNAVAILABLE: 503,
        ErrorKind.REFUSED: 503,
        ErrorKind.BROKEN: 500,
    }

    assert page.status_code == statuses.get(kind, 409)
    assert "<h1>" in page.text
    assert "INSIDE_WORD" not in page.text
    assert "inside" not in page.text


async def test_who_waits_is_told_how_long_and_whom_to_call(world: World) -> None:
    """An engine that is away: try again, or call the company."""
    page = await visitor(world).get("/riviera/failing/UNAVAILABLE")

    assert page.headers["retry-after"] == "2"
    assert "+377 97 00 00 00" in page.text
    assert 'href="/riviera/failing/UNAVAILABLE"' in page.text


async def test_tables_that_somebody_else_writes_are_not_a_mistake(world: World) -> None:
    """A backup or a tool holds the tables for too long: try again, or call the company."""
    database, path = world.portal.database, world.portal.options.database
    await database.write(lambda tx: tx.exec_driver_sql("PRAGMA busy_timeout=0"))
    with closing(dbapi2.connect(str(path), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        page = await visitor(world).get("/riviera/writing")
        other.execute("ROLLBACK")
    await database.write(lambda tx: tx.exec_driver_sql("PRAGMA busy_timeout=10000"))

    assert page.status_code == 503
    assert "+377 97 00 00 00" in page.text
    assert (await visitor(world).get("/riviera/writing")).status_code == 500


async def test_what_cannot_be_read_in_an_address_is_not_there(world: World) -> None:
    """A path parameter of the wrong kind is a missing page, not a list of faults."""
    page = await visitor(world).get("/riviera/failing/nothing-like-it")

    assert page.status_code == 404
    assert '"msg"' not in page.text


async def test_a_wrong_method_is_a_page(world: World) -> None:
    """405, in the words of the portal."""
    page = await world.visitor().post("/healthz")

    assert page.status_code == 405
    assert Problem.METHOD.value.title in page.text


async def test_company_errors_look_like_company_pages(world: World) -> None:
    """The same page in the company's frame."""
    staff = await world.signed_in_staff()

    assert "Company pages" in (await staff.get("/company/nothing")).text


async def test_a_page_that_is_not_there_is_the_units_all_the_same(world: World) -> None:
    """Below a known unit: its brand, its number, the way to its start page, the visitor's menu.
    Elsewhere, and below a unit that is not active: none of it."""
    await world.unit("asleep", active=False, company_name="Asleep Ltd")
    lost = await world.visitor().get("/riviera/nothing/at/all")
    anna = await world.signed_in_client(await world.contact("Anna"))
    hers = await anna.get("/riviera/nothing")

    for page in (lost, hers):
        assert page.status_code == 404
        assert "Riviera Heating" in page.text
        assert "Or call us" in page.text
        assert 'href="tel:+37797000000"' in page.text
        assert 'class="button button-quiet" href="/riviera/"' in page.text
    assert 'href="/riviera/visits"' in hers.text
    for path in ("/asleep/nothing", "/nowhere/nothing"):
        page = await world.visitor().get(path)
        assert page.status_code == 404
        assert "Asleep Ltd" not in page.text
        assert 'href="/"' in page.text
