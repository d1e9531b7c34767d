"""My interventions: the list, one of them with its history, its calendar entry, cancelling it."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.booking.actions import ActionKind
from slotsvc.portal.booking.cancelling import MOST_CAUSE, cancel
from slotsvc.portal.booking.cards import Card, Status
from slotsvc.portal.booking.desk import Desk, not_found
from slotsvc.portal.booking.history import history
from slotsvc.portal.booking.holding import held_now
from slotsvc.portal.booking.ics import MEDIA_TYPE, calendar_entry, method_of
from slotsvc.portal.booking.my_visits import Filters, MyVisits, my_visits
from slotsvc.portal.booking.reviewing import NotOpenError
from slotsvc.portal.booking.telling import entry_of
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.web.booking_pages import desk_of, opened, stopped, text_of
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import fragment, render, see_other
from slotsvc.portal.web.request import bu_of, is_fragment, locale_of

pages = Pages()
_LIVE = frozenset({Status.ON_THE_WAY, Status.IN_PROGRESS})
_MOST_WORDS = 100


@pages.get("/{bu}/visits", access=Access.CLIENT)
async def visits(request: Request) -> Response:
    """All of them, searched and filtered."""
    desk, filters = await desk_of(request), _filters(request)
    found = await my_visits(desk, filters)
    before, after = _neighbours(request, found)
    return render(
        request,
        "visits/list.html",
        found=found,
        filters=filters,
        filtered=bool(filters.words or filters.status or filters.site),
        statuses=list(Status),
        before=before,
        after=after,
    )


@pages.get("/{bu}/visits/{visit}", access=Access.CLIENT)
async def visit(request: Request, visit: str) -> Response:
    """One of them; while somebody is on the way or at work it renews itself."""
    desk = await desk_of(request)
    card = await desk.card(await desk.visit(visit))
    values: dict[str, Any] = {
        "card": card,
        "events": history(card.visit),
        "live": card.status in _LIVE,
        "may": {kind.value: desk.may(kind, card.visit) for kind in ActionKind},
        "hold": await _hold(desk, card),
    }
    if is_fragment(request):
        return fragment(request, "visits/live.html", **values)
    return render(request, "visits/visit.html", **values)


@pages.get("/{bu}/visits/{visit}/calendar.ics", access=Access.CLIENT)
async def calendar(request: Request, visit: str) -> Response:
    """The appointment for the client's own calendar."""
    desk = await desk_of(request)
    card = await desk.card(await desk.visit(visit))
    content = calendar_entry(card.visit, entry_of(desk, card, locale_of(request)))
    if content is None:
        raise not_found()
    return Response(
        content,
        media_type=MEDIA_TYPE.format(method=method_of(card.visit)),
        headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
    )


@pages.get("/{bu}/visits/{visit}/cancel", access=Access.CLIENT)
async def ask_to_cancel(request: Request, visit: str) -> Response:
    """The question, before it is done."""
    desk = await desk_of(request)
    card = await desk.card(await desk.visit(visit))
    refusal = opened(request, desk.may(ActionKind.CANCEL, card.visit), card.visit)
    return refusal or _cancel_page(request, desk, card)


@pages.post("/{bu}/visits/{visit}/cancel", access=Access.CLIENT)
async def do_cancel(request: Request, visit: str) -> Response:
    """It is cancelled, and the contact gets a letter."""
    desk, form = await desk_of(request), await request.form()
    cause = text_of(form, "cause")
    try:
        await cancel(
            desk,
            visit,
            request_id=text_of(form, "form")[:64] or uuid.uuid4().hex,
            cause=cause,
            etag=text_of(form, "etag")[:200],
        )
    except NotOpenError as error:
        return stopped(request, error.verdict, error.visit)
    except ServiceError as error:
        if error.kind not in (ErrorKind.CHANGED, ErrorKind.REPEATED):
            raise
        card = await desk.card(await desk.visit(visit))
        return _cancel_page(request, desk, card, cause=cause, changed=True, status=409)
    return see_other(f"/{bu_of(request).id}/visits/{visit}", "CANCELLED")


def _cancel_page(
    request: Request,
    desk: Desk,
    card: Card,
    *,
    cause: str = "",
    changed: bool = False,
    status: int = 200,
) -> Response:
    return render(
        request,
        "visits/cancel.html",
        status=status,
        card=card,
        cause=cause,
        changed=changed,
        move=desk.may(ActionKind.RESCHEDULE, card.visit).worth_showing,
        form_id=uuid.uuid4().hex,
        most_cause=MOST_CAUSE,
    )


async def _hold(desk: Desk, card: Card) -> object:
    """The live hold on the visit that its client may go on with; None: none."""
    if not card.visit.hold:
        return None
    held = await held_now(desk)
    return next((hold for hold in held if hold.name == card.visit.hold), None)


def _filters(request: Request) -> Filters:
    asked = request.query_params
    status, page = asked.get("status"), asked.get("page", "1")
    return Filters(
        words=asked.get("q", "").strip()[:_MOST_WORDS],
        status=Status(status) if status in set(Status) else None,
        site=asked.get("site") or None,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def _neighbours(request: Request, found: MyVisits) -> tuple[str | None, str | None]:
    told = {name: text for name, text in request.query_params.items() if name != "page" and text}

    def address(page: int) -> str | None:
        return "?" + urlencode(told | {"page": page}) if 1 <= page <= found.pages else None

    return address(found.page - 1), address(found.page + 1)
