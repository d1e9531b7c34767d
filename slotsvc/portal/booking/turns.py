"""One change of a client after another: a form sent twice at once is not done twice."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


def turn_of(client: str) -> asyncio.Lock:
    """The lock of a client (``clients.id``), as long as somebody waits for it. One portal is one
    process; between processes the engine's request ids and states decide."""
    lock = _turns.get(client)
    if lock is None:
        lock = _turns[client] = asyncio.Lock()
    return lock
