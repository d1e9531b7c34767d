"""``WhyNot`` between proto and use case."""

from __future__ import annotations

import time
from datetime import date, timedelta

from slotsvc.domain.time_window import TimeWindow
from slotsvc.pb.v1 import slot_service_pb2 as pb
from slotsvc.pb.v1 import types_pb2
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.suggest_slots import Suggestions
from slotsvc.scheduling.why_not import WhyNot, WhyNotAnswer, WhyNotCommand
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.server import fields, names
from slotsvc.server.slot_convert import command_from, rejection_to_pb, slots_to_pb
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.solver.changes import Change, ChangeKind
from slotsvc.solver.query import Answer, Counts, Offer
from slotsvc.solver.why_not import Verdict, WayOut

MOST_WAYS_OUT = 20
LONGEST_WINDOW = timedelta(hours=24)
_MINUTE_S = 60
_COUNTED = (ChangeKind.MORE_VISITS, ChangeKind.HIGHER_QUOTA)


class WhyNotAnswers:
    """Behind ``SlotService.WhyNot``."""

    def __init__(self, why_not: WhyNot, sealer: SlotSealer) -> None:
        self._why_not, self._sealer = why_not, sealer

    async def answer(self, request: pb.WhyNotRequest, until: float) -> pb.WhyNotResponse:
        """Every verdict. ``until``: monotonic seconds."""
        begun = time.monotonic()
        command = command_of(request, until)
        found = await self._why_not(command)
        told = pb.WhyNotResponse(
            verdicts=[
                self._verdict(request, command, found, verdict, held)
                for verdict, held in zip(found.verdicts, found.held, strict=True)
            ],
            map_id=found.map_id,
            travel_provenance=_provenance(found),
            as_of=fields.to_timestamp(found.as_of),
        )
        told.elapsed.FromTimedelta(timedelta(seconds=time.monotonic() - begun))
        return told

    def _verdict(
        self,
        request: pb.WhyNotRequest,
        command: WhyNotCommand,
        found: WhyNotAnswer,
        verdict: Verdict,
        held: HeldOffer | None,
    ) -> pb.WindowVerdict:
        tenant = command.search.tenant
        told = pb.WindowVerdict(
            window=fields.to_window(verdict.wanted.window.promise),
            blocks=[rejection_to_pb(tenant, one) for one in verdict.blocks],
            repairs=[_repair(command, verdict, way) for way in verdict.ways_out],
            message=verdict.message,
        )
        if verdict.offer is not None and held is not None:
            told.slot.CopyFrom(self._slot(request, found, verdict.offer, held))
        return told

    def _slot(
        self, request: pb.WhyNotRequest, found: WhyNotAnswer, offer: Offer, held: HeldOffer
    ) -> pb.Slot:
        """The offer as a slot that can be held; it has no rank."""
        counts = Counts(0, 0, 0, 0, 0, 0, 0, 0)
        answer = Answer(
            (offer,), (), counts, held.insert_only, found.map_id, found.estimated, found.as_of
        )
        (slot,) = slots_to_pb(
            Suggestions(answer, (held,), found.zone), self._sealer, _as_search(request)
        )
        slot.rank, slot.recommended = 0, False
        return slot


def command_of(request: pb.WhyNotRequest, until: float) -> WhyNotCommand:
    """What is asked. Raises ``InvalidRequestError`` with every violation."""
    with Violations() as wrong:
        team = names.TEAM.read(wrong, "team", request.team)
        who = names.TECHNICIAN.read(wrong, "technician", request.technician, tenant=team[0])[-1]
        when = _when(wrong, request)
        most = wrong.whole("max_repairs", request.max_repairs, 1, MOST_WAYS_OUT, 3)
    search = command_from(_as_search(request), until)
    return WhyNotCommand(search, who, when, most)


def _as_search(request: pb.WhyNotRequest) -> pb.SuggestSlotsRequest:
    """The search with the same request."""
    search = pb.SuggestSlotsRequest(
        team=request.team,
        freedom=request.freedom,
        resequence_published=request.resequence_published,
    )
    if request.HasField("request"):
        search.request.CopyFrom(request.request)
    if request.HasField("weights"):
        search.weights.CopyFrom(request.weights)
    return search


def _when(wrong: Violations, request: pb.WhyNotRequest) -> TimeWindow | date:
    kind = request.WhichOneof("when")
    if kind == "date":
        return fields.day(wrong, "date", request.date)
    if kind is None:
        wrong.add("when", "a window or a date is needed")
        return fields.EARLIEST.date()
    window = fields.window(wrong, "window", request.window)
    if window.length > LONGEST_WINDOW:
        wrong.add("window", "at most 24 hours long")
    return window


def _provenance(found: WhyNotAnswer) -> types_pb2.TravelProvenance.ValueType:
    if found.estimated:
        return types_pb2.TRAVEL_PROVENANCE_ESTIMATE
    return types_pb2.TRAVEL_PROVENANCE_LIVE


def _repair(command: WhyNotCommand, verdict: Verdict, way: WayOut) -> pb.Repair:
    tenant = command.search.tenant
    return pb.Repair(
        changes=[_change(tenant, change) for change in way.repair.changes],
        place=_place(tenant, way),
        least=way.repair.least,
        message=way.message,
    )


def _change(tenant: str, change: Change) -> pb.Change:
    unit = 1 if change.kind in _COUNTED else _MINUTE_S
    return pb.Change(
        kind=pb.ChangeKind.Value(f"CHANGE_KIND_{change.kind.value}"),
        size=change.size * unit,
        visit=names.VISIT.build(tenant, change.visit) if change.visit else "",
        subject=change.subject,
    )


def _place(tenant: str, way: WayOut) -> pb.PlannedPlace:
    shift = way.repair.case.shift
    return pb.PlannedPlace(
        technician=names.TECHNICIAN.build(tenant, shift.technician),
        technician_display_name=way.technician_name,
        date=fields.to_date(shift.service_date),
        position=way.position,
        arrival_time=fields.to_timestamp(way.arrival),
        start_time=fields.to_timestamp(way.start),
        end_time=fields.to_timestamp(way.finish),
        added_travel_seconds=way.added_travel,
        shift_number=shift.number,
    )
