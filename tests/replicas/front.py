"""A server in front of Redis that passes on what both say: with TLS, or late."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


@asynccontextmanager
async def in_front(
    url: str, *, tls: ssl.SSLContext | None = None, late_s: float = 0.0
) -> AsyncIterator[int]:
    """Its port. ``late_s``: how long everything that Redis says is held back."""
    told = urlsplit(url)

    async def pump(source: asyncio.StreamReader, to: asyncio.StreamWriter, wait_s: float) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                await asyncio.sleep(wait_s)
                to.write(data)
                await to.drain()
        to.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        redis_reader, redis = await asyncio.open_connection(told.hostname, told.port)
        await asyncio.gather(pump(reader, redis, 0.0), pump(redis_reader, writer, late_s))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
