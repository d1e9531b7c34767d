"""A client's sites and interventions, as staff sees them on his record; and one to try things with.

The record opens without the engine, too: then these answers are None, and the page says so.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from slotsvc.pb.v1 import visit_service_pb2 as visit_messages
from slotsvc.portal.company.clients import Client
from slotsvc.portal.company.units import Unit
from slotsvc.portal.languages import pick
from slotsvc.portal.parts import Portal
from slotsvc.portal.service.answers import Visit, VisitState
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.tables.audit import details, record
from slotsvc.portal.tables.schema import ACTIVITY_TYPES, AUDIT

TEST_LABEL = "portal-test"
TEST_CAUSE = "Test intervention, cancelled on the company's pages"
_TAKEN_BACK_FROM = {VisitState.UNPLACED, VisitState.HELD, VisitState.BOOKED}
_AWAY = {ErrorKind.UNAVAILABLE, ErrorKind.REFUSED, ErrorKind.BROKEN}


@dataclass(frozen=True, slots=True)
class ClientSite:
    """A site of a client. ``name``: its resource name."""

    name: str
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Intervention:
    """A visit with the words of its site and activity type. ``test``: made on the record to try
    things with, and still to be taken back. ``cause``: why its client cancelled it in the portal,
    "" where he did not or gave no reason."""

    visit: Visit
    site: str
    activity: str
    test: bool = False
    cause: str = ""


@dataclass(frozen=True, slots=True)
class TestChoice:
    """What a test intervention may be. ``activities``: (resource name, title), those shown."""

    sites: list[ClientSite]
    activities: list[tuple[str, str]]


async def sites_of_client(portal: Portal, client: Client) -> list[ClientSite] | None:
    """The client's sites in the engine, by name; None: the engine does not answer."""
    found = await none_while_away(portal.service.catalogue.sites_of(client.ref))
    if found is None:
        return None
    return [
        ClientSite(site.name, site.display_name or site.name.rpartition("/")[2], site.address)
        for site in found
    ]


async def interventions_of(
    portal: Portal, client: Client, locale: str
) -> list[Intervention] | None:
    """All of the client's visits, the open ones first, then newest first; None: no answer."""
    try:
        visits = await portal.service.for_client(client.ref).all_visits()
        sites = await portal.service.catalogue.sites()
    except ServiceError as error:
        _check_away(error)
        return None
    titles = dict(await portal.database.read(lambda tx: _titles(tx, client.business_unit, locale)))
    tests = await portal.database.read(lambda tx: _tests(tx, client))
    subjects = [f"visits/{visit.id}" for visit in visits if visit.state is VisitState.CANCELLED]
    cancelled = await portal.database.read(lambda tx: details(tx, "VISIT_CANCELLED", subjects))
    found = [
        Intervention(
            visit,
            sites[visit.site].display_name if visit.site in sites else "",
            titles.get(visit.activity_type) or visit.activity_type.rpartition("/")[2],
            visit.state in _TAKEN_BACK_FROM and visit.name.rpartition("/")[2] in tests,
            cancelled.get(f"visits/{visit.id}", {}).get("cause", ""),
        )
        for visit in visits
        if visit.state is not VisitState.RELEASED
    ]
    return sorted(found, key=_newest_first)


async def choice(portal: Portal, client: Client, locale: str) -> TestChoice:
    """Sites and shown activity types to try things with; empty lists where there are none."""
    sites = await sites_of_client(portal, client)
    titles = await portal.database.read(lambda tx: _titles(tx, client.business_unit, locale))
    return TestChoice(sites or [], titles)


async def create_test(
    portal: Portal,
    client: Client,
    unit: Unit,
    site: str,
    activity: str,
    request_id: str,
    actor: str,
) -> None:
    """The seeds' "Probar la experiencia": an unplaced visit that the client finds in his portal.

    ``request_id``: of the form; sent twice, it makes one visit. Raises ``ServiceError``.
    """
    visit = visit_messages.Visit(
        site=site, activity_type=activity, team=unit.team, client=client.ref
    )
    visit.labels[TEST_LABEL] = "true"
    made = await portal.service.planner.create_visit(visit, request_id)
    now = portal.clock()
    data = {"visit": made.name.rpartition("/")[2]}
    await portal.database.write(lambda tx: _tell(tx, client, "TEST_CREATED", actor, now, data))


async def cancel_test(portal: Portal, client: Client, visit: str, actor: str) -> bool:
    """Takes a test intervention back; False: it is over already. ``visit``: its last segment. Real
    interventions are never touched. Raises ``LookupError`` (no test of this client) and
    ``ServiceError``."""
    planner, name = portal.service.planner, f"{portal.options.tenant}/visits/{visit}"
    found = await planner.visit(name)
    if found.client != client.ref or TEST_LABEL not in found.labels:
        raise LookupError(visit)
    try:
        await planner.cancel_visit(found.name, f"cancel-test-{visit}", TEST_CAUSE)
    except ServiceError as error:
        if error.kind is not ErrorKind.WRONG_STATE:
            raise
        return False
    now, data = portal.clock(), {"visit": visit}
    await portal.database.write(lambda tx: _tell(tx, client, "TEST_CANCELLED", actor, now, data))
    return True


def _tell(
    connection: Connection, client: Client, what: str, actor: str, now: datetime, data: Any
) -> None:
    bu, subject = client.business_unit, f"clients/{client.id}"
    record(connection, now, actor, what, business_unit=bu, subject=subject, data=data)


def _tests(connection: Connection, client: Client) -> set[str]:
    """Ids of the tests that were made on the record."""
    query = select(AUDIT.c.data).where(
        AUDIT.c.what == "TEST_CREATED", AUDIT.c.subject == f"clients/{client.id}"
    )
    return {str(data.get("visit", "")) for data in connection.execute(query).scalars()}


async def none_while_away[T](asked: Awaitable[T]) -> T | None:
    """What the engine answers; None: it does not."""
    try:
        return await asked
    except ServiceError as error:
        _check_away(error)
        return None


def _check_away(error: ServiceError) -> None:
    """The record is shown without it; anything unexpected is not hidden."""
    if error.kind not in _AWAY:
        raise error


def _titles(connection: Connection, bu: str, locale: str) -> list[tuple[str, str]]:
    query = (
        select(ACTIVITY_TYPES)
        .where(ACTIVITY_TYPES.c.business_unit == bu, ACTIVITY_TYPES.c.shown.is_(True))
        .order_by(ACTIVITY_TYPES.c.position, ACTIVITY_TYPES.c.name)
    )
    return [
        (row.name, pick(row.title, locale, "")[0] or row.name.rpartition("/")[2])
        for row in connection.execute(query)
    ]


def _newest_first(each: Intervention) -> tuple[bool, float]:
    over = each.visit.state in (VisitState.DONE, VisitState.CANCELLED)
    at = each.visit.window.start if each.visit.window else each.visit.created
    return over, -at.timestamp()
