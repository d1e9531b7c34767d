"""A process that books without end and writes down what was acknowledged; it gets killed.

Usage: python -m tests.store.booking_writer FILE PREFIX
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from slotsvc.scheduling.ports import WriteTx
from slotsvc.store.sqlite_store import SqliteStore
from tests.store.samples import ANA_MONDAY, BEN_MONDAY, event, placed, put


def book(tx: WriteTx, id: str, number: int) -> int:
    """One booking on one of two routes, with event, audit entry and stored answer."""
    key = (ANA_MONDAY, BEN_MONDAY)[number % 2]
    tx.replay("acme", "Book", id, id.encode())
    version = put(tx, placed("p" + id, key))
    tx.record("acme", event("BOOKED", key, version, "v" + id), "clerk")
    tx.remember("acme", "Book", id, id.encode(), b"booked")
    return version


async def main(file: str, prefix: str) -> None:
    """Four clients at once."""
    store = SqliteStore(Path(file))
    numbers = count()

    async def client() -> None:
        for number in numbers:
            id = f"{prefix}-{number}"
            version = await store.write(lambda tx, i=id, n=number: book(tx, i, n))
            sys.stdout.write(f"v{id} {version}\n")
            sys.stdout.flush()

    await asyncio.gather(*(client() for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
