"""Another language: a cookie of the browser, and back to the same page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.languages import LOCALES
from slotsvc.portal.web.cookies import LANGUAGE, set_cookie
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import see_other
from slotsvc.portal.web.request import next_of

pages = Pages()
_ONE_YEAR_S = 31_536_000


@pages.post("/language", access=Access.PUBLIC)
async def language(request: Request) -> Response:
    """``language``: one of the portal's; ``next``: where the visitor was."""
    form = await request.form()
    locale = str(form.get("language", ""))
    if locale not in LOCALES:
        raise ProblemError(Problem.BAD_REQUEST)
    response = see_other(next_of(form.get("next"), "/"))
    set_cookie(response, LANGUAGE, locale, max_age_s=_ONE_YEAR_S)
    return response
