"""The one channel to the engine: deadlines, and repeating what may be repeated."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import grpc
from grpc import aio

from slotsvc.portal.options import ServiceOptions
from slotsvc.portal.service.errors import ErrorKind, ServiceError, refusal

type Metadata = tuple[tuple[str, str], ...]

READ_S = 4.0
WRITE_S = 6.0
SEARCH_S = 8.0

AT_ONCE = 24
_TRIES = 4
_FIRST_WAIT_S = 0.1
# the engine is ours and near: an HTTP proxy of the environment has no business in between; after a
# restart of the engine pages should work again at once
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


def open_channel(options: ServiceOptions) -> aio.Channel:
    """A channel to the engine; it connects by itself, again and again. Raises ``OSError`` for
    certificates that cannot be read."""
    if options.ca_path is None:
        return aio.insecure_channel(options.address, options=_OPTIONS)
    key, certificate = options.key_path, options.certificate_path
    credentials = grpc.ssl_channel_credentials(
        options.ca_path.read_bytes(),
        key.read_bytes() if key else None,
        certificate.read_bytes() if certificate else None,
    )
    return aio.secure_channel(options.address, credentials, options=_OPTIONS)


def bearer(key: str | None) -> Metadata:
    """What a caller with this key says; nothing where the engine asks nobody."""
    return (("authorization", f"Bearer {key}"),) if key else ()


class Line:
    """One channel with room for so many calls at once; further ones wait their turn here.

    A server that is asked much more at once refuses streams, and answers none of them faster.
    """

    def __init__(self, channel: aio.Channel) -> None:
        self.channel = channel
        self._room = asyncio.Semaphore(AT_ONCE)

    async def call(
        self, method: Callable[..., Any], request: Any, metadata: Metadata, seconds: float
    ) -> Any:
        """The answer. Raises ``ServiceError``.

        UNAVAILABLE is tried again while the deadline lasts, as docs/errors.md allows: requests that
        change something carry a ``request_id`` that stays the same. Nothing else is.
        """
        until = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(until), self._room:
                return await _tried(method, request, metadata, until)
        except TimeoutError:
            raise ServiceError(ErrorKind.UNAVAILABLE, "DEADLINE_EXCEEDED") from None


async def _tried(method: Callable[..., Any], request: Any, metadata: Metadata, until: float) -> Any:
    loop, attempt = asyncio.get_running_loop(), 0
    while True:
        attempt += 1
        try:
            return await method(request, metadata=metadata, timeout=until - loop.time())
        except aio.AioRpcError as error:
            refused = refusal(error)
            again = error.code() is grpc.StatusCode.UNAVAILABLE
        wait = _wait(refused, attempt)
        if not again or attempt == _TRIES or loop.time() + wait >= until:
            raise refused
        await asyncio.sleep(wait)


def _wait(refused: ServiceError, attempt: int) -> float:
    """As long as the engine says, else longer each time; spread, so that not all come at once."""
    if refused.retry_after is not None:
        return refused.retry_after.total_seconds() * random.uniform(1.0, 1.25)
    return _FIRST_WAIT_S * float(2 ** (attempt - 1)) * random.uniform(0.75, 1.25)
