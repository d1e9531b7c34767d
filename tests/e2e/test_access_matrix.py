"""Every method of the contract, asked by everybody: who is let in, and what the others are told.

What is expected is computed from the policies of the contract and the rows of ``sample_requests``;
what is measured is what a real service answers on a real channel.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc import aio

from benchmarks.calls import Told, told
from benchmarks.sample_requests import ROWS, row_of, sample_request
from slotsvc.domain.access import Role
from slotsvc.server.app import method_descriptors
from slotsvc.server.interceptors.planned_fields import is_planned
from slotsvc.server.policies import declared_policy, is_let_in, own_data
from tests.e2e.access_world import World, unary, world

METHODS = list(method_descriptors())

NOBODY = ("anonymous", "garbage", "expired", "revoked")
STAFF = {
    "operator": Role.OPERATOR,
    "administrator": Role.ADMINISTRATOR,
    "planner": Role.PLANNER,
    "integrator": Role.INTEGRATOR,
    "portal": Role.PORTAL,
}
OWNERS = {"client": Role.CLIENT, "technician": Role.TECHNICIAN}
OTHERS = {"other client": Role.CLIENT, "other technician": Role.TECHNICIAN}
CALLERS = (*NOBODY, "other tenant", *STAFF, *OWNERS, *OTHERS)

OK, REFUSED_ID = "OK", "INVALID_ARGUMENT request_id"
DEEPEST = 5


@pytest.fixture
async def acme(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        made.keys["garbage"] = "slk_abcdefghijkl_" + 43 * "x"
        yield made


def request_of(method: MethodDescriptor, kind: str, world: World) -> Any:
    """The row's request as somebody of this kind makes it."""
    return sample_request(method, world.names, kind)


async def answer(world: World, who: str, method: MethodDescriptor, request: Any) -> str:
    """What the caller gets: OK, or a code with the reason, or with the wrong field."""
    call = unary((await world.calls(who)).channel, method, GetMessageClass(method.output_type))
    try:
        if method.server_streaming:
            await _first_answers(call(request, timeout=10))
        else:
            await call(request, timeout=10)
    except aio.AioRpcError as error:
        return _in_words(told(error))
    return OK


async def _first_answers(stream: Any) -> None:
    """Reads for a moment: a refusal comes at once, an answer may never come."""
    try:
        async with asyncio.timeout(0.5):
            async for _ in stream:
                pass
    except TimeoutError:
        stream.cancel()


def _in_words(error: Told) -> str:
    if error.code == "INVALID_ARGUMENT" and "request_id" in error.fields:
        return REFUSED_ID
    if error.reason in (error.code, ""):
        return error.code
    return f"{error.code} {error.reason}"


def expected(method: MethodDescriptor, who: str) -> str:
    """What the policy says of the caller."""
    row = row_of(method)
    policy = declared_policy(method)
    assert policy is not None
    if who in NOBODY:
        return "UNAUTHENTICATED"
    role = {**STAFF, **OWNERS, **OTHERS, "other tenant": Role.ADMINISTRATOR}[who]
    if not is_let_in(policy, role):
        return "PERMISSION_DENIED"
    foreign = bool(policy.about) if who == "other tenant" else who in OTHERS and not row.shared
    if foreign:
        return "INVALID_ARGUMENT SLOT_TOKEN_INVALID" if policy.about == ["token"] else "NOT_FOUND"
    return OK


def kind_of(who: str) -> str:
    """``client``, ``technician`` or anything else."""
    return who.removeprefix("other ")


async def cell(world: World, method: MethodDescriptor, who: str) -> tuple[str, str]:
    """What is expected of one method for one caller, and what it answers."""
    hoped = expected(method, who)
    request = request_of(method, kind_of(who), world)
    if hoped == OK:
        hoped = row_of(method).answer
        if "request_id" in method.input_type.fields_by_name:
            request.ClearField("request_id")
            hoped = REFUSED_ID
    return hoped, await answer(world, who, method, request)


def test_every_method_has_a_policy() -> None:
    """A method without a policy would be refused to everybody; none is."""
    without = [m.full_name for m in METHODS if declared_policy(m) is None]

    assert METHODS
    assert without == []


def test_every_method_has_a_row() -> None:
    """The matrix leaves nothing out, and asks nothing that is not there."""
    declared = {(m.containing_service.name, m.name) for m in METHODS}
    rows = {(service, method) for service, methods in ROWS.items() for method in methods}

    assert rows == declared


def test_policies_speak_of_fields_that_exist() -> None:
    """Every path of a policy is a field of the request, and what it names is a text."""
    for method in METHODS:
        policy: Any = declared_policy(method)
        texts = [*policy.about, *policy.client.must_name_caller]
        texts += policy.technician.must_name_caller
        for path in texts:
            assert field_at(method.input_type, path).type == FieldDescriptor.TYPE_STRING, path
        for path in (*policy.client.may_set, *policy.technician.may_set):
            assert field_at(method.input_type, path) is not None


def test_what_is_about_no_tenant_is_the_map_and_the_operators() -> None:
    """Every other method says by which field the tenant is known."""
    free = {m.name for m in METHODS if not declared_policy(m).about}  # type: ignore[union-attr]

    jobs = {"GetJob", "ListJobs", "RetryJob", "DropJob"}
    maps = {"GetMap", "GetTile", "GetShape", "Geocode"}
    assert free == {"CreateTenant", "ListTenants"} | jobs | maps


async def test_everybody_asks_everything(acme: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Each cell of methods x callers is answered as the policy says; the refused change nothing.

    Who is let in sends changing calls without a request_id: refused by the method itself, they
    show that the caller got through, and change nothing either.
    """
    before = await acme.audit_entries()
    wrong, seen = {}, Counter[str]()
    for method in METHODS:
        got = await asyncio.gather(*(cell(acme, method, who) for who in CALLERS))
        for who, (hoped, said) in zip(CALLERS, got, strict=True):
            seen[said] += 1
            if said != hoped:
                wrong[f"{method.name} by {who}"] = f"{said}, not {hoped}"
    with capsys.disabled():
        cells = f"{len(METHODS)} methods x {len(CALLERS)} callers = {seen.total()} cells"
        sys.stdout.write(f"\naccess matrix: {cells}; {dict(seen)}\n")

    assert wrong == {}
    assert seen.total() == len(METHODS) * len(CALLERS)
    assert await acme.audit_entries() == before


async def test_no_field_takes_a_foreign_name(acme: World) -> None:
    """Whatever text field of a request names another tenant, nested and repeated ones too, an
    administrator is told that there is no such thing."""
    got = Counter[str]()
    for method in METHODS:
        if not is_let_in(declared_policy(method), Role.ADMINISTRATOR):
            continue
        for path in text_paths(method.input_type):
            request = request_of(method, "administrator", acme)
            put(request, path, "tenants/other/sites/x")
            got[await answer(acme, "administrator", method, request)] += 1

    assert set(got) <= {"NOT_FOUND", "UNIMPLEMENTED FIELD_NOT_IMPLEMENTED"}
    assert got["NOT_FOUND"] > 150


@pytest.mark.parametrize("who", ["client", "technician"])
async def test_no_field_takes_what_is_somebody_elses(acme: World, who: str) -> None:
    """The same within the tenant: other clients' visits, holds and sites, other technicians, and
    anything of a kind that is not listed."""
    foreign = ("visit_b", "hold_b", "site_b", "ben", "absence", "key")
    names = [acme.names[name] for name in foreign] + ["tenants/acme/invoices/x"]
    got = Counter[str]()
    for method in METHODS:
        if not is_let_in(declared_policy(method), OWNERS[who]):
            continue
        limits: Any = own_data(declared_policy(method), OWNERS[who])  # type: ignore[arg-type]
        settable = (*limits.may_set, *limits.must_name_caller)
        paths = [p for p in text_paths(method.input_type) if ".".join(p) in settable]
        for path, name in itertools.product(paths, names):
            request = request_of(method, who, acme)
            put(request, path, name)
            got[await answer(acme, who, method, request)] += 1

    assert set(got) == {"NOT_FOUND"}


@pytest.mark.parametrize("who", ["client", "technician"])
async def test_what_is_not_listed_may_not_be_set(acme: World, who: str) -> None:
    """Every field of a request that the policy does not list is refused to clients and
    technicians, so that a new one is closed to them."""
    got = Counter[str]()
    for method in METHODS:
        if not is_let_in(declared_policy(method), OWNERS[who]):
            continue
        limits: Any = own_data(declared_policy(method), OWNERS[who])  # type: ignore[arg-type]
        settable = {*limits.may_set, *limits.must_name_caller}
        for path in text_paths(method.input_type):
            if settable & {".".join(path[:n]) for n in range(1, len(path) + 1)}:
                continue
            request = request_of(method, who, acme)
            put(request, path, "x")
            got[await answer(acme, who, method, request)] += 1

    assert got["PERMISSION_DENIED"] > 0
    assert set(got) <= {"PERMISSION_DENIED", "UNIMPLEMENTED FIELD_NOT_IMPLEMENTED"}


def field_at(descriptor: Descriptor, path: str) -> FieldDescriptor:
    """The field at a dotted path; ``KeyError`` when there is none."""
    *outer, last = path.split(".")
    for name in outer:
        descriptor = descriptor.fields_by_name[name].message_type
    return descriptor.fields_by_name[last]


def text_paths(descriptor: Descriptor, deep: int = DEEPEST) -> Iterator[tuple[str, ...]]:
    """Paths of all text fields of a request, repeated ones and those inside messages too."""
    for field in descriptor.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            yield (field.name,)
        elif field.message_type is not None and deep and not _is_closed(field):
            for inner in text_paths(field.message_type, deep - 1):
                yield (field.name, *inner)


def _is_closed(field: FieldDescriptor) -> bool:
    return is_planned(field) or bool(field.message_type.GetOptions().map_entry)


def put(message: Any, path: tuple[str, ...], text: str) -> None:
    """Sets the text at a path; in lists, of a new item."""
    name, rest = path[0], path[1:]
    repeated = message.DESCRIPTOR.fields_by_name[name].is_repeated
    if rest:
        put(getattr(message, name).add() if repeated else getattr(message, name), rest, text)
    elif repeated:
        getattr(message, name).append(text)
    else:
        setattr(message, name, text)
