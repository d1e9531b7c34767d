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
    """``slotsvc.server.interceptors.calls.Guard`` over keys and policies.

    ``needs_key`` False: who shows no key, and names nobody, may do everything; who does is limited
    as ever.
    """

    def __init__(
        self, authenticator: Authenticator, objects: ObjectAccess, *, needs_key: bool = True
    ) -> None:
        self._authenticator = authenticator
        self._objects = objects
        self._needs_key = needs_key

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        """Makes the caller known to what runs inside, and to the log lines.

        Raises ``UnauthenticatedError`` or ``PermissionDeniedError`` before anything is read.
        """
        if self._is_free(call):
            yield
            return
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
        if self._is_free(call):
            return
        principal = principals.current()
        policy = policies.policy_of(call.service, call.method)
        assert principal is not None
        assert policy is not None
        await self._objects.check(principal, policy, request)

    async def again(self, call: Call) -> None:
        """Raises ``UnauthenticatedError`` when the key was revoked or expired meanwhile."""
        if not self._is_free(call):
            await self._caller(call)

    def told(self, call: Call, answer: Message) -> Message:
        """What the caller may see of ``answer``."""
        if self._is_free(call):
            return answer
        principal = principals.current()
        assert principal is not None
        return redacted(answer, principal.role)

    def _is_free(self, call: Call) -> bool:
        """Asked of the call itself, never of who was found: a caller lost on the way is nobody."""
        return not self._needs_key and not Authenticator.asked_by(_metadata(call))

    async def _caller(self, call: Call) -> Principal:
        return await self._authenticator.principal(_metadata(call))


def _metadata(call: Call) -> Metadata:
    return call.context.invocation_metadata() or ()
