"""Short names on the command line, resource names on the wire.

A team is ``TENANT/TEAM``, or nothing where the service has only one; a site, a technician, an
activity type, a visit or a hold is its last part, or ``TENANT/ID``. Full resource names always
work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotsvc.cli.failure import CommandError, Exit

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service


def team_name(text: str) -> str:
    """``tenants/T/teams/M`` from itself or from ``T/M``."""
    if text.startswith("tenants/"):
        return text
    tenant, slash, team = text.partition("/")
    if not (tenant and slash and team) or "/" in team:
        raise CommandError(
            f"{text!r} does not name a team.",
            "USAGE",
            Exit.USAGE,
            "Write TENANT/TEAM or tenants/TENANT/teams/TEAM.",
        )
    return f"tenants/{tenant}/teams/{team}"


def full_name(text: str, collection: str, tenant: str) -> str:
    """``tenants/T/sites/S`` from itself, ``S`` or ``T/S``; ``tenant`` is ``tenants/T``."""
    if text.startswith("tenants/") or not text:
        return text
    owner, slash, last = text.partition("/")
    return f"tenants/{owner}/{collection}/{last}" if slash else f"{tenant}/{collection}/{text}"


def named_tenant(service: Service, text: str | None) -> str:
    """``tenants/T`` from itself or ``T``; the only tenant there is when nothing is said."""
    return f"tenants/{text.removeprefix('tenants/')}" if text else chosen_tenant(service)


def tenant_of(name: str) -> str:
    """``tenants/T`` of any resource name."""
    return "/".join(name.split("/")[:2])


def only_team(service: Service) -> str:
    """The one team there is. Fails with the list when there are several, or none."""
    teams = all_teams(service)
    if len(teams) == 1:
        return teams[0]
    if not teams:
        raise CommandError(
            "The service has no team yet.",
            "NO_TEAM",
            hint="Set one up: `slotsvc company import FILE`; or look at `slotsvc demo`.",
        )
    short = ", ".join(f"{name.split('/')[1]}/{name.split('/')[3]}" for name in teams)
    raise CommandError("Which team?", "USAGE", Exit.USAGE, f"Name one of: {short}.")


def all_teams(service: Service) -> list[str]:
    """Names of every team, by id, the first thousand tenants."""
    from slotsvc.pb.v1.calendar_service_pb2 import ListTeamsRequest, ListTenantsRequest

    tenants = service.ask(service.calendar.ListTenants, ListTenantsRequest(page_size=1000)).tenants
    found: list[str] = []
    for tenant in tenants:
        request = ListTeamsRequest(parent=tenant.name, page_size=1000)
        found += [team.name for team in service.ask(service.calendar.ListTeams, request).teams]
    return found


def chosen_team(service: Service, text: str | None) -> str:
    """The team named by ``text``; None: the only one there is."""
    return team_name(text) if text else only_team(service)


def chosen_tenant(service: Service, *names: str) -> str:
    """The tenant of the first full name; when all are short, the only tenant there is."""
    for name in names:
        if "/" in name:
            return tenant_of(full_name(name, "any", ""))
    from slotsvc.pb.v1.calendar_service_pb2 import ListTenantsRequest

    tenants = service.ask(service.calendar.ListTenants, ListTenantsRequest(page_size=2)).tenants
    if len(tenants) == 1:
        return tenants[0].name
    raise CommandError(
        "Which tenant?",
        "USAGE",
        Exit.USAGE,
        "Give --tenant where there is one, or the full name, such as tenants/T/visits/V. "
        "No company yet? `slotsvc company import FILE` makes one.",
    )
