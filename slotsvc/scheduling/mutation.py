"""A changing call, and doing its work at most once.

The answer is stored in the same transaction as the change, and given again, byte for byte, to a
caller who repeats the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slotsvc.scheduling.ports import WriteTx


@dataclass(frozen=True, slots=True)
class Mutation:
    """One changing call. ``method`` and ``request_id`` name it, ``request_hash`` its payload.

    ``actor``: who is behind it, for the audit trail.
    """

    tenant: str
    method: str
    request_id: str
    request_hash: bytes
    actor: str = "api"


def once(
    mutation: Mutation, work: Callable[[WriteTx], bytes], *, beside: bool = False
) -> Callable[[WriteTx], bytes]:
    """``work`` at most once per request_id; a repeated call gets the stored answer.

    ``beside``: as ``WriteTx.take_turn`` has it.
    """
    m = mutation

    def at_most_once(tx: WriteTx) -> bytes:
        tx.take_turn(m.tenant, beside=beside)
        stored = tx.replay(m.tenant, m.method, m.request_id, m.request_hash)
        if stored is not None:
            return stored
        answer = work(tx)
        tx.remember(m.tenant, m.method, m.request_id, m.request_hash, answer)
        return answer

    return at_most_once
