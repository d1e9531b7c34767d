"""The use cases of what a company sets up, on a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from slotsvc.domain.errors import (
    EtagMismatchError,
    IdempotencyKeyReusedError,
    InUseError,
    NotFoundError,
)
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.domain.working_time import Absence, DayHours, WorkingTime
from slotsvc.scheduling.calendars import Calendars, EntityKey
from slotsvc.scheduling.mutation import Mutation
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore

TENANT = EntityKey(Tenant, "acme", "acme")
NORTH = EntityKey(Team, "acme", "north")
ANNA = EntityKey(Technician, "acme", "anna")


@pytest.fixture
def calendars(tmp_path: Path) -> Iterator[Calendars]:
    path = tmp_path / "slotsvc.db"
    upgrade(sqlite_url(path))
    store = SqliteStore(path)
    yield Calendars(store)
    store.close()


def call(request_id: str, method: str = "m", payload: bytes = b"p") -> Mutation:
    return Mutation("acme", method, request_id, payload)


def told(entity: Tenant | Team | Technician, etag: str) -> bytes:
    return f"{entity.display_name}/{etag}".encode()


async def set_up(calendars: Calendars) -> None:
    tenant, team = Tenant("acme", "Acme", frozenset({"gas"})), Team("north", "North", "UTC")
    here = Location(43.7, 7.4)
    week = WorkingTime((DayHours(None),) * 7)
    anna = Technician("anna", "Anna", "north", "UTC", here, here, week, frozenset({"gas"}))
    await calendars.create(call("1", "CreateTenant"), TENANT, lambda _tx: tenant, told)
    await calendars.create(call("2", "CreateTeam"), NORTH, lambda _tx: team, told)
    await calendars.create(call("3", "CreateTechnician"), ANNA, lambda _tx: anna, told)


async def test_one_call_has_one_effect(calendars: Calendars) -> None:
    """Sixteen equal calls at once give one team and sixteen equal answers."""
    await calendars.create(call("0"), TENANT, lambda _tx: Tenant("acme", "Acme"), told)
    team = Team("north", "North", "UTC")

    answers = await asyncio.gather(
        *(calendars.create(call("same", "c"), NORTH, lambda _tx: team, told) for _ in range(16))
    )

    assert len(set(answers)) == 1
    assert len(await calendars.page(EntityKey(Team, "acme", ""), 10)) == 1


async def test_a_key_used_for_something_else_has_no_effect(calendars: Calendars) -> None:
    """The second payload under one key is refused; under another method it is another call."""
    await set_up(calendars)
    other = Team("south", "South", "UTC")
    key = EntityKey(Team, "acme", "south")

    with pytest.raises(IdempotencyKeyReusedError):
        await calendars.create(call("2", "CreateTeam", b"q"), key, lambda _tx: other, told)
    with pytest.raises(NotFoundError):
        await calendars.get(key)

    assert await calendars.create(call("2", "Other", b"q"), key, lambda _tx: other, told)


async def test_a_refused_call_can_be_repeated(calendars: Calendars) -> None:
    """Refusals are not stored: the same call succeeds once its parent is there."""
    team = Team("north", "North", "UTC")
    with pytest.raises(NotFoundError, match="no such tenant"):
        await calendars.create(call("r"), NORTH, lambda _tx: team, told)

    await calendars.create(call("0"), TENANT, lambda _tx: Tenant("acme", "Acme"), told)

    assert await calendars.create(call("r"), NORTH, lambda _tx: team, told)


async def test_an_update_sees_what_is_there(calendars: Calendars) -> None:
    """The change is made from the stored entity, under its etag."""
    await set_up(calendars)
    _, etag = await calendars.get(NORTH)

    answer = await calendars.update(
        call("u"),
        NORTH,
        etag,
        lambda _tx, team: Team(team.id, team.display_name + "!", "UTC"),
        told,
    )

    assert answer.startswith(b"North!/")
    with pytest.raises(EtagMismatchError):
        await calendars.update(call("v"), NORTH, etag, lambda _tx, team: team, told)
    assert (await calendars.get(NORTH))[0].display_name == "North!"


async def test_a_tag_in_use_stays(calendars: Calendars) -> None:
    """Taking it from the tenant is refused, and the refusal names it."""
    await set_up(calendars)

    with pytest.raises(InUseError) as refused:
        await calendars.update(
            call("u"), TENANT, None, lambda _tx, tenant: Tenant("acme", tenant.display_name), told
        )

    assert refused.value.metadata == {"tag": "gas"}


async def test_what_is_missing_is_not_found(calendars: Calendars) -> None:
    """Reading, changing, deleting and listing below something that is not there."""
    await set_up(calendars)
    nobody = EntityKey(Technician, "acme", "nobody")
    with pytest.raises(NotFoundError):
        await calendars.get(nobody)
    with pytest.raises(NotFoundError):
        await calendars.update(call("u"), nobody, None, lambda _tx, t: t, told)
    with pytest.raises(NotFoundError):
        await calendars.delete(call("d"), nobody, None)
    with pytest.raises(NotFoundError, match="technician"):
        await calendars.page(EntityKey(Absence, "acme", "", "nobody"), 10)
    with pytest.raises(NotFoundError, match="tenant"):
        await calendars.page(EntityKey(Team, "nobody", ""), 10)
