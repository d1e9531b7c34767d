"""``SuggestSlots`` between proto and domain."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from slotsvc.domain.time_window import TimeWindow
from slotsvc.pb.v1 import slot_service_pb2 as pb
from slotsvc.pb.v1 import types_pb2
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.suggest_slots import Suggestions
from slotsvc.scheduling.wish import SuggestCommand, Wish
from slotsvc.server import fields, names
from slotsvc.server.backlog_convert import (
    LONGEST_SETUP,
    LONGEST_VISIT,
    MAX_CLIENT,
    MAX_PRIORITY,
    MAX_TAGS,
    SHORTEST_VISIT,
)
from slotsvc.server.hours_convert import offer_grid
from slotsvc.server.offer_tokens import seal_offer, travelling
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.solver.params import CostWeights, Freedom, SearchParams
from slotsvc.solver.query import Answer, Offer, Rejected

MAX_SLOTS = 50
MAX_REJECTIONS = 500
MAX_DATES = 366
MAX_WINDOWS = 64
MAX_TECHNICIANS = 200
LONGEST_NOTICE = timedelta(days=60)
LONGEST_ADDED_TRAVEL = timedelta(hours=24)
SHORTEST_SEARCH_S, LONGEST_SEARCH_S = 0.001, 3600.0

LIVE = types_pb2.TRAVEL_PROVENANCE_LIVE
ESTIMATE = types_pb2.TRAVEL_PROVENANCE_ESTIMATE

_FREEDOM = {
    types_pb2.FREEDOM_UNSPECIFIED: Freedom.RESEQUENCE,
    types_pb2.FREEDOM_INSERT_ONLY: Freedom.INSERT_ONLY,
    types_pb2.FREEDOM_RESEQUENCE: Freedom.RESEQUENCE,
}
_WEIGHTS = (
    ("travel", "travel", 100.0),
    ("waiting", "waiting", 100.0),
    ("day_away", "day_away", 100_000.0),
    ("other_technician", "other_technician", 100_000.0),
    ("other_window", "other_window", 100_000.0),
    ("overtime", "overtime", 100.0),
)


def command_from(request: pb.SuggestSlotsRequest, deadline: float | None) -> SuggestCommand:
    """The search that is asked for, begun now. ``deadline``: monotonic seconds, None: none.

    Raises ``InvalidRequestError`` with every violation.
    """
    with Violations() as wrong:
        tenant, team = names.TEAM.read(wrong, "team", request.team)
        if not request.HasField("request"):
            wrong.add("request", "required")
        wish = _wish(wrong, tenant, request)
        params = SearchParams(
            max_slots=wrong.whole("max_slots", request.max_slots, 1, MAX_SLOTS, 5),
            max_per_day=wrong.whole(
                "max_slots_per_day", request.max_slots_per_day, 1, MAX_SLOTS, 2
            ),
            weights=_weights(wrong, request.weights),
            freedom=_freedom(wrong, request.freedom),
        )
        rejections = wrong.whole("max_rejections", request.max_rejections, 1, MAX_REJECTIONS, 0)
        until = _until(wrong, request, deadline)
    return SuggestCommand(tenant, team, wish, params, rejections, until)


def _until(
    wrong: Violations, request: pb.SuggestSlotsRequest, deadline: float | None
) -> float | None:
    """Monotonic seconds at which the search ends: the caller's search time may come before the
    deadline. None: never."""
    if not request.HasField("search_time"):
        return deadline
    asked = request.search_time.seconds + request.search_time.nanos / 1e9
    if not SHORTEST_SEARCH_S <= asked <= LONGEST_SEARCH_S:
        wrong.add("search_time", "from 1 ms to 1 hour")
    end = time.monotonic() + asked
    return end if deadline is None else min(end, deadline)


def _freedom(wrong: Violations, value: Any) -> Freedom:
    if value not in _FREEDOM:
        wrong.add("freedom", "unknown value")
    return _FREEDOM.get(value, Freedom.RESEQUENCE)


def _weights(wrong: Violations, value: types_pb2.CostWeights) -> CostWeights:
    chosen: dict[str, int] = {}
    for field, name, most in _WEIGHTS:
        if value.HasField(field):  # type: ignore[arg-type]
            number = wrong.number(f"weights.{field}", getattr(value, field), 0, most, decimals=3)
            chosen[name] = round(number * 1000)
    return CostWeights(**chosen)


def _wish(wrong: Violations, tenant: str, search: pb.SuggestSlotsRequest) -> Wish:
    value = search.request
    place = value.WhichOneof("place")
    if place is None and not value.visit:
        wrong.add("request.place", "a site or a location is needed")
    first, last = _date(wrong, value, "first_date"), _date(wrong, value, "last_date")
    if first and last and last < first:
        wrong.add("request.last_date", "must not be before first_date")
    elif first and last and (last - first).days > MAX_DATES:
        wrong.add("request.last_date", f"at most {MAX_DATES} days after first_date")
    who = {
        field: _technicians(wrong, tenant, field, getattr(value, field))
        for field in ("required_technicians", "preferred_technicians", "forbidden_technicians")
    }
    return Wish(
        site=_id(wrong, names.SITE, tenant, "site", value.site) if place == "site" else "",
        location=fields.location(wrong, "request.location", value.location)
        if place == "location"
        else None,
        activity_type=_id(wrong, names.ACTIVITY_TYPE, tenant, "activity_type", value.activity_type),
        service=_duration(wrong, value, "service_duration", SHORTEST_VISIT, LONGEST_VISIT),
        requires=wrong.requirements("request.required_tags", value.required_tags, MAX_TAGS, None),
        first_date=first,
        last_date=last,
        allowed_dates=_dates(wrong, value.allowed_dates),
        allowed_windows=_windows(wrong, "allowed_windows", value.allowed_windows),
        preferred_windows=_windows(wrong, "preferred_windows", value.preferred_windows),
        required_technicians=who["required_technicians"],
        preferred_technicians=who["preferred_technicians"],
        forbidden_technicians=who["forbidden_technicians"],
        last_technician=_id(
            wrong, names.TECHNICIAN, tenant, "last_technician", value.last_technician
        ),
        grid=offer_grid(wrong, "request.offer_grid", value.offer_grid)
        if value.HasField("offer_grid")
        else None,
        notice=_duration(wrong, value, "notice", timedelta(0), LONGEST_NOTICE),
        visit=_id(wrong, names.VISIT, tenant, "visit", value.visit),
        client=wrong.text("request.client", value.client, MAX_CLIENT),
        priority=wrong.whole("request.priority", value.priority, 0, MAX_PRIORITY, 0),
        sector=wrong.tag("request.sector", value.sector, None, "sector") if value.sector else "",
        setup=_duration(wrong, value, "setup_duration", timedelta(0), LONGEST_SETUP),
        pausable=value.pausable if value.HasField("pausable") else None,
        max_added_travel=_duration(
            wrong, value, "max_added_travel", timedelta(0), LONGEST_ADDED_TRAVEL
        ),
        leave_promise=_leave_promise(wrong, value),
        resequence_published=search.resequence_published,
    )


def _leave_promise(wrong: Violations, value: pb.SlotRequest) -> bool:
    if value.leave_promise and not value.visit:
        wrong.add("request.leave_promise", "only with a stored visit")
    return value.leave_promise


def _id(wrong: Violations, pattern: names.NamePattern, tenant: str, field: str, name: str) -> str:
    return pattern.read(wrong, f"request.{field}", name, tenant=tenant)[-1] if name else ""


def _duration(
    wrong: Violations, value: pb.SlotRequest, field: str, least: timedelta, most: timedelta
) -> timedelta | None:
    if not value.HasField(field):  # type: ignore[arg-type]
        return None
    return fields.duration(wrong, f"request.{field}", getattr(value, field), least, most)


def _date(wrong: Violations, value: pb.SlotRequest, field: str) -> date | None:
    if not value.HasField(field):  # type: ignore[arg-type]
        return None
    return fields.day(wrong, f"request.{field}", getattr(value, field))


def _dates(wrong: Violations, values: Sequence[Any]) -> frozenset[date]:
    if not wrong.count("request.allowed_dates", values, MAX_DATES):
        return frozenset()
    return frozenset(
        fields.day(wrong, f"request.allowed_dates[{i}]", v) for i, v in enumerate(values)
    )


def _windows(
    wrong: Violations, field: str, values: Sequence[types_pb2.TimeWindow]
) -> tuple[TimeWindow, ...]:
    if not wrong.count(f"request.{field}", values, MAX_WINDOWS):
        return ()
    return tuple(fields.window(wrong, f"request.{field}[{i}]", v) for i, v in enumerate(values))


def _technicians(
    wrong: Violations, tenant: str, field: str, values: Sequence[str]
) -> frozenset[str]:
    if not wrong.count(f"request.{field}", values, MAX_TECHNICIANS):
        return frozenset()
    return frozenset(
        names.TECHNICIAN.read(wrong, f"request.{field}[{i}]", v, tenant=tenant)[-1]
        for i, v in enumerate(values)
    )


def slots_to_pb(
    found: Suggestions, sealer: SlotSealer, search: pb.SuggestSlotsRequest
) -> list[pb.Slot]:
    """The ranked offers with their tokens."""
    slots, about = [], travelling(search)
    for rank, (offer, held) in enumerate(zip(found.answer.offers, found.held, strict=True), 1):
        slots.append(
            pb.Slot(
                token=seal_offer(sealer, held, about),
                window=fields.to_window(offer.window.promise),
                expire_time=fields.to_timestamp(held.expires),
                rank=rank,
                recommended=rank == 1,
                cost_millis=offer.cost,
                components=[
                    pb.CostComponent(name=c.name, quantity=c.quantity, cost_millis=c.cost)
                    for c in offer.components
                ],
                place=_place(held.tenant, offer),
                why=offer.why,
                travel_provenance=ESTIMATE if offer.estimated or found.answer.estimated else LIVE,
            )
        )
    return slots


def _place(tenant: str, offer: Offer) -> pb.PlannedPlace:
    return pb.PlannedPlace(
        technician=names.TECHNICIAN.build(tenant, offer.technician),
        technician_display_name=offer.technician_name,
        date=fields.to_date(offer.day),
        position=offer.position,
        arrival_time=fields.to_timestamp(offer.arrival),
        start_time=fields.to_timestamp(offer.start),
        end_time=fields.to_timestamp(offer.finish),
        added_travel_seconds=offer.added_travel,
        added_waiting_seconds=offer.added_waiting,
        added_travel_against_today_seconds=offer.added_against_today,
        resequences=offer.resequences,
        shift_number=offer.shift,
        added_overtime_seconds=offer.added_overtime,
    )


def rejection_to_pb(tenant: str, rejected: Rejected) -> pb.Rejection:
    """One reason."""
    who = names.TECHNICIAN.build(tenant, rejected.technician) if rejected.technician else ""
    return pb.Rejection(
        technician=who,
        technician_display_name=rejected.technician_name,
        reason=types_pb2.RejectionReason.Value(f"REJECTION_REASON_{rejected.reason.value}"),
        cells=rejected.cells,
        window=fields.to_window(rejected.window) if rejected.window else None,
        margin=rejected.margin,
        subject=rejected.subject,
        message=rejected.message,
    )


def receipt_to_pb(answer: Answer, elapsed: timedelta) -> pb.Receipt:
    """The proof."""
    counts = answer.counts
    receipt = pb.Receipt(
        proof=_proof(answer),
        gap_millis=counts.gap,
        freedom=types_pb2.FREEDOM_INSERT_ONLY
        if answer.insert_only
        else types_pb2.FREEDOM_RESEQUENCE,
        cells=counts.cells,
        cells_rejected=counts.rejected,
        cells_evaluated=counts.evaluated,
        cells_pruned=counts.pruned,
        cells_skipped=counts.skipped,
        complete=counts.complete,
        map_id=answer.map_id,
        travel_provenance=ESTIMATE if answer.estimated else LIVE,
        as_of=fields.to_timestamp(answer.as_of),
        routes=counts.routes,
        routes_in_order=counts.routes_in_order,
    )
    receipt.elapsed.FromTimedelta(elapsed)
    return receipt


def _proof(answer: Answer) -> types_pb2.Proof.ValueType:
    if answer.counts.skipped:
        return types_pb2.PROOF_PARTIAL
    if answer.counts.gap or answer.estimated:
        # with an estimated leg in play the numbers are right for the estimate only
        return types_pb2.PROOF_BOUND
    return types_pb2.PROOF_EXACT
