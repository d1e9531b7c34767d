"""Places and queues of calls, from the settings."""

from __future__ import annotations

from slotsvc.config import Admission as Places
from slotsvc.server.admission import Admission, limits_of
from slotsvc.server.authentication import Authenticator, Metadata
from slotsvc.server.call_classes import CallClass
from slotsvc.server.interceptors.admission import NOBODY, AdmissionDoor
from slotsvc.server.metrics import Metrics


def open_door(
    chosen: Places, authenticator: Authenticator, metrics: Metrics, *, needs_key: bool
) -> tuple[Admission, AdmissionDoor]:
    """The queues, and the door to them. ``needs_key`` False: who shows no key is let in."""
    places = {
        CallClass.SEARCH: chosen.searches,
        CallClass.HOLD: chosen.holds,
        CallClass.COMMIT: chosen.commits,
        CallClass.READ: chosen.reads,
        CallClass.PLAN: chosen.plans,
        CallClass.ADMIN: chosen.admin,
    }
    limits = limits_of(
        places,
        room=chosen.queue,
        burst_s=chosen.burst_seconds,
        standing_s=chosen.standing_seconds,
    )
    admission = Admission(limits, metrics, chosen.pushback_seconds)

    def known(metadata: Metadata) -> str | None:
        if not needs_key and not Authenticator.asked_by(metadata):
            return NOBODY
        return authenticator.believed_tenant(metadata)

    return admission, AdmissionDoor(admission, known, metrics)
