"""Changing API keys. The digest, the role and whose key it is never change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, update

from slotsvc.domain.access import ApiKey
from slotsvc.domain.time_window import to_epoch
from slotsvc.store.access_reads import AccessReads, row_of
from slotsvc.store.tables import API_KEY


class AccessWrites(AccessReads):
    """``slotsvc.scheduling.key_ports.KeyWrite``."""

    def add_key(self, key: ApiKey) -> None:
        """A new key."""
        self._connection.execute(insert(API_KEY), row_of(key))

    def revoke_key(self, id: str, at: datetime) -> None:
        """For good."""
        self._set(id, revoked=to_epoch(at))

    def note_key_use(self, id: str, at: datetime) -> None:
        """It was seen then."""
        self._set(id, last_used=to_epoch(at))

    def _set(self, id: str, **columns: int) -> None:
        self._connection.execute(update(API_KEY).where(API_KEY.c.id == id).values(columns))
