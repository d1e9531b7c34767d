"""A new intervention: what, where, when."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.booking.choosing import new_search
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.holding import Choice
from slotsvc.portal.booking.new_visits import NewVisit, my_sites, new_kinds, new_visit
from slotsvc.portal.booking.wishes import Wishes
from slotsvc.portal.web.booking_pages import desk_of, send_to_proof, text_of
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render
from slotsvc.portal.web.slot_pages import Subject, chosen, read_choice, slots_page

pages = Pages()


@pages.get("/{bu}/new", access=Access.CLIENT)
async def new(request: Request) -> Response:
    """What is to be done, and where."""
    desk = await desk_of(request)
    return render(
        request,
        "new/new.html",
        kinds=await new_kinds(desk),
        sites=await my_sites(desk),
        chosen_type=request.query_params.get("type", ""),
        chosen_site=request.query_params.get("site", ""),
    )


@pages.get("/{bu}/new/slots", access=Access.CLIENT)
async def new_slots(request: Request) -> Response:
    """The best times for it, day by day."""
    desk, asked = await desk_of(request), request.query_params
    wanted = await new_visit(desk, asked.get("type", ""), asked.get("site", ""))
    if wanted.kind.proof_needed:
        send_to_proof(request)
    return await slots_page(request, desk, _subject(desk, wanted), Wishes.read(asked))


@pages.post("/{bu}/new/hold", access=Access.CLIENT)
async def new_hold(request: Request) -> Response:
    """Keeps the chosen time while its client looks at it once more."""
    desk, form = await desk_of(request), await request.form()
    wanted = await new_visit(desk, text_of(form, "type"), text_of(form, "site"))
    if wanted.kind.proof_needed:
        send_to_proof(request)
    told = await read_choice(request)
    choice = Choice(
        token=told.token,
        request_id=told.request_id,
        visit=None,
        site=wanted.site.name,
        activity_type=wanted.kind.shown.name,
        kind=ActionKind.NEW_VISIT,
        wishes=told.wishes,
        note=told.note,
    )
    return await chosen(request, desk, _subject(desk, wanted, told.note), choice, told.start)


def _subject(desk: Desk, wanted: NewVisit, note: str = "") -> Subject:
    home = f"/{desk.visitor.bu.id}/new"
    fields = {"type": wanted.kind.shown.id, "site": wanted.site.name.rpartition("/")[2]}
    return Subject(
        search=new_search(desk, wanted.site.name, wanted.kind.shown.name),
        activity_type=wanted.kind.shown.name,
        title=wanted.kind.title,
        place=wanted.site.display_name,
        path=f"{home}/slots?{urlencode(fields)}",
        hold_path=f"{home}/hold",
        back=f"{home}?{urlencode(fields)}",
        fields=fields,
        note=note,
    )
