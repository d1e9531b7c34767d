"""A small real HTTP server that answers whatever a test wants, as badly as it wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson


def waypoint(lat: float, lon: float, distance_m: object = 1.0) -> dict[str, object]:
    """A waypoint as OSRM writes it."""
    return {"distance": distance_m, "name": "", "location": [lon, lat]}


def honest_table() -> dict[str, object]:
    """A sensible reply for one source and two destinations, all within a few hundred metres."""
    return {
        "code": "Ok",
        "durations": [[12.1, None]],
        "sources": [waypoint(43.735, 7.42)],
        "destinations": [waypoint(43.736, 7.42), waypoint(43.737, 7.42)],
    }


def straight_table(asked: bytes) -> dict[str, Any]:
    """A sensible reply to any table request: straight roads, ten metres a second."""
    question = orjson.loads(asked)
    at = [(lon, lat) for lon, lat in question["coordinates"]]
    sources, destinations = question["sources"], question["destinations"]
    return {
        "code": "Ok",
        "durations": [[_seconds(at[i], at[j]) for j in destinations] for i in sources],
        "sources": [waypoint(at[i][1], at[i][0]) for i in sources],
        "destinations": [waypoint(at[j][1], at[j][0]) for j in destinations],
    }


def _seconds(here: tuple[float, float], there: tuple[float, float]) -> float:
    east = (there[0] - here[0]) * math.cos(math.radians(here[1]))
    return round(math.hypot(east, there[1] - here[1]) * 111_195 / 10, 1)


@dataclass
class Liar:
    """Says ``body`` with ``status``, or what ``reply`` makes of the request's body.

    ``pause_s``: before every ``drip`` bytes (0: all at once).
    """

    status: int = 200
    content_type: str = "application/json; charset=UTF-8"
    reply: Callable[[bytes], object] | None = None
    body: bytes = field(default_factory=lambda: orjson.dumps(honest_table()))
    pause_s: float = 0.0
    drip: int = 0
    hang_up_first: int = 0
    requests: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def say(self, reply: object) -> None:
        self.body = orjson.dumps(reply)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head, body = (await reader.readuntil(b"\r\n\r\n")).lower(), self.body
        if b"content-length:" in head:
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            asked = await reader.readexactly(length)
            if self.reply is not None:
                body = json.dumps(self.reply(asked)).encode()
        self.requests += 1
        if self.requests <= self.hang_up_first:
            return False
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._answer(writer, body)
        finally:
            self.at_once -= 1
        return True

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        length = len(body)
        head = f"HTTP/1.1 {self.status} -\r\ncontent-type: {self.content_type}\r\n"
        writer.write(f"{head}content-length: {length}\r\n\r\n".encode())
        step = self.drip or max(length, 1)
        for at in range(0, max(length, 1), step):
            await asyncio.sleep(self.pause_s)
            writer.write(body[at : at + step])
            await writer.drain()


@contextlib.asynccontextmanager
async def lying_server(liar: Liar) -> AsyncIterator[str]:
    """Serve ``liar`` on the loopback interface; the base URL."""
    tasks: set[asyncio.Task[None]] = set()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await liar.serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
