"""Routes with a policy each: a page that does not say who may see it cannot be registered.

``Pages`` wraps FastAPI's router. Every path operation names its ``Access``; the guard that enforces
it runs before the page does, and leaves ``request.state.visitor`` and ``request.state.bu`` behind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends
from starlette.responses import Response

from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.guard import guard
from slotsvc.portal.web.policy import POLICY_KEY, Access, Policy

type Page = Callable[..., Awaitable[Response]]
type Register = Callable[[Page], Page]


class Pages:
    """A group of routes, each behind the guard."""

    def __init__(self) -> None:
        self.router = APIRouter(include_in_schema=False)

    def get(self, path: str, *, access: Access, roles: set[StaffRole] | None = None) -> Register:
        """Registers a page that only reads. It answers HEAD too."""
        return self._route(path, ["GET", "HEAD"], access, roles)

    def post(self, path: str, *, access: Access, roles: set[StaffRole] | None = None) -> Register:
        """Registers what a form does. Its CSRF token was checked before it runs."""
        return self._route(path, ["POST"], access, roles)

    def _route(
        self, path: str, methods: list[str], access: Access, roles: set[StaffRole] | None
    ) -> Register:
        if (access is Access.STAFF) != bool(roles):
            raise ValueError(f"{path}: roles belong to STAFF routes, and to all of them")
        policy = Policy(access, frozenset(roles or ()))

        def register(page: Page) -> Page:
            self.router.add_api_route(
                path,
                page,
                methods=methods,
                response_model=None,
                dependencies=[Depends(guard(policy))],
                openapi_extra={POLICY_KEY: policy},
            )
            return page

        return register
