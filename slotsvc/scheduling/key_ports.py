"""What the use cases need of a store for API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from slotsvc.domain.access import ApiKey


class KeyRead(Protocol):
    """Reading of keys."""

    def key(self, id: str) -> ApiKey | None:
        """Of any tenant, revoked and expired ones too."""
        ...

    def keys(self, tenant: str, after: str, limit: int) -> Sequence[ApiKey]:
        """A tenant's ("": operators') behind ``after``, in order of id."""
        ...

    def keys_of(self, tenant: str, technician: str) -> Sequence[ApiKey]:
        """The technician's, but those that are revoked."""
        ...


class KeyWrite(KeyRead, Protocol):
    """Changing of keys."""

    def add_key(self, key: ApiKey) -> None: ...
    def revoke_key(self, id: str, at: datetime) -> None: ...
    def note_key_use(self, id: str, at: datetime) -> None:
        """It was seen then."""
        ...
