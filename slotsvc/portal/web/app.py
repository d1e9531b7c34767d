"""The portal as one ASGI application: every route with a policy, behind the gate."""

from __future__ import annotations

from importlib import import_module, util

from fastapi import FastAPI

from slotsvc.portal.parts import Portal
from slotsvc.portal.web.error_pages import handle_errors
from slotsvc.portal.web.gate import Gate
from slotsvc.portal.web.hosts import known_hosts
from slotsvc.portal.web.jinja import Templates
from slotsvc.portal.web.pages import Pages

# TODO(web-core): plain imports once every module is there
_NAMES = (
    "start",
    "files",
    "language",
    "company_login",
    "company_start",
    "company_units",
    "company_clients",
    "company_contacts",
    "company_links",
    "company_view",
    "company_day",
    "login",
    "links",
    "password",
    "proof",
    "account",
    "home",
    "visits",
    "slots",
    "holds",
    "new_visit",
)


def _there(name: str) -> bool:
    return util.find_spec(f"slotsvc.portal.web.routes.{name}") is not None


ROUTES: tuple[Pages, ...] = tuple(
    import_module(f"slotsvc.portal.web.routes.{name}").pages for name in _NAMES if _there(name)
)
"""All pages; the company's before those of business units, whose paths begin with any word."""


def application(portal: Portal, bound: str) -> Gate:
    """The portal's application. ``bound``: host:port it is listening on."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.portal = portal
    app.state.templates = Templates(_asset)
    app.state.own_origin = portal.public_url
    for pages in ROUTES:
        app.include_router(pages.router)
    handle_errors(app)
    https = portal.public_url.startswith("https://")
    return Gate(app, known_hosts(portal.public_url, bound), https=https)
