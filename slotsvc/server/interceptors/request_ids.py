"""Every call has an id: the caller's ``x-request-id`` or a new one, in logs and in the answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import structlog

from slotsvc.server.interceptors.calls import Call, Context

HEADER = "x-request-id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,100}")


@asynccontextmanager
async def request_id_layer(call: Call) -> AsyncIterator[None]:
    """Binds the id to the log lines of this call and puts it in the trailers."""
    call.request_id = _told(call.context) or uuid4().hex
    call.context.set_trailing_metadata(((HEADER, call.request_id),))
    with structlog.contextvars.bound_contextvars(request_id=call.request_id):
        yield


def _told(context: Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == HEADER and isinstance(value, str) and _ACCEPTED.fullmatch(value):
            return value
    return None
