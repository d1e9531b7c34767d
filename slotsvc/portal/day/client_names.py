"""Whom the engine's references mean: the clients that the portal knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from slotsvc.portal.tables.schema import CLIENTS


@dataclass(frozen=True, slots=True)
class ClientName:
    """A client as people call him. ``id``: of his record."""

    id: str
    name: str


type ClientNames = Mapping[str, ClientName]
"""By the engine's reference; those that the portal does not know are missing."""


def client_names(connection: Connection, unit: str, refs: Collection[str]) -> ClientNames:
    """Names of the unit's clients among ``refs``."""
    query = select(CLIENTS.c.ref, CLIENTS.c.id, CLIENTS.c.name).where(
        CLIENTS.c.business_unit == unit, CLIENTS.c.ref.in_(refs)
    )
    return {row.ref: ClientName(row.id, row.name) for row in connection.execute(query)}
