"""Times to choose from, for a visit that waits for one or is to be moved."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.booking.choosing import search_for
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.holding import Choice
from slotsvc.portal.booking.wishes import Wishes
from slotsvc.portal.service.answers import Visit, VisitState
from slotsvc.portal.web.booking_pages import desk_of, opened
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.slot_pages import Subject, chosen, read_choice, slots_page

pages = Pages()


@pages.get("/{bu}/visits/{visit}/slots", access=Access.CLIENT)
async def slots(request: Request, visit: str) -> Response:
    """The best times, day by day."""
    desk = await desk_of(request)
    found = await desk.visit(visit)
    refusal = opened(request, desk.may(_kind(found), found), found)
    if refusal:
        return refusal
    wishes = Wishes.read(request.query_params)
    return await slots_page(request, desk, await _subject(desk, found), wishes)


@pages.post("/{bu}/visits/{visit}/hold", access=Access.CLIENT)
async def hold(request: Request, visit: str) -> Response:
    """Keeps the chosen time while its client looks at it once more."""
    desk = await desk_of(request)
    found = await desk.visit(visit)
    kind = _kind(found)
    refusal = opened(request, desk.may(kind, found), found)
    if refusal:
        return refusal
    told = await read_choice(request)
    choice = Choice(
        token=told.token,
        request_id=told.request_id,
        visit=found,
        site=found.site,
        activity_type=found.activity_type,
        kind=kind,
        wishes=told.wishes,
    )
    return await chosen(request, desk, await _subject(desk, found), choice, told.start)


def _kind(visit: Visit) -> ActionKind:
    """To place it, unless it has an appointment (or had one: then the state is the reason)."""
    waiting = visit.state in (VisitState.UNPLACED, VisitState.HELD)
    return ActionKind.BOOK if waiting else ActionKind.RESCHEDULE


async def _subject(desk: Desk, visit: Visit) -> Subject:
    card = await desk.card(visit)
    home = f"/{desk.visitor.bu.id}/visits/{visit.id}"
    return Subject(
        search=search_for(desk, visit),
        activity_type=visit.activity_type,
        title=card.title,
        place=card.place,
        path=f"{home}/slots",
        hold_path=f"{home}/hold",
        back=home,
        visit=visit,
    )
