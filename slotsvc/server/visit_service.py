"""``VisitService``: bookings, and work that waits for one."""

from __future__ import annotations

from typing import Any

from slotsvc.domain.commitment import Promise
from slotsvc.domain.errors import SlotGoneError
from slotsvc.domain.visit import Pin
from slotsvc.pb.v1 import visit_service_pb2 as pb
from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceServicer
from slotsvc.scheduling import backlog, book_visit, read_visits
from slotsvc.scheduling.backlog import BacklogFilter
from slotsvc.scheduling.desk import Answer, Desk
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.ports import ReadTx
from slotsvc.scheduling.read_visits import VisitFilter, position_of
from slotsvc.server import backlog_convert, fields, names, principals
from slotsvc.server.calling import mutation_of
from slotsvc.server.metrics import Metrics
from slotsvc.server.offer_tokens import OpenedOffer, open_offer
from slotsvc.server.page_tokens import open_page_token, page_size, seal_page_token
from slotsvc.server.slot_service import SlotService, refuse_new_texts
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.server.visit_convert import STATES, pin_from, visit_to_pb

_POSITION = (str, str, int, str)
_URGENCY = (int, int, int, str)
_ETAG_LENGTH = 100
PORTAL = "portal"
"""The channel of promises that clients get from a portal's key."""


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
            pin = pin_from(wrong, request.pin)
            wrong.text("external_ref", request.external_ref, backlog_convert.MAX_REFERENCE)
            wrong.text("note", request.note, backlog_convert.MAX_NOTE, lines=True)
            backlog_convert.channel(wrong, request.channel)
            if source is None:
                wrong.add("source", "a hold or a token is needed")
            if source == "hold" and (request.external_ref or request.note):
                wrong.add("hold", "external_ref and note belong to HoldSlot or to a token")
            tenant = hold = ""
            if source == "hold":
                tenant, hold = names.HOLD.read(wrong, "hold", request.hold)
        if source == "hold":
            mutation = mutation_of(tenant, "BookVisit", request, request.request_id)
            answer = await book_visit.confirm_hold(
                self._desk, mutation, hold, pin, _booked, channel=_channel(request.channel)
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
        refuse_new_texts(opened.offer, request)
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
                channel=_channel(request.channel),
            )
        except SlotGoneError as gone:
            raise await self._slots.with_alternatives(gone, opened) from gone

    async def GetVisit(self, request: pb.GetVisitRequest, context: Any) -> Any:  # noqa: N802
        """Reads one."""
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "name", request.name)
        times = principals.sees_planned_times()
        placed = await read_visits.get_visit(self._desk, tenant, visit, planned=times)
        return pb.GetVisitResponse(visit=visit_to_pb(placed))

    async def ListVisits(self, request: pb.ListVisitsRequest, context: Any) -> Any:  # noqa: N802
        """Reads many, a page at a time."""
        with Violations() as wrong:
            wanted, question = _filter(wrong, self._sealer, request)
        times = principals.sees_planned_times()
        found = await read_visits.list_visits(self._desk, wanted, planned=times)
        shown = found[: wanted.limit - 1]
        response = pb.ListVisitsResponse(visits=[visit_to_pb(p) for p in shown])
        if len(found) > len(shown):
            last = position_of(shown[-1].stored)
            response.next_page_token = seal_page_token(self._sealer, wanted.tenant, question, last)
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
                if (opened.offer.tenant, opened.offer.work.id) != (tenant, visit):
                    wrong.add("token", "is not from a search for this visit (request.visit)")
                elif not opened.offer.replaces:
                    wrong.add("token", "the visit has no place to leave; use BookVisit")
        mutation = mutation_of(tenant, "RescheduleVisit", request, request.request_id)
        if opened is None:
            answer = await book_visit.confirm_hold(
                self._desk, mutation, hold, Pin.NONE, _moved, visit, _channel()
            )
        else:
            try:
                answer = await book_visit.book_slot(
                    self._desk, mutation, opened.offer, Pin.NONE, _moved, channel=_channel()
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
            wrong.text("etag", request.etag, _ETAG_LENGTH)
        answer = await book_visit.cancel_visit(
            self._desk,
            mutation_of(tenant, "CancelVisit", request, request.request_id),
            visit,
            request.etag or None,
            request.cause,
            _answer(pb.CancelVisitResponse),
        )
        self._metrics.bookings.labels(result="cancelled").inc()
        return pb.CancelVisitResponse.FromString(answer)

    async def CreateVisit(self, request: pb.CreateVisitRequest, context: Any) -> Any:  # noqa: N802
        """Puts work into the backlog."""
        with Violations() as wrong:
            wrong.request_id(request.request_id)
            draft = backlog_convert.draft_from(wrong, request)
        mutation = mutation_of(draft.tenant, "CreateVisit", request, request.request_id)
        answer = await backlog.create_visit(
            self._desk, mutation, draft.visit, _answer(pb.CreateVisitResponse)
        )
        return pb.CreateVisitResponse.FromString(answer)

    async def UpdateVisit(self, request: pb.UpdateVisitRequest, context: Any) -> Any:  # noqa: N802
        """Changes what is known of it."""
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "visit.name", request.visit.name)
            wrong.request_id(request.request_id)
            wrong.text("visit.etag", request.visit.etag, _ETAG_LENGTH)
            change = backlog_convert.change_from(wrong, request)
        answer = await backlog.update_visit(
            self._desk,
            mutation_of(tenant, "UpdateVisit", request, request.request_id),
            visit,
            request.visit.etag or None,
            change.onto,
            _answer(pb.UpdateVisitResponse),
        )
        return pb.UpdateVisitResponse.FromString(answer)

    async def ListUnplaced(self, request: pb.ListUnplacedRequest, context: Any) -> Any:  # noqa: N802
        """The backlog, a page at a time."""
        with Violations() as wrong:
            (tenant,) = names.TENANT.read(wrong, "parent", request.parent)
            team = ""
            if request.team:
                team = names.TEAM.read(wrong, "team", request.team, tenant=tenant)[-1]
            client = wrong.text("client", request.client, backlog_convert.MAX_CLIENT)
            size = page_size(wrong, request.page_size)
            question = f"ListUnplaced {tenant} {team} {client}"
            after: Any = open_page_token(
                wrong, self._sealer, tenant, question, request.page_token, _URGENCY
            )
        wanted = BacklogFilter(tenant, team, client, after, size + 1)
        found = await backlog.list_unplaced(self._desk, wanted)
        response = pb.ListUnplacedResponse(visits=[visit_to_pb(p) for p in found[:size]])
        if len(found) > size:
            last = backlog_convert.urgency(found[size - 1].stored)
            response.next_page_token = seal_page_token(self._sealer, tenant, question, last)
        return response

    async def UnplaceVisit(self, request: pb.UnplaceVisitRequest, context: Any) -> Any:  # noqa: N802
        """Takes it off its route."""
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "name", request.name)
            wrong.request_id(request.request_id)
            wrong.text("etag", request.etag, _ETAG_LENGTH)
        answer = await backlog.unplace_visit(
            self._desk,
            mutation_of(tenant, "UnplaceVisit", request, request.request_id),
            visit,
            request.etag or None,
            _answer(pb.UnplaceVisitResponse),
        )
        return pb.UnplaceVisitResponse.FromString(answer)

    async def AnnouncePromise(self, request: pb.AnnouncePromiseRequest, context: Any) -> Any:  # noqa: N802
        """Keeps what the client was told."""
        with Violations() as wrong:
            tenant, visit = names.VISIT.read(wrong, "name", request.name)
            wrong.request_id(request.request_id)
            windows = backlog_convert.windows_told(wrong, "windows", request.windows, 1)
            channel = backlog_convert.channel(wrong, request.channel)

        def promise(tx: ReadTx) -> Promise:
            backlog_convert.refuse_past(windows, tx.now())
            return Promise(windows, tx.now(), channel)

        answer = await backlog.announce_promise(
            self._desk,
            mutation_of(tenant, "AnnouncePromise", request, request.request_id),
            visit,
            promise,
            _answer(pb.AnnouncePromiseResponse),
            instead=request.supersedes,
        )
        return pb.AnnouncePromiseResponse.FromString(answer)


def _channel(said: str = "") -> str:
    """By which the client is told: who acts through the portal is told there."""
    caller = principals.current()
    return said or (PORTAL if caller is not None and caller.gateway else "")


def _answer(response: Any) -> Answer:
    """Serialises a response whose ``visit`` is the result."""

    def answer(placed: Any) -> bytes:
        told: bytes = response(visit=visit_to_pb(placed)).SerializeToString()
        return told

    return answer


_booked = _answer(pb.BookVisitResponse)
_moved = _answer(pb.RescheduleVisitResponse)


def _filter(
    wrong: Violations, sealer: SlotSealer, request: pb.ListVisitsRequest
) -> tuple[VisitFilter, str]:
    (tenant,) = names.TENANT.read(wrong, "parent", request.parent)
    team = who = ""
    if request.team:
        team = names.TEAM.read(wrong, "team", request.team, tenant=tenant)[-1]
    if request.technician:
        who = names.TECHNICIAN.read(wrong, "technician", request.technician, tenant=tenant)[-1]
    if request.state == pb.VISIT_STATE_UNPLACED:
        wrong.add("state", "ListUnplaced lists the backlog")
    elif request.state and request.state not in STATES:
        wrong.add("state", "unknown value")
    first, last = (
        fields.day(wrong, field, getattr(request, field)) if request.HasField(field) else None
        for field in ("first_date", "last_date")
    )
    states = (STATES[request.state],) if request.state in STATES else VisitFilter(tenant).states
    client = wrong.text("client", request.client, backlog_convert.MAX_CLIENT)
    question = f"ListVisits {tenant} {team} {who} {first} {last} {states} {client}"
    after: Any = open_page_token(wrong, sealer, tenant, question, request.page_token, _POSITION)
    limit = page_size(wrong, request.page_size) + 1  # one more tells whether there is a next page
    return VisitFilter(tenant, team, who, first, last, states, client, after, limit), question
