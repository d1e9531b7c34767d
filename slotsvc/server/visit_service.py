"""``VisitService``: bookings."""

from __future__ import annotations

from typing import Any

from slotsvc.domain.errors import SlotGoneError
from slotsvc.domain.visit import Pin
from slotsvc.pb.v1 import visit_service_pb2 as pb
from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceServicer
from slotsvc.scheduling import book_visit, read_visits
from slotsvc.scheduling.desk import Desk
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.read_visits import VisitFilter
from slotsvc.server import fields, names
from slotsvc.server.calling import mutation_of
from slotsvc.server.metrics import Metrics
from slotsvc.server.offer_tokens import OpenedOffer, open_offer
from slotsvc.server.page_tokens import page_size, page_token, read_page_token
from slotsvc.server.slot_service import SlotService
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.server.visit_convert import PINS, STATES, visit_to_pb

_POSITION = (str, str, int, str)


class VisitService(VisitServiceServicer):
    """Thin. ``slots`` finds what to offer instead of a slot that is gone."""

    def __init__(
        self, desk: Desk, slots: SlotService, sealer: SlotSealer, metrics: Metrics
    ) -> None:
        self._desk, self._slots = desk, slots
        self._sealer, self._metrics = sealer, metrics

    async def BookVisit(self, request: pb.BookVisitRequest, context: Any) -> Any:  # noqa: N802
        """Confirms a hold, or takes a slot at once."""
        source = request.WhichOneof("source")
        with Violations() as wrong:
            wrong.request_id(request.request_id)
            pin = _pin(wrong, request)
            wrong.text("external_ref", request.external_ref, 200)
            wrong.text("note", request.note, 2000, lines=True)
            if source is None:
                wrong.add("source", "a hold or a token is needed")
            if source == "hold" and (request.external_ref or request.note):
                wrong.add("hold", "external_ref and note belong to HoldSlot or to a token")
            tenant = hold = ""
            if source == "hold":
                tenant, hold = names.HOLD.read(wrong, "hold", request.hold)
        if source == "hold":
            answer = await book_visit.confirm_hold(
                self._desk,
                mutation_of(tenant, "BookVisit", request, request.request_id),
                hold,
                pin,
                _booked,
            )
        else:
            answer = await self._book_token(request, pin)
        self._metrics.bookings.labels(result="booked").inc()
        return pb.BookVisitResponse.FromString(answer)

    async def _book_token(self, request: pb.BookVisitRequest, pin: Pin) -> bytes:
        opened = open_offer(self._sealer, request.token)
        if opened.offer.replaces:
            with Violations() as wrong:
                wrong.add("token", "the slot moves a visit; use RescheduleVisit")
        mutation = mutation_of(opened.offer.tenant, "BookVisit", request, request.request_id)
        try:
            return await book_visit.book_slot(
                self._desk,
                mutation,
                opened.offer,
                pin,
                _booked,
                external_ref=request.external_ref,
                note=request.note,
            )
        except SlotGoneError as gone:
            raise await self._slots.with_alternatives(gone, opened) from gone

    async def GetVisit(self, request: pb.GetVisitRequest, context: Any) -> Any:  # noqa: N802
        """Reads one."""
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "name", request.name)
        placed = await read_visits.get_visit(self._desk, tenant, visit)
        return pb.GetVisitResponse(visit=visit_to_pb(placed))

    async def ListVisits(self, request: pb.ListVisitsRequest, context: Any) -> Any:  # noqa: N802
        """Reads many, a page at a time."""
        with Violations() as wrong:
            wanted, question = _filter(wrong, request)
        found = await read_visits.list_visits(self._desk, wanted)
        shown = found[: wanted.limit - 1]
        response = pb.ListVisitsResponse(visits=[visit_to_pb(p) for p in shown])
        if len(found) > len(shown):
            last = shown[-1].stored.placement
            position = (last.route.day.isoformat(), last.route.technician, last.position)
            response.next_page_token = page_token(question, (*position, last.visit.id))
        return response

    async def RescheduleVisit(self, request: pb.RescheduleVisitRequest, context: Any) -> Any:  # noqa: N802
        """Moves a booked visit, all or nothing."""
        source = request.WhichOneof("source")
        opened: OpenedOffer | None = None
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "name", request.name)
            wrong.request_id(request.request_id)
            hold = ""
            if source is None:
                wrong.add("source", "a token or a hold is needed")
            elif source == "hold":
                hold = names.HOLD.read(wrong, "hold", request.hold, tenant=tenant)[-1]
            else:
                opened = open_offer(self._sealer, request.token)
                if (opened.offer.tenant, opened.offer.visit) != (tenant, visit):
                    wrong.add("token", "is not from a search for this visit (request.visit)")
        mutation = mutation_of(tenant, "RescheduleVisit", request, request.request_id)
        if opened is None:
            answer = await book_visit.confirm_hold(
                self._desk, mutation, hold, Pin.NONE, _moved, visit
            )
        else:
            try:
                answer = await book_visit.book_slot(
                    self._desk, mutation, opened.offer, Pin.NONE, _moved
                )
            except SlotGoneError as gone:
                raise await self._slots.with_alternatives(gone, opened) from gone
        self._metrics.bookings.labels(result="moved").inc()
        return pb.RescheduleVisitResponse.FromString(answer)

    async def CancelVisit(self, request: pb.CancelVisitRequest, context: Any) -> Any:  # noqa: N802
        """Frees its place."""
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "name", request.name)
            wrong.request_id(request.request_id)
            wrong.text("cause", request.cause, 500, lines=True)
            wrong.text("etag", request.etag, 100)
        answer = await book_visit.cancel_visit(
            self._desk,
            mutation_of(tenant, "CancelVisit", request, request.request_id),
            visit,
            request.etag or None,
            request.cause,
            lambda placed: pb.CancelVisitResponse(visit=visit_to_pb(placed)).SerializeToString(),
        )
        self._metrics.bookings.labels(result="cancelled").inc()
        return pb.CancelVisitResponse.FromString(answer)


def _booked(placed: Any) -> bytes:
    return pb.BookVisitResponse(visit=visit_to_pb(placed)).SerializeToString()


def _moved(placed: Any) -> bytes:
    return pb.RescheduleVisitResponse(visit=visit_to_pb(placed)).SerializeToString()


def _pin(wrong: Violations, request: pb.BookVisitRequest) -> Pin:
    if request.pin not in PINS:
        wrong.add("pin", "unknown value")
    return PINS.get(request.pin, Pin.NONE)


def _filter(wrong: Violations, request: pb.ListVisitsRequest) -> tuple[VisitFilter, str]:
    (tenant,) = names.TENANT.read(wrong, "parent", request.parent)
    team = who = ""
    if request.team:
        team = names.TEAM.read(wrong, "team", request.team, tenant=tenant)[-1]
    if request.technician:
        who = names.TECHNICIAN.read(wrong, "technician", request.technician, tenant=tenant)[-1]
    if request.state and request.state not in STATES:
        wrong.add("state", "unknown value")
    first, last = (
        fields.day(wrong, field, getattr(request, field)) if request.HasField(field) else None
        for field in ("first_date", "last_date")
    )
    states = (STATES[request.state],) if request.state in STATES else VisitFilter(tenant).states
    client = wrong.text("client", request.client, 200)
    question = f"ListVisits {tenant} {team} {who} {first} {last} {states} {client}"
    after = read_page_token(wrong, question, request.page_token, _POSITION)
    limit = page_size(wrong, request.page_size) + 1  # one more tells whether there is a next page
    return VisitFilter(tenant, team, who, first, last, states, client, after, limit), question  # type: ignore[arg-type]
