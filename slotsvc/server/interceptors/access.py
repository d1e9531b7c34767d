"""Who may call: the key, the method's policy, whose data is named, and what of the answer is shown.

Default deny: a method without a policy is refused to everybody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from google.protobuf.message import Message

from slotsvc.domain.access import Principal
from slotsvc.domain.errors import HoldLimitError, SlotGoneError
from slotsvc.server import policies, principals
from slotsvc.server.authentication import Authenticator, Metadata
from slotsvc.server.interceptors.calls import Call
from slotsvc.server.object_access import ObjectAccess
from slotsvc.server.redaction import redacted, redacted_error


class AccessGuard:
    """``slotsvc.server.interceptors.calls.Guard`` over keys and policies."""

    def __init__(self, authenticator: Authenticator, objects: ObjectAccess) -> None:
        self._authenticator = authenticator
        self._objects = objects

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        """Makes the caller known to what runs inside, and to the log lines.

        Raises ``UnauthenticatedError`` or ``PermissionDeniedError`` before anything is read.
        """
        principal = await self._caller(call)
        told = {"key": principal.key, "role": principal.role.name}
        with principals.acting(principal), structlog.contextvars.bound_contextvars(**told):
            policies.require_role(principal, call.service, call.method)
            try:
                yield
            except (SlotGoneError, HoldLimitError) as error:
                # an error is an answer too
                raise redacted_error(error, principal.role) from None

    async def check(self, call: Call, request: Message) -> None:
        """Raises ``NotFoundError`` for what is somebody else's, ``PermissionDeniedError`` for
        fields that the caller may not set."""
        principal = principals.current()
        policy = policies.policy_of(call.service, call.method)
        assert principal is not None
        assert policy is not None
        await self._objects.check(principal, policy, request)

    async def again(self, call: Call) -> None:
        """Raises ``UnauthenticatedError`` when the key was revoked or expired meanwhile."""
        await self._caller(call)

    async def _caller(self, call: Call) -> Principal:
        metadata: Metadata = call.context.invocation_metadata() or ()
        return await self._authenticator.principal(metadata)

    def told(self, answer: Message) -> Message:
        """What the caller may see of ``answer``."""
        principal = principals.current()
        assert principal is not None
        return redacted(answer, principal.role)
