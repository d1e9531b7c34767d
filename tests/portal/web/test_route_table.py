"""Default deny, as the route table shows it."""

from __future__ import annotations

from starlette.routing import Match

from slotsvc.portal.web.policy import Access, policy_of
from tests.portal.web.route_table import all_routes, known_routes

RESERVED = {"company", "static", "logos", "link", "language", "healthz"}


def test_every_route_has_a_policy() -> None:
    """A page that does not say who may see it is not served (S17)."""
    assert [route.path for route in all_routes() if policy_of(route) is None] == []


def test_every_route_is_known_once() -> None:
    """No route hides another: two of one method and path, or one shadowed by a wider one."""
    seen = [str(known) for known in known_routes()]
    hidden = []
    routes = list(all_routes())
    for number, route in enumerate(routes):
        for method in route.methods:
            scope = {"type": "http", "method": method, "path": _example(route.path)}
            first = next(other for other in routes if other.matches(scope)[0] is Match.FULL)
            if routes.index(first) != number:
                hidden.append(f"{method} {route.path} is taken by {first.path}")

    assert sorted(seen) == sorted(set(seen))
    assert hidden == []


def test_company_pages_need_staff() -> None:
    """Below /company only the ways in are open."""
    public = {
        known.path
        for known in known_routes()
        if known.of_company and known.policy.access is not Access.STAFF
    }

    assert public == {"/company", "/company/login", "/company/first/{token}"}


def test_client_pages_are_below_their_unit() -> None:
    """What a client sees says whose portal it is, and the first word is never one of ours."""
    for known in known_routes():
        if known.policy.access in (Access.CLIENT, Access.PROVEN):
            assert known.path.startswith("/{bu}/"), known
        elif known.policy.access is Access.STAFF:
            assert known.path.startswith("/company/"), known
    first_words = {known.path.split("/")[1] for known in known_routes()}
    assert first_words - {"{bu}", "", "sw.js"} <= RESERVED


def _example(path: str) -> str:
    return path.replace("{", "").replace("}", "")
