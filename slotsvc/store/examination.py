"""Are the books right? Everything that can be recomputed, recomputed on one snapshot (F35).

- the audit chain of each tenant, and the heads that were kept elsewhere (I16);
- each event against the audit entry of the same change: they were written together;
- the events replayed from nothing against the routes as they stand, versions without gaps (I8,
  I11);
- every route judged by the referee (I1, I7).

Reads only, and works on every engine. What cannot be read at all is a finding like any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.event_replay import EventReplay
from slotsvc.scheduling.judged_routes import Judged, disputes
from slotsvc.scheduling.ports import Event
from slotsvc.store.errors import DamagedError, not_read
from slotsvc.store.events import every_event
from slotsvc.store.heads import Head, Heads
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.tables import AUDIT, ROUTE, TENANT

PAGE = 500

OPERATORS = ""
"""Whose trail it is that is no company's."""

type Told = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that must not be. ``check``: what was looked at; ``where``: tenant, route …"""

    check: str
    where: str
    what: str


@dataclass(slots=True)
class Examination:
    """What was looked at, and what is wrong. ``operators``: whether what operators did is among it.
    ``heads``: of the chains, to be kept elsewhere."""

    epoch: int = 0
    tenants: int = 0
    operators: bool = False
    entries: int = 0
    events: int = 0
    routes: int = 0
    judged: Judged = field(default_factory=Judged)
    heads: dict[str, Head] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)


def examine(tx: ReadTransaction, kept: Heads, told: Told) -> Examination:
    """Everything, tenant by tenant. ``kept``: heads from elsewhere, empty for none."""
    found = Examination(epoch=tx.epoch())
    tenants = _tenants(tx, kept)
    for number, tenant in enumerate(tenants):
        told(_whose(tenant), number / len(tenants))
        if tenant == OPERATORS:
            found.operators = True
        else:
            found.tenants += 1
        for check, work in _CHECKS:
            try:
                troubles = [Trouble(check, where, what) for where, what in work(tx, tenant, found)]
            except DBAPIError as error:
                if not isinstance(not_read(error, "the database"), DamagedError):
                    raise  # it could not be looked at: that says nothing of what is there
                troubles = [Trouble(check, _whose(tenant), f"cannot be read: {error.orig}")]
            except (ValueError, KeyError, TypeError) as error:
                troubles = [Trouble(check, _whose(tenant), f"cannot be read: {error}")]
            found.troubles += troubles
        lost = _head(tx, tenant, kept)
        found.troubles += [Trouble("heads", _whose(tenant), what) for what in lost]
    return found


type Findings = Iterator[tuple[str, str]]
"""Where, and what."""


def _whose(tenant: str) -> str:
    return tenant or "the operator's trail"


def _tenants(tx: ReadTransaction, kept: Heads) -> Sequence[str]:
    """All that are, were, or must have been."""
    known = {row for (row,) in tx._connection.execute(select(AUDIT.c.tenant).distinct())}
    there = {row for (row,) in tx._connection.execute(select(TENANT.c.id))}
    return sorted(known | there | kept.keys())


def _chain(tx: ReadTransaction, tenant: str, found: Examination) -> Findings:
    checked = tx.verify_audit(tenant)
    found.entries += checked.entries
    if checked.broken_at is not None:
        text = f"entry {checked.broken_at} is not what was written, or is missing"
        yield f"{_whose(tenant)}, entry {checked.broken_at}", text
    elif checked.entries:
        found.heads[tenant] = Head(checked.entries, checked.head)


def _head(tx: ReadTransaction, tenant: str, kept: Heads) -> Iterator[str]:
    if (head := kept.get(tenant)) is None:
        return
    where = (AUDIT.c.tenant == tenant, AUDIT.c.sequence == head.entries)
    stored = tx._connection.execute(select(AUDIT.c.hash).where(*where)).scalar_one_or_none()
    if stored is None:
        yield f"the chain ends before entry {head.entries}, whose head was kept"
    elif stored != head.hash:
        yield f"entry {head.entries} is another one than when its head was kept"


def _events(tx: ReadTransaction, tenant: str, found: Examination) -> Findings:
    """Each event has its audit entry, and the other way round; their order may differ where several
    write at once."""
    query = select(AUDIT).where(AUDIT.c.tenant == tenant).order_by(AUDIT.c.sequence)
    alone: dict[str, list[str]] = {}
    with (
        tx._connection.execute(query.execution_options(yield_per=PAGE)) as entries,
        closing(every_event(tx._connection, tenant)) as events,
    ):
        for stored, entry in zip_longest(events, entries):
            found.events += stored is not None
            if stored is not None:
                _pair(alone, _words_of(stored.event), f"event {stored.position}")
            if entry is not None:
                _pair(alone, _words_in(entry.entry), f"audit entry {entry.sequence}")
    for where in (one for some in alone.values() for one in some):
        yield f"{_whose(tenant)}, {where}", "it has no counterpart among events and audit entries"


def _pair(alone: dict[str, list[str]], words: str, where: str) -> None:
    """One of the two meets the other, or waits for it."""
    waiting = alone.setdefault(words, [])
    if waiting and waiting[0].split()[0] != where.split()[0]:
        waiting.pop(0)
    else:
        waiting.append(where)
    if not waiting:
        del alone[words]


def _words_of(event: Event) -> str:
    key = event.route
    route = None if key is None else [key.technician, key.day.isoformat()]
    return json.dumps(
        [event.kind, event.subject, event.version, route, dict(event.data)], sort_keys=True
    )


def _words_in(entry: str) -> str:
    """Of a broken entry nothing that could be paired; that it is broken is told already."""
    try:
        said = json.loads(entry)
        parts = ("kind", "subject", "version", "route", "data")
        return json.dumps([said[part] for part in parts], sort_keys=True)
    except (ValueError, KeyError, TypeError):
        return ""


def _routes(tx: ReadTransaction, tenant: str, found: Examination) -> Findings:
    replay = EventReplay(found.epoch)
    for stored in every_event(tx._connection, tenant):
        for what in replay.take(stored.event):
            yield f"{tenant}, event {stored.position}, {_named(stored.event.route)}", what
    now, met = tx.now(), set[RouteKey]()
    for keys in _keys(tx, tenant):
        for key, route in tx.routes_by_key(keys).items():
            met.add(key)
            found.routes += 1
            for what in (*replay.compare(route), *disputes(tx, route, now, found.judged)):
                yield f"{tenant}, {_named(key)}", what
    for key in sorted(replay.routes.keys() - met):
        yield f"{tenant}, {_named(key)}", "it has events and is not there"


def _keys(tx: ReadTransaction, tenant: str) -> Iterator[Sequence[RouteKey]]:
    query = select(ROUTE.c.technician, ROUTE.c.day, ROUTE.c.shift).where(ROUTE.c.tenant == tenant)
    rows = tx._connection.execute(query.order_by(*ROUTE.primary_key))
    for part in rows.partitions(PAGE):
        yield [
            RouteKey(tenant, technician, date.fromisoformat(day), shift)
            for technician, day, shift in part
        ]


def _named(key: RouteKey | None) -> str:
    if key is None:
        return "no route"
    shift = f", shift {key.shift}" if key.shift else ""
    return f"route of {key.technician} on {key.day}{shift}"


_CHECKS = (("audit chain", _chain), ("events", _events), ("routes", _routes))
