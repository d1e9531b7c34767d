"""Whatever the wire can carry to visits, slots, plans and reports is answered or refused."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc import aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.calls import fresh_id
from benchmarks.company import Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import (
    execution_service_pb2,
    plan_service_pb2,
    slot_service_pb2,
    visit_service_pb2,
)
from tests.e2e.days import TOMORROW
from tests.examples import examples
from tests.server.plausible_messages import plausible
from tests.server.random_messages import messages
from tests.service_fixtures import (
    RunningService,
    booked,
    held,
    offered,
    running_service,
    settings_for,
)

DEFECTS = {"INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"}
METHODS: list[MethodDescriptor] = [
    method
    for module in (
        visit_service_pb2,
        slot_service_pb2,
        plan_service_pb2,
        execution_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if not method.server_streaming
]
WORDS = {
    "parent": ["tenants/acme"],
    "team": ["tenants/acme/teams/crew"],
    "technician": ["tenants/acme/technicians/ann", "tenants/acme/technicians/bob"],
    "required_technicians": ["tenants/acme/technicians/ann"],
    "preferred_technicians": ["tenants/acme/technicians/bob"],
    "forbidden_technicians": ["tenants/acme/technicians/bob"],
    "last_technician": ["tenants/acme/technicians/ann"],
    "site": ["tenants/acme/sites/casino"],
    "activity_type": ["tenants/acme/activityTypes/service"],
    "required_tags": ["boiler"],
    "sector": [""],
    "client": ["", "", "c-1", "c-2"],
    "external_ref": ["", "", "", "o-1"],
    "etag": ["", "", "1"],
    "page_token": [""],
    "step": ["gate", "leak-found"],
    "paths": ["note", "priority", "due_time"],
}


class World:
    """A company with visits in many states, and what it answered: names and tokens to go on with.

    ``texts``: what there was in the beginning. ``told``: how often which method ended how.
    """

    def __init__(self, service: RunningService) -> None:
        self.service = service
        self.visits: list[str] = []
        self.holds: list[str] = []
        self.tokens: list[str] = []
        self.told: Counter[tuple[str, str]] = Counter()
        self.texts: list[str] = []
        self._numbers = itertools.count()

    async def found(self) -> None:
        """Two technicians, a booked visit, a held one, one that waits."""
        calls = self.service.calls
        company = await Company(calls, "acme").found()
        for who in ("ann", "bob"):
            await company.technician(who, tags=["boiler"])
        await company.activity("service")
        await company.site("casino")
        found = await offered(calls, company.search(on=TOMORROW))
        self.visits.append((await booked(calls, found[0])).name)
        self.holds.append((await held(calls, found[-1])).name)
        self.tokens.append(found[1].token)
        request = visit_service_pb2.CreateVisitRequest(
            parent=company.tenant,
            visit=visit_service_pb2.Visit(
                site=f"{company.tenant}/sites/casino",
                activity_type=f"{company.tenant}/activityTypes/service",
                team=company.team,
            ),
            request_id=fresh_id(),
        )
        self.visits.append((await calls.visits.CreateVisit(request)).visit.name)
        self.texts = sorted({text for texts in self.words.values() for text in texts})

    @property
    def words(self) -> dict[str, list[str]]:
        """The newest ones of what there is."""
        visits, holds = self.visits[-6:], self.holds[-3:]
        texts = {"name": visits, "visit": visits, "hold": holds, "token": self.tokens[-4:]}
        return {**WORDS, **texts, "request_id": [f"call-{next(self._numbers)}"]}

    def learn(self, answer: Any) -> None:
        """New names and tokens."""
        if isinstance(answer, slot_service_pb2.SuggestSlotsResponse):
            self.tokens += [slot.token for slot in answer.slots[:2]]
        elif isinstance(answer, slot_service_pb2.HoldSlotResponse):
            self.holds.append(answer.hold.name)
            self.visits.append(answer.hold.visit)
        elif isinstance(answer, visit_service_pb2.CreateVisitResponse):
            self.visits.append(answer.visit.name)

    async def call(self, method: MethodDescriptor, request: Any) -> str:
        """The name of the code it ends with."""
        channel = self.service.calls.channel
        call = channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        try:
            self.learn(await call(request, timeout=20))
        except aio.AioRpcError as error:
            self.told[method.name, error.code().name] += 1
            return str(error.code().name)
        self.told[method.name, "OK"] += 1
        return "OK"


@pytest.fixture
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running_service(settings_for(tmp_path_factory.mktemp("fuzz"))) as service:
        world = World(service)
        await world.found()
        yield world


SETTINGS = settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@SETTINGS
@given(data=st.data())
async def test_no_message_is_a_defect(world: World, data: st.DataObject) -> None:
    """Random messages to each method: never INTERNAL, UNKNOWN or too late."""
    method = data.draw(st.sampled_from(METHODS))
    request = data.draw(messages(method.input_type, world.texts, fullness=0.6))

    assert await world.call(method, request) not in DEFECTS


@pytest.mark.parametrize("seed", range(4))
async def test_no_history_is_a_defect(world: World, seed: int) -> None:
    """Calls that mostly make sense, one after the other, while time goes by; each day can always
    be looked at."""
    chance = random.Random(seed)
    for _ in range(150):
        now = world.service.clock.pass_(timedelta(minutes=chance.randint(0, 4)))
        method = chance.choice(METHODS)
        request = plausible(chance, method.input_type, world.words, now)

        assert await world.call(method, request) not in DEFECTS, request

        day = plan_service_pb2.GetDayRequest(team="tenants/acme/teams/crew", date=pb_date(TOMORROW))
        assert (await world.service.calls.plan.GetDay(day)).routes
