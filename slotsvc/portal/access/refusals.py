"""Refusals in the audit: who was not let in, and what was not open to somebody (S42).

So many of one network in an hour, and no more: what strangers cause must not fill a table from
which nothing is ever deleted. The log has a line of each.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from slotsvc.portal.access import limits
from slotsvc.portal.access.limits import Limit
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.audit import record

KIND = "refusal-noted"
LIMITS = (Limit(30, timedelta(hours=1)),)


def note_refused(
    connection: Connection,
    secrets: PortalSecrets,
    now: datetime,
    what: str,
    *,
    network: str,
    actor: str = "portal",
    business_unit: str | None = None,
    subject: str = "",
    data: dict[str, Any] | None = None,
) -> bool:
    """One entry, as ``record`` writes it; False: the network had its share of them."""
    key = limits.key_of(secrets, KIND, network)
    if not limits.free(connection, KIND, key, LIMITS, now):
        return False
    limits.add(connection, KIND, key, now)
    record(
        connection,
        now,
        actor,
        what,
        business_unit=business_unit,
        subject=subject,
        data=data,
        network=network,
    )
    return True
