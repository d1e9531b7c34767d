"""What companies have set up, remembered between searches as long as no calendar changes.

Every change of what a company sets up grows its calendar revision, so what was read at a revision
stands while the store says the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.scheduling.ports import ReadTx

MOST_TENANTS = 256
MOST_ENTRIES = 20_000
"""Of one company; then its memory begins anew."""


class CatalogueRead(Protocol):
    """The part of ``CalendarRead`` that a search asks for."""

    def tenant(self, tenant: str) -> Tenant | None: ...
    def tags(self, tenant: str) -> frozenset[str]: ...
    def team(self, tenant: str, team: str) -> Team | None: ...
    def technician(self, tenant: str, technician: str) -> Technician | None: ...
    def site(self, tenant: str, site: str) -> Site | None: ...
    def activity_type(self, tenant: str, activity_type: str) -> ActivityType | None: ...


type _Entries = dict[tuple[str, str], object]
"""By kind and id."""


class Catalogue:
    """The memory; one instance per process. May be used by several threads at once."""

    def __init__(self) -> None:
        self._tenants: dict[str, tuple[int, _Entries]] = {}

    def seen_by(self, tx: ReadTx, tenant: str, revision: int) -> CatalogueRead:
        """What ``tx`` sees of one company. ``revision``: the calendar's, as ``tx`` sees it."""
        known = self._tenants.get(tenant)
        if known is None or known[0] != revision or len(known[1]) > MOST_ENTRIES:
            known = revision, {}
            self._tenants[tenant] = known
        while len(self._tenants) > MOST_TENANTS:
            self._tenants.pop(next(iter(self._tenants)), None)
        return _Seen(tx, known[1])


class _Seen:
    """One company at one revision. What does not exist is remembered too."""

    def __init__(self, tx: ReadTx, entries: _Entries) -> None:
        self._tx, self._entries = tx, entries

    def tenant(self, tenant: str) -> Tenant | None:
        return self._once("tenant", tenant, lambda: self._tx.tenant(tenant))

    def tags(self, tenant: str) -> frozenset[str]:
        found = self.tenant(tenant)
        return frozenset() if found is None else found.tags

    def team(self, tenant: str, team: str) -> Team | None:
        return self._once("team", team, lambda: self._tx.team(tenant, team))

    def technician(self, tenant: str, technician: str) -> Technician | None:
        return self._once("technician", technician, lambda: self._tx.technician(tenant, technician))

    def site(self, tenant: str, site: str) -> Site | None:
        return self._once("site", site, lambda: self._tx.site(tenant, site))

    def activity_type(self, tenant: str, activity_type: str) -> ActivityType | None:
        return self._once(
            "activity", activity_type, lambda: self._tx.activity_type(tenant, activity_type)
        )

    def _once[T](self, kind: str, id: str, read: Callable[[], T]) -> T:
        key = (kind, id)
        if key not in self._entries:
            self._entries[key] = read()
        return self._entries[key]  # type: ignore[return-value]
