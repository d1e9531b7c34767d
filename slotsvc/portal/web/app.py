"""The portal as one ASGI application: every route with a policy, behind the gate."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import structlog
from fastapi import FastAPI

from slotsvc.portal.parts import Portal
from slotsvc.portal.web.assets import Assets
from slotsvc.portal.web.error_pages import handle_errors
from slotsvc.portal.web.gate import Gate
from slotsvc.portal.web.hosts import known_hosts
from slotsvc.portal.web.jinja import Templates
from slotsvc.portal.web.pages import Pages

_log = structlog.get_logger(__name__)

# TODO(web-core): plain imports once every module is there
_NAMES = (
    "start",
    "files",
    "language",
    "company_login",
    "company_start",
    "company_units",
    "company_bulk",
    "company_clients",
    "company_contacts",
    "company_links",
    "company_view",
    "company_staff",
    "company_audit",
    "company_day",
    "login",
    "links",
    "password",
    "proof",
    "account",
    "account_changes",
    "home",
    "visits",
    "slots",
    "holds",
    "new_visit",
)


def _found() -> list[Pages]:
    found = []
    for name in _NAMES:
        try:
            found.append(import_module(f"slotsvc.portal.web.routes.{name}").pages)
        except (ImportError, AttributeError) as error:
            _log.warning("routes are not there yet", routes=name, error=str(error))
    return found


ROUTES: tuple[Pages, ...] = tuple(_found())
"""All pages; the company's before those of business units, whose paths begin with any word."""


def application(portal: Portal, bound: str, routes: Sequence[Pages] = ROUTES) -> Gate:
    """The portal's application. ``bound``: host:port it is listening on."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.portal = portal
    app.state.assets = assets = Assets()
    app.state.templates = Templates(assets.url)
    app.state.own_origin = portal.public_url
    for pages in routes:
        app.include_router(pages.router)
    handle_errors(app)
    https = portal.public_url.startswith("https://")
    return Gate(app, known_hosts(portal.public_url, bound), https=https)
