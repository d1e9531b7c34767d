"""Two companies, and somebody of every role: what the tests of access look at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from grpc import aio

from benchmarks.calls import Calls, Metadata, bearer, calling, fresh_id
from benchmarks.company import Company
from benchmarks.sample_company import A, B, sample_company
from slotsvc.pb.v1 import access_service_pb2 as access
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import options_pb2 as options
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
from slotsvc.scheduling.api_keys import ApiKeys
from slotsvc.store import migrate
from slotsvc.store.engine import sqlite_url
from slotsvc.store.sqlite_store import SqliteStore
from tests.e2e.days import TOMORROW
from tests.service_fixtures import (
    RunningService,
    SetClock,
    offered,
    running_service,
    settings_for,
)


@dataclass
class World:
    """A service that asks for keys. ``keys``: by who holds it; ``names``: what tests ask about."""

    service: RunningService
    stack: AsyncExitStack = field(repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    names: dict[str, str] = field(default_factory=dict)
    callers: dict[str, Calls] = field(default_factory=dict, repr=False)

    async def calls(self, who: str) -> Calls:
        """The stubs of somebody: a name in ``keys``, or ``anonymous``."""
        if who not in self.callers:
            told = bearer(self.keys[who]) if who in self.keys else ()
            self.callers[who] = await self.saying(told)
        return self.callers[who]

    async def saying(self, metadata: Metadata) -> Calls:
        """Stubs whose calls carry the metadata."""
        return await self.stack.enter_async_context(calling(self.service.address, metadata))

    async def new_key(self, by: str, parent: str, role: str, **key: Any) -> access.ApiKey:
        """A key of the role, kept under its display name."""
        who = key.setdefault("display_name", role.lower())
        wanted = access.ApiKey(role=options.Role.Value(f"ROLE_{role}"), **key)
        request = access.CreateApiKeyRequest(parent=parent, api_key=wanted, request_id=fresh_id())
        stub = AccessServiceStub((await self.calls(by)).channel)
        answer = await stub.CreateApiKey(request)
        self.keys[who] = answer.secret
        return answer.api_key  # type: ignore[no-any-return]

    async def audit_entries(self) -> int:
        """How many changes were recorded in all."""

        def work(tx: Any) -> int:
            return sum(tx.verify_audit(tenant).entries for tenant in ("", "acme", "other"))

        return await self.service.store.read(work)


async def first_key(database: Path, clock: SetClock) -> str:
    """As `slotsvc key first` makes it, before the service runs."""
    migrate.upgrade(sqlite_url(database))
    store = SqliteStore(database, clock)
    try:
        return await ApiKeys(store).first("first")
    finally:
        store.close()


@asynccontextmanager
async def world(data_dir: Path) -> AsyncIterator[World]:
    """Company acme with client-a's and client-b's visits, company other, everybody's keys."""
    settings, clock = settings_for(data_dir, auth="keys"), SetClock()
    key = await first_key(settings.database_file, clock)
    async with running_service(settings, clock) as service, AsyncExitStack() as stack:
        made = World(service, stack, {"operator": key})
        for tenant in ("acme", "other"):
            await _tenant(made, tenant)
        company = Company(await made.calls("administrator"), "acme")
        made.names = await sample_company(company.calls, company, TOMORROW)
        await _keys(made)
        await _token_of_client(made)
        yield made


async def _tenant(world: World, id: str) -> None:
    operator = await world.calls("operator")
    tenant = cal.Tenant(display_name=id, tags=["gas"])
    await operator.calendar.CreateTenant(
        cal.CreateTenantRequest(tenant_id=id, tenant=tenant, request_id=fresh_id())
    )
    who = "administrator" if id == "acme" else "other tenant"
    await world.new_key("operator", f"tenants/{id}", "ADMINISTRATOR", display_name=who)
    team = cal.Team(display_name="Crew", time_zone="Europe/Monaco")
    calls = await world.calls(who)
    await calls.calendar.CreateTeam(
        cal.CreateTeamRequest(
            parent=f"tenants/{id}", team_id="crew", team=team, request_id=fresh_id()
        )
    )


async def _keys(world: World) -> None:
    tenant, by = world.names["tenant"], "administrator"
    for role in ("PLANNER", "INTEGRATOR", "PORTAL"):
        await world.new_key(by, tenant, role)
    for who, client in (("client", A), ("other client", B)):
        await world.new_key(by, tenant, "CLIENT", client=client, display_name=who)
    for who, id in (("technician", "ann"), ("other technician", "ben")):
        name = world.names[id]
        await world.new_key(by, tenant, "TECHNICIAN", technician=name, display_name=who)
    gone = await world.new_key(by, tenant, "ADMINISTRATOR", display_name="revoked")
    stub = AccessServiceStub((await world.calls(by)).channel)
    await stub.RevokeApiKey(access.RevokeApiKeyRequest(name=gone.name, request_id=fresh_id()))
    world.names["key"] = gone.name
    soon = world.service.clock.now() + timedelta(minutes=1)
    await world.new_key(by, tenant, "ADMINISTRATOR", display_name="expired", expire_time=soon)
    world.service.clock.pass_(timedelta(minutes=2))


async def _token_of_client(world: World) -> None:
    calls = await world.calls("client")
    search = Company(calls, "acme").search(world.names["site_a"], client=A, on=TOMORROW)
    world.names["token_of_client"] = (await offered(calls, search))[0].token


def unary(channel: aio.Channel, method: Any, answer_class: Any) -> Any:
    """A call of any method, by its descriptor, answers in one piece or as a stream."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    make = channel.unary_stream if method.server_streaming else channel.unary_unary
    return make(
        path,
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=answer_class.FromString,
    )
