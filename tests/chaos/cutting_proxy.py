"""A TCP proxy on the loopback that cuts connections: the answer may be lost after the commit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class CuttingProxy:
    """``cuts``: connections cut so far. ``open``: those that stand."""

    target: str
    address: str = ""
    cuts: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways, until either side ends."""
        host, _, port = self.target.rpartition(":")
        try:
            there_reader, there = await asyncio.open_connection(host, int(port))
        except OSError:  # nobody is there
            writer.transport.abort()
            return
        both = {writer, there}
        self.open |= both
        with suppress(ConnectionError):
            await asyncio.wait(
                [
                    asyncio.create_task(_pump(reader, there)),
                    asyncio.create_task(_pump(there_reader, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        self.open -= both
        for end in both:
            end.transport.abort()

    def cut(self) -> None:
        """Every connection, at once, without a word."""
        for end in self.open:
            end.transport.abort()
        self.cuts += bool(self.open)

    async def keep_cutting(self, chance: random.Random, shortest: float, longest: float) -> None:
        """For ever, after random pauses of seconds."""
        while True:
            await asyncio.sleep(chance.uniform(shortest, longest))
            self.cut()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cutting_proxy(target: str) -> AsyncIterator[CuttingProxy]:
    """A proxy to ``host:port`` on a port of its own."""
    proxy = CuttingProxy(target)
    server = await asyncio.start_server(proxy.pass_on, "127.0.0.1", 0)
    proxy.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
