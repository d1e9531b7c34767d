"""Places and queues of calls, from the settings."""

from __future__ import annotations

from slotsvc.config import Settings
from slotsvc.server.admission import Admission, limits_of
from slotsvc.server.authentication import Authenticator, Metadata
from slotsvc.server.call_classes import CallClass
from slotsvc.server.interceptors.admission import NOBODY, AdmissionDoor
from slotsvc.server.metrics import Metrics

LONGEST_LINGER_S = 1.0


def open_door(
    settings: Settings, authenticator: Authenticator, metrics: Metrics
) -> tuple[Admission, AdmissionDoor]:
    """The queues, and the door to them. With ``auth`` off who shows no key is let in."""
    chosen, needs_key = settings.admission, settings.auth == "keys"
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
    linger_s = min(LONGEST_LINGER_S, settings.drain_seconds)
    admission = Admission(limits, metrics, chosen.pushback_seconds, linger_s)

    def known(metadata: Metadata) -> str | None:
        if not needs_key and not Authenticator.asked_by(metadata):
            return NOBODY
        return authenticator.believed_tenant(metadata)

    return admission, AdmissionDoor(admission, known, metrics)
