"""Every error of the domain has one answer, and a place in the page about errors."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from slotsvc.domain import errors
from slotsvc.domain.errors import SlotsvcError, Violation
from slotsvc.pb.v1 import plan_service_pb2, slot_service_pb2
from slotsvc.server.errors import ANSWERS, STATUS_BYTES, answer_to, as_status

PAGE = Path(__file__).resolve().parents[2] / "docs/errors.md"


def leaves(kind: type[SlotsvcError] = SlotsvcError) -> Iterator[type[SlotsvcError]]:
    ours = [sub for sub in kind.__subclasses__() if sub.__module__ == errors.__name__]
    if not ours and kind is not SlotsvcError:
        yield kind
    for sub in ours:
        yield from leaves(sub)


def an_error(kind: type[SlotsvcError]) -> SlotsvcError:
    if kind is errors.InvalidRequestError:
        return errors.InvalidRequestError([Violation("team", "required")])
    if kind is errors.NotImplementedFieldError:
        return errors.NotImplementedFieldError("make_room")
    return kind("what happened")


def detail[
    D: (
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.RetryInfo,
        slot_service_pb2.SlotGoneDetail,
        plan_service_pb2.PlanWorseDetail,
    )
](told: status_pb2.Status, kind: type[D]) -> D:
    found = kind()
    assert any(packed.Unpack(found) for packed in told.details)
    return found


@pytest.mark.parametrize("kind", list(leaves()))
def test_each_error_is_mapped(kind: type[SlotsvcError]) -> None:
    """No error of the domain is told as a defect by accident, and each carries its reason."""
    assert kind in ANSWERS

    told = as_status(an_error(kind))

    assert told.code == ANSWERS[kind].code.value[0]
    info = detail(told, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == (kind.reason, "slotsvc")


@pytest.mark.parametrize("kind", list(leaves()))
def test_each_error_is_documented(kind: type[SlotsvcError]) -> None:
    """The page has a row for each reason: its code, cause, remedy, and whether to repeat."""
    rows = [r for r in PAGE.read_text().splitlines() if r.startswith(f"| `{kind.reason}` |")]

    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert len(cells) == 5
    assert all(cells)
    assert cells[1] == f"`{ANSWERS[kind].code.name}`"


def test_reasons_are_unique() -> None:
    """A client can tell the kinds apart by their reason alone."""
    reasons = [kind.reason for kind in leaves()]

    assert len(reasons) == len(set(reasons))


def test_a_kind_derived_from_a_known_one_is_told_like_it() -> None:
    """A subclass made later inherits the answer; a stranger counts as a defect of ours."""

    class NoSuchTeamError(errors.NotFoundError):
        pass

    class StrangeError(SlotsvcError):
        pass

    assert answer_to(NoSuchTeamError("x")).code is grpc.StatusCode.NOT_FOUND
    assert answer_to(StrangeError("x")).code is grpc.StatusCode.INTERNAL


def test_all_violations_are_told() -> None:
    """A caller can mend every field at once."""
    told = as_status(errors.InvalidRequestError([Violation("a", "x"), Violation("b[1].c", "y")]))

    bad = detail(told, error_details_pb2.BadRequest)
    assert [(v.field, v.description) for v in bad.field_violations] == [("a", "x"), ("b[1].c", "y")]


def test_a_thousand_violations_still_fit_the_metadata() -> None:
    """What does not fit is counted, so that the answer is not lost to a size limit."""
    many = [Violation(f"request.allowed_windows[{i}].end_time", "is missing") for i in range(1000)]

    told = as_status(errors.InvalidRequestError(many))

    assert told.ByteSize() <= STATUS_BYTES
    bad = detail(told, error_details_pb2.BadRequest)
    assert len(bad.field_violations) > 20
    assert bad.field_violations[-1].description.endswith("more, this one included")


def test_busy_answers_say_when_to_repeat() -> None:
    """Errors that pass by themselves carry RetryInfo, others do not."""
    told = as_status(errors.ServiceStoppingError("closing"))

    assert detail(told, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() == 1000
    assert len(as_status(errors.WrongStateError("no")).details) == 1


def test_who_met_a_busy_store_together_does_not_come_back_together() -> None:
    """The waits of many are spread by half around the usual one, by dice that a seed repeats."""

    def waits() -> list[int]:
        random.seed(6)
        told = [as_status(errors.StoreBusyError("busy")) for _ in range(200)]
        return [detail(t, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() for t in told]

    before = random.getstate()
    try:
        found, again = waits(), waits()
    finally:
        random.setstate(before)
    assert found == again
    assert min(found) >= 100
    assert max(found) <= 300
    assert len(set(found)) > 50
    assert abs(sum(found) / len(found) - 200) < 20


def test_a_gone_slot_comes_with_others() -> None:
    """Alternatives travel in the same answer, best first."""
    slots = [slot_service_pb2.Slot(token=token) for token in "ab"]

    told = as_status(errors.SlotGoneError("gone", slots))

    assert list(detail(told, slot_service_pb2.SlotGoneDetail).alternatives) == slots


def test_alternatives_that_do_not_fit_are_left_out() -> None:
    """Ten heavy slots do not break the answer; the best ones stay."""
    heavy = [slot_service_pb2.Slot(token="x" * 1500, rank=i) for i in range(10)]

    told = as_status(errors.SlotGoneError("gone", heavy))

    assert told.ByteSize() <= STATUS_BYTES
    others = detail(told, slot_service_pb2.SlotGoneDetail).alternatives
    assert [slot.rank for slot in others] == [0, 1]


def test_a_worse_plan_comes_with_what_is_worse() -> None:
    """Every touched route; what is worse before what is merely there, stops if they fit."""
    there = plan_service_pb2.RouteFinding(kind="LATE", cause="x" * 300)
    worse = plan_service_pb2.RouteFinding(kind="TAG", cause="y" * 300, worse=True)
    stop = plan_service_pb2.RouteStop(visit="tenants/acme/visits/v-1")
    short = plan_service_pb2.RouteCheck(technician="ann", findings=[there, worse], stops=[stop])
    long = plan_service_pb2.RouteCheck(
        technician="bob", findings=[there] * 20 + [worse] * 3, stops=[stop] * 500
    )

    told = as_status(errors.PlanWorseError("worse", [short, long]))

    assert told.ByteSize() <= STATUS_BYTES
    ann, bob = detail(told, plan_service_pb2.PlanWorseDetail).routes
    assert {f.kind for f in ann.findings} == {"LATE", "TAG"}
    assert list(ann.stops) == [stop]
    assert sum(f.worse for f in bob.findings) == 3
    assert 3 < len(bob.findings) < 23
    assert not bob.stops
