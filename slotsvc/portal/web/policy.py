"""Who may use a route: declared on each, read by the guard and by the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from slotsvc.portal.visitor import StaffRole

POLICY_KEY = "x-slotsvc-policy"
READING = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""

COMPANY = "/company/"
"""Where the company's own pages begin."""


class Access(StrEnum):
    """Who may use a route."""

    PUBLIC = "PUBLIC"  # anybody: login, static files, health; tells nothing of any client
    CLIENT = "CLIENT"  # a contact with a session of any level, of the business unit in the path
    PROVEN = "PROVEN"  # the same, stepped up: else sent to prove himself first
    STAFF = "STAFF"  # one of the company's people, with a role that is named


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one route. ``roles``: for STAFF."""

    access: Access
    roles: frozenset[StaffRole] = field(default_factory=frozenset)


def policy_of(route: BaseRoute) -> Policy | None:
    """The policy of a registered route; None: it has none, and must not be served."""
    if not isinstance(route, APIRoute):
        return None
    found = (route.openapi_extra or {}).get(POLICY_KEY)
    return found if isinstance(found, Policy) else None
