"""A client's sites and interventions, as staff sees them on his record; and one to try things with.

The record opens without the engine, too: then these answers are None, and the page says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from slotsvc.pb.v1 import visit_service_pb2 as visit_messages
from slotsvc.portal.company.clients import Client
from slotsvc.portal.company.units import Unit
from slotsvc.portal.languages import pick
from slotsvc.portal.parts import Portal
from slotsvc.portal.service.answers import Visit, VisitState
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import ACTIVITY_TYPES

TEST_LABEL = "portal-test"
_AWAY = {ErrorKind.UNAVAILABLE, ErrorKind.REFUSED, ErrorKind.BROKEN}


@dataclass(frozen=True, slots=True)
class ClientSite:
    """A site of a client. ``name``: its resource name."""

    name: str
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Intervention:
    """A visit with the words of its site and activity type."""

    visit: Visit
    site: str
    activity: str


@dataclass(frozen=True, slots=True)
class TestChoice:
    """What a test intervention may be. ``activities``: (resource name, title), those shown."""

    sites: list[ClientSite]
    activities: list[tuple[str, str]]


async def sites_of_client(portal: Portal, client: Client) -> list[ClientSite] | None:
    """The client's sites in the engine, by name; None: the engine does not answer."""
    try:
        found = await portal.service.catalogue.sites_of(client.ref)
    except ServiceError as error:
        _check_away(error)
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
    found = [
        Intervention(
            visit,
            sites[visit.site].display_name if visit.site in sites else "",
            titles.get(visit.activity_type) or visit.activity_type.rpartition("/")[2],
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

    def work(connection: Connection) -> None:
        subject = f"clients/{client.id}"
        record(
            connection, now, actor, "TEST_CREATED",
            business_unit=unit.id, subject=subject, data=data,
        )  # fmt: skip

    await portal.database.write(work)


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
