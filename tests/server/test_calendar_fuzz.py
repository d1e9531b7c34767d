"""Whatever the wire can carry is answered or refused; nothing of it is a defect of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from grpc import aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.calendars import Calendars
from slotsvc.server.calendar_service import calendar_servicer
from slotsvc.store.sqlite_store import SqliteStore
from tests.examples import examples
from tests.server.random_messages import messages

type Serve = Callable[..., Awaitable[aio.Channel]]

SERVICE = pb.DESCRIPTOR.services_by_name["CalendarService"]
DEFECTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED}
WORDS = (
    "acme",
    "a",
    "b",
    "gas",
    "tenants/acme",
    "tenants/acme/teams/a",
    "tenants/acme/technicians/a",
    "tenants/acme/technicians/a/absences/a",
    "tenants/acme/technicians/a/shiftExceptions/a",
    "tenants/acme/technicians/a/loans/a",
    "tenants/acme/vans/a",
    "tenants/acme/closures/a",
    "tenants/acme/sites/a",
    "FR-57",
    "tenants/acme/activityTypes/a",
    "Europe/Monaco",
    "UTC",
    "display_name",
    "working_time.monday",
    "*",
)


async def code_of(channel: aio.Channel, method: Any, request: Any) -> grpc.StatusCode:
    call = channel.unary_unary(
        f"/{SERVICE.full_name}/{method.name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    try:
        await call(request, timeout=20)
    except aio.AioRpcError as error:
        return error.code()  # type: ignore[no-any-return]
    return grpc.StatusCode.OK


@pytest.fixture
async def channel(serve: Serve, store: SqliteStore) -> aio.Channel:
    """A channel to a service where one tenant with one team exists."""
    channel = await serve(calendar_servicer(Calendars(store)))
    tenant = pb.CreateTenantRequest(
        tenant_id="acme", tenant=pb.Tenant(display_name="A", tags=["gas"]), request_id="1"
    )
    team = pb.CreateTeamRequest(
        parent="tenants/acme",
        team_id="a",
        team=pb.Team(display_name="A", time_zone="UTC"),
        request_id="2",
    )
    for name, request in (("CreateTenant", tenant), ("CreateTeam", team)):
        code = await code_of(channel, SERVICE.methods_by_name[name], request)
        assert code is grpc.StatusCode.OK
    return channel


@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=messages(pb.CreateTechnicianRequest.DESCRIPTOR, WORDS, fullness=0.9))
async def test_no_technician_is_a_defect(channel: aio.Channel, request: Any) -> None:
    """Random CreateTechnician messages are stored or refused, never INTERNAL or UNKNOWN."""
    code = await code_of(channel, SERVICE.methods_by_name["CreateTechnician"], request)

    assert code not in DEFECTS


@settings(
    max_examples=examples(200),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    call=st.sampled_from(list(SERVICE.methods)).flatmap(
        lambda method: st.tuples(st.just(method), messages(method.input_type, WORDS))
    )
)
async def test_no_call_of_any_method_is_a_defect(channel: aio.Channel, call: Any) -> None:
    """The same for random messages to each of the 34 methods."""
    assert await code_of(channel, *call) not in DEFECTS
