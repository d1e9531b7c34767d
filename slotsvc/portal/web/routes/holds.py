"""A chosen time, kept for some minutes: confirm it, take more time, or choose another."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.booking.choosing import new_search, search_for
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.holding import SameTimeError, give_back, held_now
from slotsvc.portal.booking.kept_holds import KeptHold
from slotsvc.portal.booking.reviewing import (
    NotOpenError,
    Review,
    Standing,
    confirm,
    extend,
    instead,
    review,
)
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.web.booking_pages import desk_of, stopped
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import bu_of
from slotsvc.portal.web.slot_pages import Subject, equivalents_of

pages = Pages()
_GONE = 410


@pages.get("/{bu}/holds/{hold}", access=Access.CLIENT)
async def held(request: Request, hold: str) -> Response:
    """The chosen time with what is left of it; afterwards, what became of it."""
    desk = await desk_of(request)
    return await _page(request, desk, await review(desk, hold))


@pages.post("/{bu}/holds/{hold}/confirm", access=Access.CLIENT)
async def do_confirm(request: Request, hold: str) -> Response:
    """It is the appointment now, and the contact gets a letter."""
    desk = await desk_of(request)
    try:
        done = await confirm(desk, hold)
    except NotOpenError as error:
        return stopped(request, error.verdict, error.visit)
    except SameTimeError:
        found = await review(desk, hold)
        return see_other(f"/{bu_of(request).id}/visits/{found.visit.id}", "SAME_TIME")
    except ServiceError as error:
        return await _after(request, desk, hold, error)
    moved = done.hold.kind is ActionKind.RESCHEDULE
    path = f"/{bu_of(request).id}/visits/{done.visit.id}"
    return see_other(path, "MOVED" if moved else "BOOKED")


@pages.post("/{bu}/holds/{hold}/extend", access=Access.CLIENT)
async def do_extend(request: Request, hold: str) -> Response:
    """Five more minutes, once."""
    desk = await desk_of(request)
    page = f"/{bu_of(request).id}/holds/{hold}"
    try:
        await extend(desk, hold)
    except ServiceError as error:
        if error.kind is ErrorKind.LIMIT:
            return see_other(page, "NO_MORE_TIME")
        return await _after(request, desk, hold, error)
    return see_other(page, "MORE_TIME")


@pages.post("/{bu}/holds/{hold}/release", access=Access.CLIENT)
async def do_release(request: Request, hold: str) -> Response:
    """Gives it back, and on to the other times."""
    desk = await desk_of(request)
    found = await review(desk, hold)
    if found.standing is not Standing.CONFIRMED:
        try:
            await give_back(desk, found.hold.name)
        except ServiceError as error:
            return await _after(request, desk, hold, error)
        return see_other(_slots_path(desk, found.hold))
    return see_other(f"/{bu_of(request).id}/visits/{found.visit.id}")


async def _after(request: Request, desk: Desk, hold: str, error: ServiceError) -> Response:
    """The hold is not what the page said: shows it as it is."""
    if error.kind not in (ErrorKind.EXPIRED, ErrorKind.WRONG_STATE, ErrorKind.GONE):
        raise error
    found = await review(desk, hold)
    if found.standing is Standing.LIVE:  # the portal's clock is behind the engine's
        found = Review(found.hold, found.visit, Standing.LAPSED)
    return await _page(request, desk, found)


async def _page(request: Request, desk: Desk, found: Review) -> Response:
    hold, visit = found.hold, found.visit
    if found.standing is Standing.CONFIRMED:
        return see_other(f"/{bu_of(request).id}/visits/{visit.id}")
    subject = await _subject(desk, found)
    if found.standing is Standing.LIVE:
        return render(request, "holds/hold.html", hold=hold, visit=visit, subject=subject)
    others = [other for other in await held_now(desk) if other.visit == hold.visit]
    slots = () if others else await instead(desk, hold)
    values: dict[str, Any] = equivalents_of(subject, slots) | {
        "hold": hold,
        "given_back": found.standing is Standing.GIVEN_BACK,
        "other": others[0] if others else None,
    }
    return render(request, "holds/lapsed.html", status=_GONE, **values)


async def _subject(desk: Desk, found: Review) -> Subject:
    hold, home = found.hold, f"/{desk.visitor.bu.id}"
    card = await desk.card(found.visit)
    if hold.kind is not ActionKind.NEW_VISIT:
        search, back = search_for(desk, found.visit), f"{home}/visits/{found.visit.id}"
        hold_path, fields = f"{back}/hold", dict[str, str]()
    else:
        search, back = new_search(desk, hold.site, hold.activity_type), f"{home}/new"
        hold_path, fields = f"{home}/new/hold", new_fields(hold)
    return Subject(
        search=search,
        activity_type=hold.activity_type,
        title=card.title,
        place=card.place,
        path=_slots_path(desk, hold),
        hold_path=hold_path,
        back=back,
        visit=None if hold.kind is ActionKind.NEW_VISIT else found.visit,
        fields=fields,
    )


def new_fields(hold: KeptHold) -> dict[str, str]:
    """Kind and place of a new visit, as its form sends them."""
    return {"type": _last(hold.activity_type), "site": _last(hold.site)}


def _slots_path(desk: Desk, hold: KeptHold) -> str:
    """The page of offers that the hold came from, with its wishes."""
    home = f"/{desk.visitor.bu.id}"
    if hold.kind is ActionKind.NEW_VISIT:
        told = [f"{name}={value}" for name, value in new_fields(hold).items()]
        return f"{home}/new/slots?" + "&".join([*told, *filter(None, [hold.wishes])])
    return f"{home}/visits/{_last(hold.visit)}/slots" + (f"?{hold.wishes}" if hold.wishes else "")


def _last(name: str) -> str:
    return name.rpartition("/")[2]
