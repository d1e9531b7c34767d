"""What the servicers of changing calls share: who calls, and which call it is."""

from __future__ import annotations

import hashlib

from google.protobuf.message import Message

from slotsvc.scheduling.mutation import Mutation
from slotsvc.server import principals


def mutation_of(tenant: str, method: str, request: Message, request_id: str) -> Mutation:
    """Names the call by its request_id and its payload.

    Clients and technicians have request_ids of their own each, so that nobody gets the answer to
    somebody else's call; those of a tenant's staff are shared, so that a call that is repeated
    with a newer key is still the same call.
    """
    payload = request.SerializeToString(deterministic=True)
    own = principals.subject()
    key = f"{own}\n{request_id}" if own and request_id else request_id
    return Mutation(tenant, method, key, hashlib.sha256(payload).digest(), principals.actor())
