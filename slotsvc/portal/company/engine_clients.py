"""The clients whom the scheduling service knows: a reference is chosen, not typed blind."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from slotsvc.portal.company.interventions import none_while_away
from slotsvc.portal.parts import Portal
from slotsvc.portal.tables.schema import CLIENTS


@dataclass(frozen=True, slots=True)
class EngineClient:
    """A reference that stands on sites of the engine, and what these sites are called."""

    ref: str
    sites: tuple[str, ...]


async def clients_to_add(portal: Portal) -> list[EngineClient] | None:
    """References on the engine's sites that no client of the portal has, in order; None: the engine
    does not answer."""
    sites = await none_while_away(portal.service.catalogue.sites())
    if sites is None:
        return None
    known = await portal.database.read(_known)
    found: dict[str, list[str]] = {}
    for site in sites.values():
        if site.client and site.client not in known:
            found.setdefault(site.client, []).append(
                ", ".join(filter(None, (site.display_name, site.address)))
                or site.name.rpartition("/")[2]
            )
    return [EngineClient(ref, tuple(sorted(found[ref]))) for ref in sorted(found)]


def _known(connection: Connection) -> set[str]:
    return set(connection.execute(select(CLIENTS.c.ref)).scalars())
