"""``ExecutionService``: what happens on the road."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from slotsvc.pb.v1 import execution_service_pb2 as pb
from slotsvc.pb.v1.execution_service_pb2_grpc import ExecutionServiceServicer
from slotsvc.scheduling.desk import Desk, Placed
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.report_visit import Report, ReportKind, report_visit
from slotsvc.server import fields, names
from slotsvc.server.calling import mutation_of
from slotsvc.server.visit_convert import OUTCOMES, visit_to_pb

type ReadReport = Callable[[Violations, Any], Report]


class ExecutionService(ExecutionServiceServicer):
    """Thin: four reports, one way to store them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def DepartForVisit(self, request: Any, context: Any) -> Any:  # noqa: N802
        """On the way."""
        return await self._stored(request, pb.DepartForVisitResponse, _departed)

    async def StartVisit(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Begun."""
        return await self._stored(request, pb.StartVisitResponse, _started)

    async def ReportStep(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A step reached."""
        return await self._stored(request, pb.ReportStepResponse, _step)

    async def FinishVisit(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Ended."""
        return await self._stored(request, pb.FinishVisitResponse, _finished)

    async def _stored(self, request: Any, response: Any, read: ReadReport) -> Message:
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "name", request.name)
            wrong.request_id(request.request_id)
            report = read(wrong, request)

        def answer(placed: Placed) -> bytes:
            told: Message = response(visit=visit_to_pb(placed))
            return told.SerializeToString()

        method = response.DESCRIPTOR.name.removesuffix("Response")
        mutation = mutation_of(tenant, method, request, request.request_id)
        stored = await report_visit(self._desk, mutation, visit, report, answer)
        told: Message = response.FromString(stored)
        return told


def _departed(wrong: Violations, request: pb.DepartForVisitRequest) -> Report:
    return Report(ReportKind.DEPARTED, _time(wrong, request))


def _started(wrong: Violations, request: pb.StartVisitRequest) -> Report:
    return Report(ReportKind.STARTED, _time(wrong, request))


def _step(wrong: Violations, request: pb.ReportStepRequest) -> Report:
    return Report(ReportKind.STEP, _time(wrong, request), step=wrong.id("step", request.step))


def _finished(wrong: Violations, request: pb.FinishVisitRequest) -> Report:
    if request.outcome not in OUTCOMES:
        wrong.add("outcome", "required: how it ended")
    outcome = OUTCOMES.get(request.outcome)
    return Report(ReportKind.FINISHED, _time(wrong, request), outcome=outcome)


def _time(wrong: Violations, request: Any) -> datetime | None:
    """None: now."""
    if not request.HasField("time"):
        return None
    value: Timestamp = request.time
    return fields.instant(wrong, "time", value)
