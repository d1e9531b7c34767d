"""Calls on the real engine: kinds of refusals, repeating, the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from grpc import aio

from benchmarks.calls import fresh_id
from slotsvc.portal.service.answers import VisitState
from slotsvc.portal.service.calls import ServiceCalls
from slotsvc.portal.service.channel import Line
from slotsvc.portal.service.client_calls import ClientCalls, Search
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from tests.portal.booking_fixtures import Household, new_site, running_household


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with running_household(tmp_path) as household:
        yield household


def _calls(home: Household) -> tuple[ServiceCalls, ClientCalls]:
    service = home.world.portal.service
    return service, service.for_client(home.ref)


def _search(home: Household, visit: str) -> Search:
    service = home.world.portal.service
    return Search(team=home.world.company.team, visit=service.name("visits", visit))


async def test_hold_book_move_cancel(home: Household) -> None:
    """The whole way of a visit, with what each answer says."""
    _, calls = _calls(home)
    visit = await home.visit()
    offers = await calls.search(_search(home, visit))
    assert [offer.rank for offer in offers] == list(range(1, len(offers) + 1))
    hold = await calls.hold(offers[0].token, fresh_id())
    assert hold.window == offers[0].window
    held = await calls.visit(hold.visit)
    assert (held.state, held.hold) == (VisitState.HELD, hold.name)
    longer = await calls.extend(hold.name, fresh_id())
    assert not longer.extendable
    booked = await calls.book(hold.name, fresh_id())
    assert booked.state is VisitState.BOOKED
    assert booked.window == offers[0].window
    others = await calls.search(_search(home, visit))
    other = next(offer for offer in others if offer.window != booked.window)
    second = await calls.hold(other.token, fresh_id())
    moved = await calls.reschedule(booked.name, second.name, fresh_id())
    assert moved.window == other.window
    cancelled = await calls.cancel(booked.name, fresh_id(), etag=moved.etag)
    assert cancelled.state is VisitState.CANCELLED
    assert cancelled.window == other.window
    assert [each.state for each in await calls.all_visits()] == [VisitState.CANCELLED]


async def test_kinds_of_refusals(home: Household) -> None:
    """Each refusal has the kind that pages decide by."""
    _, calls = _calls(home)
    visit = await home.visit()
    offers = await calls.search(_search(home, visit))
    request_id = fresh_id()
    hold = await calls.hold(offers[0].token, request_id)
    bob = home.world.portal.service.for_client("bob")
    now = home.world.clock
    for kind, call in {
        ErrorKind.NOT_FOUND: bob.visit(hold.visit),
        ErrorKind.EXPIRED: bob.hold(offers[1].token, fresh_id()),
        ErrorKind.LIMIT: calls.hold(offers[1].token, fresh_id()),
        ErrorKind.REPEATED: calls.hold(offers[1].token, request_id),
        ErrorKind.INVALID: calls.visit("nonsense"),
        ErrorKind.WRONG_STATE: calls.reschedule(hold.visit, hold.name, fresh_id()),
    }.items():
        with pytest.raises(ServiceError) as refused:
            await call
        assert refused.value.kind is kind
    now.pass_(timedelta(minutes=6))
    with pytest.raises(ServiceError) as refused:
        await calls.book(hold.name, fresh_id())
    assert refused.value.kind is ErrorKind.EXPIRED


async def test_gone_carries_alternatives(home: Household) -> None:
    """A slot that is taken comes with offers that can be held at once."""
    _, calls = _calls(home)
    visit = await home.visit()
    offers = sorted(await calls.search(_search(home, visit)), key=lambda offer: offer.window)
    await home.taken(offers[0].window.start, offers[0].window.end)
    with pytest.raises(ServiceError) as refused:
        await calls.hold(offers[0].token, fresh_id())
    assert refused.value.kind is ErrorKind.GONE
    assert await calls.hold(refused.value.alternatives[0].token, fresh_id())


async def test_nobody_there() -> None:
    """Without an engine calls say so within their deadline."""
    async with aio.insecure_channel("127.0.0.1:1") as channel:
        calls = ClientCalls(Line(channel), "tenants/acme", "slk_x", "anna")
        with pytest.raises(ServiceError) as refused:
            await asyncio.wait_for(calls.unplaced(), 5)
    assert refused.value.kind is ErrorKind.UNAVAILABLE


async def test_names_are_encoded(home: Household) -> None:
    """A client's reference may hold anything that a reference may."""
    ref = "Société d'Été / 7%"
    site = await new_site(home.world, "ete", ref)
    visit = await home.visit(client=ref, site=site)
    calls = home.world.portal.service.for_client(ref)
    assert [found.id for found in await calls.unplaced()] == [visit]


async def test_catalogue(home: Household) -> None:
    """What is set up is kept; what is asked for and not there is looked for again."""
    service, _ = _calls(home)
    assert [site.name for site in await service.catalogue.sites_of(home.ref)] == [home.site]
    new = await new_site(home.world, "new", home.ref)
    assert new not in await service.catalogue.sites()
    assert await service.catalogue.site("tenants/acme/sites/none") is None
    service.catalogue.forget()
    found = await service.catalogue.site(new)
    assert found is not None
    assert found.client == home.ref
    assert f"{service.tenant}/activityTypes/service" in await service.catalogue.activity_types()
    assert home.world.company.team in await service.catalogue.teams()
