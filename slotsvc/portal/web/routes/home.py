"""The first page of a business unit: its own words for everybody, the next steps for a client."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.my_home import my_home
from slotsvc.portal.visitor import ClientVisitor
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render
from slotsvc.portal.web.request import locale_of, portal_of, visitor_of

pages = Pages()


@pages.get("/{bu}/", access=Access.PUBLIC)
async def home(request: Request) -> Response:
    """Signed out: who we are, and the way in. Signed in: what is next."""
    visitor = visitor_of(request)
    if not isinstance(visitor, ClientVisitor):
        return render(request, "home/welcome.html")
    desk = await Desk.of(portal_of(request), visitor, locale_of(request))
    return render(request, "home/home.html", mine=await my_home(desk))
