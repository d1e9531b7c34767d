"""The door: what a call is, whose it is, and whether it may be begun now.

It is asked twice. First before anything is done for the call, so that one that would be sent away
costs next to nothing; those are counted, not logged. Then, once the caller is known and the request
is read, for a place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prometheus_client import Counter

from slotsvc.domain.errors import SlotsvcError
from slotsvc.server import principals
from slotsvc.server.admission import Admission
from slotsvc.server.authentication import Metadata
from slotsvc.server.call_classes import CallClass, class_of
from slotsvc.server.interceptors.calls import Call
from slotsvc.server.metrics import Metrics

NOBODY = ""
"""Whose calls are neither a tenant's by their key nor name one: they share one line."""

_TENANT = re.compile(rb"tenants/([a-z0-9_-]{1,63})")

type KnownTenant = Callable[[Metadata], str | None]
"""The tenant of who calls as far as it can be told without asking the store; "": bound to none;
None: that needs the store."""


class AdmissionDoor:
    """``slotsvc.server.interceptors.calls.Door`` over the queues of ``admission``."""

    def __init__(self, admission: Admission, known: KnownTenant, metrics: Metrics) -> None:
        self._admission, self._known = admission, known
        self._handled = metrics.handled
        self._methods: dict[str, tuple[CallClass, Counter]] = {}

    def tenant(self, metadata: Metadata) -> str | None:
        """A key that is not known yet gets in, to be looked at: a stranger must not stand in a
        tenant's line."""
        return self._known(metadata)

    def refusal(self, method: str, tenant: str, raw: bytes = b"") -> SlotsvcError | None:
        """What the call would be told if it were sent away now; counted, not logged."""
        kind, refused = self._methods.get(method) or self._first_of(method)
        told = self._admission.refusal(kind, tenant or _named(raw))
        if told is not None:
            refused.inc()
        return told

    def place(self, call: Call, raw: bytes) -> AbstractAsyncContextManager[None]:
        """Waits for a place. Raises ``OverloadedError``, ``ServiceStoppingError``."""
        tenant = principals.tenant() or _named(raw)
        return self._admission.place(class_of(call.service, call.method), tenant)

    def _first_of(self, method: str) -> tuple[CallClass, Counter]:
        _, service, name = method.split("/")
        refused = self._handled.labels(service, name, "UNAVAILABLE")
        self._methods[method] = class_of(service, name), refused
        return self._methods[method]


def _named(raw: bytes) -> str:
    """The tenant that a request names first, for a caller who may name any."""
    found = _TENANT.search(raw)
    return found[1].decode() if found else NOBODY
