"""What a slot token holds, as bytes: the offer, and the search that led to it.

The search travels along so that a stolen slot can be answered with its nearest equivalents at once.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from slotsvc.domain.errors import SlotTokenError
from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.pb.v1 import slot_service_pb2 as pb
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.server import principals
from slotsvc.server.slot_tokens import SlotSealer

PURPOSE = "slot"


@dataclass(frozen=True, slots=True)
class OpenedOffer:
    """The offer, and the search it came from."""

    offer: HeldOffer
    search: pb.SuggestSlotsRequest


def seal_offer(sealer: SlotSealer, offer: HeldOffer, search: pb.SuggestSlotsRequest) -> str:
    """An opaque token, good until the offer expires."""
    about = pb.SuggestSlotsRequest()
    about.CopyFrom(search)
    about.max_rejections = 0
    try:
        return _sealed(sealer, offer, about.SerializeToString(deterministic=True))
    except ValueError:  # a search too long to travel along: a stolen slot then has no equivalents
        return _sealed(sealer, offer, b"")


def _sealed(sealer: SlotSealer, offer: HeldOffer, search: bytes) -> str:
    head = json.dumps(_values(offer), separators=(",", ":")).encode()
    body = zlib.compress(len(head).to_bytes(4) + head + search, 9)
    caller = principals.subject()
    return sealer.seal(body, tenant=offer.tenant, purpose=PURPOSE, caller=caller)


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
    except (ValueError, KeyError, zlib.error) as error:
        raise SlotTokenError("this token is not valid here; ask for slots again") from error


def _values(offer: HeldOffer) -> dict[str, Any]:
    promise, start = offer.window.promise, offer.window.start_window
    return {
        "team": offer.team,
        "technician": offer.technician,
        "day": offer.day.isoformat(),
        "windows": [to_epoch(t) for t in (promise.start, promise.end, start.start, start.end)],
        "place": [offer.location.lat, offer.location.lon],
        "service": int(offer.service.total_seconds()),
        "requires": sorted(offer.requires),
        "order": list(offer.order),
        "version": offer.version,
        "until": to_epoch(offer.valid_until) if offer.valid_until else None,
        "expires": to_epoch(offer.expires),
        "site": offer.site,
        "activity": offer.activity_type,
        "client": offer.client,
        "visit": offer.visit,
        "replaces": offer.replaces,
        "insert_only": offer.insert_only,
    }


def _offer(tenant: str, values: dict[str, Any]) -> HeldOffer:
    promised, ends, starts, latest = (from_epoch(t) for t in values["windows"])
    return HeldOffer(
        tenant=tenant,
        team=values["team"],
        technician=values["technician"],
        day=date.fromisoformat(values["day"]),
        window=OfferWindow(TimeWindow(promised, ends), TimeWindow(starts, latest)),
        location=Location(*values["place"]),
        service=timedelta(seconds=values["service"]),
        requires=frozenset(values["requires"]),
        order=tuple(values["order"]),
        version=values["version"],
        valid_until=from_epoch(values["until"]) if values["until"] is not None else None,
        expires=from_epoch(values["expires"]),
        site=values["site"],
        activity_type=values["activity"],
        client=values["client"],
        visit=values["visit"],
        replaces=values["replaces"],
        insert_only=values["insert_only"],
    )
