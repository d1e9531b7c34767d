"""Pages from templates, and what else a page answers with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from slotsvc.portal.languages import LOCALES, NAMES
from slotsvc.portal.secrets import hashed, new_token
from slotsvc.portal.web.cookies import FORM, set_cookie
from slotsvc.portal.web.csrf import csrf_token
from slotsvc.portal.web.jinja import Templates
from slotsvc.portal.web.notices import notice_of
from slotsvc.portal.web.request import (
    bu_or_none,
    locale_of,
    own_path,
    portal_of,
    visitor_of,
    words_of,
)

_SEE_OTHER = 303
_COMPANY_ZONE = "UTC"


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page of ``template`` (below ``web/templates``) with ``values``.

    Templates also have: request, _, ngettext, locale, locales (pairs of code and own name), zone,
    now, csrf_token, asset, visitor, bu, notice, path.
    """
    form_cookie = _form_cookie(request)
    templates: Templates = request.app.state.templates
    text = templates.text(template, _context(request, form_cookie) | values)
    response = HTMLResponse(text, status_code=status, headers=dict(headers or {}))
    if form_cookie is not None and FORM not in request.cookies:
        set_cookie(response, FORM, form_cookie)
    return response


def fragment(request: Request, template: str, **values: Any) -> HTMLResponse:
    """A part of a page, for htmx; never kept apart from its page by a cache."""
    return render(request, template, headers={"Vary": "HX-Request"}, **values)


def see_other(url: str, notice: str | None = None) -> RedirectResponse:
    """After a form: the page to show now, and the word of a notice on it."""
    if notice:
        joint = "&" if urlsplit(url).query else "?"
        url = f"{url}{joint}{urlencode({'notice': notice})}"
    return RedirectResponse(url, status_code=_SEE_OTHER)


def _form_cookie(request: Request) -> str | None:
    """The random cookie that a signed-out browser's forms are bound to; None where signed in."""
    if visitor_of(request) is not None:
        return None
    return request.cookies.get(FORM) or new_token()


def _context(request: Request, form_cookie: str | None) -> dict[str, Any]:
    portal, unit, visitor = portal_of(request), bu_or_none(request), visitor_of(request)
    words = words_of(request)
    now: datetime = portal.clock()
    token = visitor.csrf_token if visitor else csrf_token(portal.secrets, hashed(form_cookie or ""))
    return {
        "request": request,
        "_": words.markup,
        "gettext": words.markup,
        "ngettext": words.plural_markup,
        "locale": locale_of(request),
        "locales": [(code, NAMES[code]) for code in (unit.locales if unit else LOCALES)],
        "zone": unit.time_zone if unit else _COMPANY_ZONE,
        "now": now,
        "csrf_token": token,
        "visitor": visitor,
        "bu": unit,
        "notice": notice_of(request.query_params.get("notice")),
        "path": own_path(request),
    }
