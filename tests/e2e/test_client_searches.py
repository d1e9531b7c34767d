"""A client searches so often in a minute, at all replicas together; planners as they like."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from grpc import aio
from pydantic import SecretStr

from benchmarks.calls import Calls, bearer, calling, fresh_id, told
from benchmarks.company import DOWNTOWN, Company
from slotsvc.cli.wire import pb_place
from slotsvc.config import Search
from slotsvc.pb.v1 import access_service_pb2 as access
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import options_pb2 as options
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
from tests.e2e.days import TOMORROW
from tests.replicas.valkey import own_prefix, running_valkey
from tests.service_fixtures import RunningService, refused, running_service, settings_for

MOST = 6
PIA = "pia"


class Replica:
    """A service with a company; ``pia``: calls on behalf of its client."""

    def __init__(self, service: RunningService, company: Company, pia: Calls) -> None:
        self.service, self.company, self.pia = service, company, pia

    def search(self) -> Any:
        """At the client's site."""
        site = f"{self.company.tenant}/sites/{PIA}"
        return self.company.search(client=PIA, site=site, on=TOMORROW, max_slots_per_day=6)


async def opened(stack: AsyncExitStack, settings: Any) -> Replica:
    """A started one."""
    service = await stack.enter_async_context(running_service(settings))
    company = await Company(service.calls, "acme").found()
    await company.technician("ann")
    await company.activity("service")
    site = cal.Site(display_name="Home", location=pb_place(*DOWNTOWN), client=PIA)
    await service.calls.calendar.CreateSite(
        cal.CreateSiteRequest(parent=company.tenant, site_id=PIA, site=site, request_id=fresh_id())
    )
    wanted = access.ApiKey(display_name="Portal", role=options.ROLE_PORTAL)
    request = access.CreateApiKeyRequest(
        parent=company.tenant, api_key=wanted, request_id=fresh_id()
    )
    key = (await AccessServiceStub(service.calls.channel).CreateApiKey(request)).secret
    behalf = ("slotsvc-on-behalf-of", f"clients/{PIA}")
    pia = await stack.enter_async_context(calling(service.address, (*bearer(key), behalf)))
    return Replica(service, company, pia)


async def let_in(replicas: Sequence[Replica], times: int) -> int:
    """How many of so many searches at each were answered; the others were told why not."""
    answered = 0
    for replica in [*replicas] * times:
        try:
            await replica.pia.slots.SuggestSlots(replica.search())
        except aio.AioRpcError as error:
            if told(error).reason != "TOO_MANY_SEARCHES":
                raise
            continue
        answered += 1
    return answered


async def test_a_client_searches_so_often_at_all_replicas_together(tmp_path: Path) -> None:
    """As often at two as at one, but for answers of Redis that came late; who does not search for
    himself is not counted."""
    async with AsyncExitStack() as stack:
        valkey = stack.enter_context(running_valkey(tmp_path))
        shared = {
            "redis_url": SecretStr(valkey.url),
            "redis_prefix": own_prefix(),
            "key_ring_path": tmp_path / "keys.json",
            "search": Search(most_per_client=MOST),
        }
        one = await opened(stack, settings_for(tmp_path / "one", **shared))
        other = await opened(stack, settings_for(tmp_path / "other", **shared))

        assert MOST <= await let_in([one, other], 2 * MOST) < 2 * MOST
        refusal = await refused(one.pia.slots.SuggestSlots(one.search()))
        assert refusal.code == "RESOURCE_EXHAUSTED"
        assert (await one.service.calls.slots.SuggestSlots(one.search())).slots


async def test_without_redis_each_replica_has_its_limit(tmp_path: Path) -> None:
    """Killed under way: neither is without a limit, nor keeps out whom it should let in."""
    async with AsyncExitStack() as stack:
        valkey = stack.enter_context(running_valkey(tmp_path))
        settings = settings_for(
            tmp_path / "one",
            redis_url=SecretStr(valkey.url),
            redis_prefix=own_prefix(),
            search=Search(most_per_client=MOST),
        )
        one = await opened(stack, settings)
        assert await let_in([one], MOST // 2) == MOST // 2
        valkey.kill()

        assert await let_in([one], 2 * MOST) == MOST - MOST // 2
