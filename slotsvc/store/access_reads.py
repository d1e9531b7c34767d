"""API keys as rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from slotsvc.domain.access import ApiKey, Role
from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.store.tables import API_KEY
from slotsvc.store.transaction import Transaction


class AccessReads(Transaction):
    """``slotsvc.scheduling.key_ports.KeyRead``."""

    def key(self, id: str) -> ApiKey | None:
        """Of any tenant, revoked and expired ones too."""
        row = self._connection.execute(select(API_KEY).where(API_KEY.c.id == id)).one_or_none()
        return None if row is None else _key_from(row)

    def keys(self, tenant: str, after: str, limit: int) -> Sequence[ApiKey]:
        """A tenant's ("": operators') behind ``after``, in order of id."""
        whose = API_KEY.c.tenant == tenant if tenant else API_KEY.c.tenant.is_(None)
        query = select(API_KEY).where(whose, API_KEY.c.id > after).order_by(API_KEY.c.id)
        return [_key_from(row) for row in self._connection.execute(query.limit(limit))]

    def keys_of(self, tenant: str, technician: str) -> Sequence[ApiKey]:
        """The technician's, but those that are revoked."""
        own = API_KEY.c.tenant == tenant, API_KEY.c.technician == technician
        query = select(API_KEY).where(*own, API_KEY.c.revoked.is_(None)).order_by(API_KEY.c.id)
        return [_key_from(row) for row in self._connection.execute(query)]


def row_of(key: ApiKey) -> dict[str, Any]:
    """The columns of a key."""
    return {
        "id": key.id,
        "tenant": key.tenant or None,
        "role": key.role.value,
        "display_name": key.display_name,
        "digest": key.digest,
        "client": key.client,
        "technician": key.technician,
        "methods": json.dumps(sorted(key.methods)),
        "created": to_epoch(key.created),
        "expires": _seconds(key.expires),
        "revoked": _seconds(key.revoked),
        "last_used": _seconds(key.last_used),
    }


def _key_from(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=row.tenant or "",
        role=Role(row.role),
        display_name=row.display_name,
        digest=row.digest,
        created=from_epoch(row.created),
        client=row.client,
        technician=row.technician,
        methods=frozenset(json.loads(row.methods)),
        expires=_instant(row.expires),
        revoked=_instant(row.revoked),
        last_used=_instant(row.last_used),
    )


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else to_epoch(at)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_epoch(seconds)
