"""What a slot token holds, as bytes: the offer, and the search that led to it.

The search travels along so that a stolen slot can be answered with its nearest equivalents at once.
Values that are what they usually are do not: a token is part of a form and of a URL.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from slotsvc.domain.commitment import Commitment, CommitmentKind
from slotsvc.domain.errors import SlotTokenError
from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.visit import Visit
from slotsvc.pb.v1 import slot_service_pb2 as pb
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.server import principals
from slotsvc.server.slot_tokens import SlotSealer

PURPOSE = "slot"


@dataclass(frozen=True, slots=True)
class OpenedOffer:
    """The offer, and the search it came from. Of a stored visit its promises, labels, note and
    reference are not in a token: whoever takes the offer reads the visit as it then is."""

    offer: HeldOffer
    search: pb.SuggestSlotsRequest


def travelling(search: pb.SuggestSlotsRequest) -> bytes:
    """The search as it goes with the tokens of its offers."""
    about = pb.SuggestSlotsRequest()
    about.CopyFrom(search)
    about.max_rejections = 0
    about.ClearField("search_time")
    return about.SerializeToString(deterministic=True)


def seal_offer(sealer: SlotSealer, offer: HeldOffer, search: bytes) -> str:
    """An opaque token, good until the offer expires. ``search``: as ``travelling`` says."""
    try:
        return _sealed(sealer, offer, search)
    except ValueError:  # a search too long to travel along: a stolen slot then has no equivalents
        return _sealed(sealer, offer, b"")


def _sealed(sealer: SlotSealer, offer: HeldOffer, search: bytes) -> str:
    head = json.dumps(_values(offer), separators=(",", ":"), ensure_ascii=False).encode()
    body = _packed(len(head).to_bytes(4) + head + search)
    caller = principals.subject()
    return sealer.seal(body, tenant=offer.tenant, purpose=PURPOSE, caller=caller)


def _packed(body: bytes) -> bytes:
    """As ``zlib.compress`` at its best, whose usual tables take longer to make than to use."""
    packing = zlib.compressobj(9, zlib.DEFLATED, wbits=12, memLevel=5)
    return packing.compress(body) + packing.flush()


def open_offer(sealer: SlotSealer, token: str) -> OpenedOffer:
    """Raises ``SlotTokenError`` for anything that is not a token of ours for this caller."""
    caller, tenant = principals.subject(), principals.tenant()
    opened = sealer.open(token, purpose=PURPOSE, tenant=tenant, caller=caller)
    try:
        body = zlib.decompress(opened.payload)
        size = int.from_bytes(body[:4])
        values = json.loads(body[4 : 4 + size])
        search = pb.SuggestSlotsRequest.FromString(body[4 + size :])
        return OpenedOffer(_offer(opened.tenant, values), search)
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise SlotTokenError("this token is not valid here; ask for slots again") from error


def _values(offer: HeldOffer) -> dict[str, Any]:
    promise, start = offer.window.promise, offer.window.start_window
    return {
        "team": offer.team,
        "technician": offer.technician,
        "day": offer.day.isoformat(),
        "windows": [*_ends(promise), *_ends(start)],
        "order": list(offer.order),
        "version": offer.version,
        "expires": to_epoch(offer.expires),
        "on_site": _seconds(offer.on_site),
        "work": _work_values(offer.work),
        **_set(
            shift=offer.shift,
            until=to_epoch(offer.valid_until) if offer.valid_until else None,
            replaces=offer.replaces,
            insert_only=offer.insert_only,
            resequence_published=offer.resequence_published,
            asked_anew=offer.asked_anew,
        ),
    }


def _offer(tenant: str, values: dict[str, Any]) -> HeldOffer:
    ends = [from_epoch(t) for t in values["windows"]]
    return HeldOffer(
        tenant=tenant,
        team=values["team"],
        technician=values["technician"],
        day=date.fromisoformat(values["day"]),
        shift=values.get("shift", 0),
        window=OfferWindow(TimeWindow(*ends[:2]), TimeWindow(*ends[2:])),
        work=_work(values["work"]),
        on_site=timedelta(seconds=values["on_site"]),
        order=tuple(values["order"]),
        version=values["version"],
        valid_until=from_epoch(values["until"]) if "until" in values else None,
        expires=from_epoch(values["expires"]),
        replaces=values.get("replaces", ""),
        insert_only=values.get("insert_only", False),
        resequence_published=values.get("resequence_published", False),
        asked_anew=values.get("asked_anew", False),
    )


def _work_values(work: Visit) -> dict[str, Any]:
    wanted = work.commitment
    return {
        "place": [work.location.lat, work.location.lon],
        "service": _seconds(work.service),
        **_set(
            id=work.id,
            requires=sorted(work.requires),
            site=work.site,
            activity=work.activity_type,
            client=work.client,
            access=_seconds(work.access),
            pausable=work.pausable,
            sector=work.sector,
            priority=work.priority,
            team=work.team,
            due=to_epoch(wanted.due) if wanted.due else None,
            target=_ends(wanted.target) if wanted.target else None,
        ),
        **({} if wanted.kind is CommitmentKind.APPOINTMENT else {"commitment": wanted.kind.value}),
    }


def _work(values: dict[str, Any]) -> Visit:
    return Visit(
        id=values.get("id", ""),
        location=Location(*values["place"]),
        service=timedelta(seconds=values["service"]),
        requires=frozenset(values.get("requires", ())),
        site=values.get("site", ""),
        activity_type=values.get("activity", ""),
        client=values.get("client", ""),
        access=timedelta(seconds=values.get("access", 0)),
        pausable=values.get("pausable", False),
        sector=values.get("sector", ""),
        priority=values.get("priority", 0),
        commitment=_commitment(values),
        team=values.get("team", ""),
    )


def _commitment(values: dict[str, Any]) -> Commitment:
    kind = CommitmentKind(values.get("commitment", CommitmentKind.APPOINTMENT.value))
    due = from_epoch(values["due"]) if "due" in values else None
    target = TimeWindow(*map(from_epoch, values["target"])) if "target" in values else None
    return Commitment(kind, due, target)


def _set(**values: Any) -> dict[str, Any]:
    """Those that say something; 0, "", False, None and [] are what a missing one means. Instants
    are never 0: the years served begin with 2000."""
    return {name: value for name, value in values.items() if value}


def _ends(window: TimeWindow) -> list[int]:
    return [to_epoch(window.start), to_epoch(window.end)]


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
