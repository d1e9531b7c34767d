"""The door: what a call is, whose it is, and whether it may be begun now.

It is asked twice. First before anything is done for the call, so that one that would be sent away
costs next to nothing; those are counted, not logged. Then, once the caller is known and the request
is read, for a place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from slotsvc.server import principals
from slotsvc.server.admission import Admission
from slotsvc.server.authentication import Metadata
from slotsvc.server.call_classes import class_of
from slotsvc.server.interceptors.calls import Call
from slotsvc.server.interceptors.failures import tell
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

    async def keep_out(self, call: Call, raw: bytes) -> None:
        """Ends the call when it would be sent away. A key that is not known yet gets in, to be
        looked at: a stranger must not stand in a tenant's line."""
        tenant = self._known(call.context.invocation_metadata() or ())
        if tenant is None:
            return
        kind = class_of(call.service, call.method)
        refused = self._admission.refusal(kind, tenant or _named(raw))
        if refused is not None:
            self._handled.labels(call.service, call.method, "UNAVAILABLE").inc()
            await tell(call, refused)

    def place(self, call: Call, raw: bytes) -> AbstractAsyncContextManager[None]:
        """Waits for a place. Raises ``OverloadedError``, ``ServiceStoppingError``."""
        tenant = principals.tenant() or _named(raw)
        return self._admission.place(class_of(call.service, call.method), tenant)


def _named(raw: bytes) -> str:
    """The tenant that a request names first, for a caller who may name any."""
    found = _TENANT.search(raw)
    return found[1].decode() if found else NOBODY
