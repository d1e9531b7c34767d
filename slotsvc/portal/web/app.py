"""The portal as one ASGI application: every route with a policy, behind the gate."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from slotsvc.portal.parts import Portal
from slotsvc.portal.web.assets import Assets
from slotsvc.portal.web.error_pages import handle_errors
from slotsvc.portal.web.gate import Gate
from slotsvc.portal.web.hosts import known_hosts, own_origins
from slotsvc.portal.web.jinja import Templates
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.routes import (
    account,
    account_changes,
    company_account,
    company_audit,
    company_bulk,
    company_clients,
    company_contacts,
    company_day,
    company_links,
    company_login,
    company_staff,
    company_start,
    company_tests,
    company_units,
    company_view,
    files,
    holds,
    home,
    language,
    links,
    login,
    new_visit,
    password,
    proof,
    slots,
    start,
    visits,
)

_MODULES = (
    start,
    files,
    language,
    company_login,
    company_start,
    company_units,
    company_bulk,
    company_clients,
    company_tests,
    company_contacts,
    company_links,
    company_view,
    company_staff,
    company_audit,
    company_account,
    company_day,
    login,
    links,
    password,
    proof,
    account,
    account_changes,
    home,
    visits,
    slots,
    holds,
    new_visit,
)

ROUTES: tuple[Pages, ...] = tuple(module.pages for module in _MODULES)
"""All pages; the company's before those of business units, whose paths begin with any word."""


def application(portal: Portal, bound: str, routes: Sequence[Pages] = ROUTES) -> Gate:
    """The portal's application. ``bound``: host:port it is listening on."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.portal = portal
    app.state.assets = assets = Assets()
    app.state.templates = Templates(assets.url)
    app.state.own_origins = own_origins(portal.public_url, bound)
    for pages in routes:
        app.include_router(pages.router)
    handle_errors(app)
    https = portal.public_url.startswith("https://")
    return Gate(app, known_hosts(portal.public_url, bound), https=https)
