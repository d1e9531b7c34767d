"""What the servicers of changing calls share: who calls, and which call it is."""

from __future__ import annotations

import hashlib

from google.protobuf.message import Message

from slotsvc.scheduling.mutation import Mutation


def mutation_of(tenant: str, method: str, request: Message, request_id: str) -> Mutation:
    """Names the call by its request_id and its payload."""
    payload = request.SerializeToString(deterministic=True)
    return Mutation(tenant, method, request_id, hashlib.sha256(payload).digest())
