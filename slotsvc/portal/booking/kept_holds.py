"""The portal's own record of holds: what they are for, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, literal_column, select, update
from sqlalchemy.dialects.sqlite import insert

from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.service.answers import Window
from slotsvc.portal.tables.schema import CONTACTS, HOLDS


class HoldOutcome(StrEnum):
    """What became of a hold. None, as long as nobody looked: it may have lapsed."""

    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"
    LAPSED = "LAPSED"


@dataclass(frozen=True, slots=True)
class KeptHold:
    """A hold as the portal remembers it. ``wishes``: the search it came from, as a query.

    ``contact``: who made it; others of the same client may go on with it.
    """

    name: str
    contact: str
    visit: str
    kind: ActionKind
    site: str
    activity_type: str
    window: Window
    expires: datetime
    extendable: bool
    request_id: str
    wishes: str
    outcome: HoldOutcome | None

    @property
    def id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]

    def live(self, now: datetime) -> bool:
        """Whether it may still be confirmed, as far as the portal knows."""
        return self.outcome is None and now < self.expires


def kept(connection: Connection, name: str, client_id: str) -> KeptHold | None:
    """The hold, where somebody of this client made it."""
    row = connection.execute(_of(client_id).where(HOLDS.c.name == name)).one_or_none()
    return _hold(row) if row else None


def kept_for(connection: Connection, request_id: str, client_id: str) -> KeptHold | None:
    """The hold that this call made; of several, the last."""
    made = _of(client_id).where(HOLDS.c.request_id == request_id)
    found = connection.execute(made.order_by(literal_column("holds.rowid").desc())).first()
    return _hold(found) if found else None


def live_holds(connection: Connection, client_id: str, now: datetime) -> list[KeptHold]:
    """What a client holds now, the next one to lapse first."""
    query = (
        _of(client_id)
        .where(HOLDS.c.outcome.is_(None), HOLDS.c.expires_at > int(now.timestamp()))
        .order_by(HOLDS.c.expires_at, HOLDS.c.name)
    )
    return [_hold(row) for row in connection.execute(query)]


def unfinished(connection: Connection, before: datetime) -> list[KeptHold]:
    """Those that ended by then and of which nobody knows what became, the oldest first."""
    query = select(HOLDS).where(
        HOLDS.c.outcome.is_(None), HOLDS.c.expires_at <= int(before.timestamp())
    )
    return [_hold(row) for row in connection.execute(query.order_by(HOLDS.c.expires_at))]


def keep(connection: Connection, hold: KeptHold, now: datetime) -> bool:
    """Writes it down; False: it was written before."""
    row = {
        "name": hold.name,
        "contact": hold.contact,
        "visit": hold.visit,
        "kind": hold.kind.value,
        "site": hold.site,
        "activity_type": hold.activity_type,
        "starts_at": int(hold.window.start.timestamp()),
        "ends_at": int(hold.window.end.timestamp()),
        "expires_at": int(hold.expires.timestamp()),
        "extendable": hold.extendable,
        "request_id": hold.request_id,
        "search": {"wishes": hold.wishes},
        "created_at": int(now.timestamp()),
    }
    return connection.execute(insert(HOLDS).values(row).on_conflict_do_nothing()).rowcount > 0


def prolong(connection: Connection, name: str, expires: datetime, extendable: bool) -> None:
    """Its end is another now."""
    values = {"expires_at": int(expires.timestamp()), "extendable": extendable}
    connection.execute(update(HOLDS).where(HOLDS.c.name == name).values(values))


def close(connection: Connection, name: str, outcome: HoldOutcome) -> bool:
    """What became of it; False: that was known before."""
    open_one = update(HOLDS).where(HOLDS.c.name == name, HOLDS.c.outcome.is_(None))
    return connection.execute(open_one.values(outcome=outcome.value)).rowcount > 0


def booked_later(connection: Connection, hold: KeptHold) -> bool:
    """Whether a later hold of the same window made the appointment: this one lapsed before."""
    later = select(HOLDS.c.name).where(
        HOLDS.c.visit == hold.visit,
        HOLDS.c.starts_at == int(hold.window.start.timestamp()),
        HOLDS.c.outcome == HoldOutcome.CONFIRMED.value,
        HOLDS.c.expires_at > int(hold.expires.timestamp()),
    )
    return connection.execute(later.limit(1)).first() is not None


def sweep(connection: Connection, now: datetime) -> int:
    """Takes out holds that ended a week ago or more and were looked at since; gives how many."""
    week_ago = int((now - timedelta(days=7)).timestamp())
    over = HOLDS.delete().where(HOLDS.c.expires_at < week_ago, HOLDS.c.outcome.is_not(None))
    return connection.execute(over).rowcount


def _of(client_id: str) -> Any:
    return select(HOLDS).join(CONTACTS).where(CONTACTS.c.client == client_id)


def _hold(row: Any) -> KeptHold:
    return KeptHold(
        name=row.name,
        contact=row.contact,
        visit=row.visit,
        kind=ActionKind(row.kind),
        site=row.site,
        activity_type=row.activity_type,
        window=Window(_instant(row.starts_at), _instant(row.ends_at)),
        expires=_instant(row.expires_at),
        extendable=row.extendable,
        request_id=row.request_id,
        wishes=(row.search or {}).get("wishes", ""),
        outcome=HoldOutcome(row.outcome) if row.outcome else None,
    )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
