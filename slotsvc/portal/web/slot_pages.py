"""Pages of offers: for stored visits and for new ones alike."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.booking.choosing import equivalents, offers
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.holding import (
    Choice,
    SameTimeError,
    TooManyHoldsError,
    choose,
    held_now,
    present_of,
)
from slotsvc.portal.booking.shown import Texts
from slotsvc.portal.booking.wishes import Wishes
from slotsvc.portal.service.answers import Slot, Visit, Window
from slotsvc.portal.service.client_calls import Search
from slotsvc.portal.service.errors import ErrorKind, ServiceError
from slotsvc.portal.web.booking_pages import not_held, text_of
from slotsvc.portal.web.render import fragment, render, see_other
from slotsvc.portal.web.request import bu_of, is_fragment

_CONFLICT = 409
_MOST_WISHES = 1000


class Lost(StrEnum):
    """Why a choice led back to a page of offers."""

    TOO_OLD = "TOO_OLD"  # the page was open for too long
    DAY_FULL = "DAY_FULL"  # too many others are choosing on that day


_STATUS = {None: 200, Lost.TOO_OLD: 410, Lost.DAY_FULL: _CONFLICT}


@dataclass(frozen=True, slots=True)
class Subject:
    """What times are chosen for. ``visit`` None: a new one.

    ``path``: the page of offers; ``hold_path``: where the choice goes; ``back``: the page before.
    ``fields``: hidden ones of the form. ``note``: what the client wrote, for new visits.
    """

    search: Search
    activity_type: str
    title: Texts
    place: str
    path: str
    hold_path: str
    back: str
    visit: Visit | None = None
    fields: dict[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def present(self) -> Window | None:
        """The window that is to be moved: no choice. None: there is none."""
        return present_of(self.visit)


@dataclass(frozen=True, slots=True)
class Read:
    """What the form of a page of offers said. ``start``: of the window, None where it did not
    say."""

    token: str = field(repr=False)
    start: datetime | None
    request_id: str
    wishes: str
    note: str


async def slots_page(
    request: Request, desk: Desk, subject: Subject, wishes: Wishes, *, lost: Lost | None = None
) -> Response:
    """The offers under these wishes. ``lost``: why they are shown instead of a choice."""
    try:
        found = await offers(desk, subject.search, subject.activity_type, wishes)
    except ServiceError as error:
        return await not_held(request, desk, error, subject.visit)
    values = _values(subject) | {
        "offers": found,
        "wishes": wishes,
        "more": _with(subject, wishes.having_seen(found.dates)) if found.more else None,
        "lost": lost,
    }
    if is_fragment(request) and wishes.seen:
        return fragment(request, "slots/more.html", **values)
    return render(request, "slots/slots.html", status=_STATUS[lost], **values)


async def read_choice(request: Request) -> Read:
    """The form of a page of offers. The same form and the same offer are the same request."""
    form = await request.form()
    told, page = text_of(form, "token"), text_of(form, "form") or uuid.uuid4().hex
    seconds, _, token = told.rpartition(":")
    request_id = hashlib.sha256(f"{page}\n{token}".encode()).hexdigest()[:40]
    return Read(
        token,
        _start(seconds),
        request_id,
        text_of(form, "wishes")[:_MOST_WISHES],
        text_of(form, "note"),
    )


async def chosen(
    request: Request, desk: Desk, subject: Subject, choice: Choice, start: datetime | None
) -> Response:
    """Holds the choice and shows it; or says what happened, with the nearest equivalents."""
    wishes = wishes_of(choice.wishes)
    try:
        hold = await choose(desk, choice, start)
    except SameTimeError:
        return see_other(subject.back, "SAME_TIME")
    except TooManyHoldsError as error:
        return await not_held(request, desk, error, subject.visit)
    except ServiceError as error:
        if error.kind is ErrorKind.GONE:
            slots = error.alternatives or await _near(desk, subject, start)
            return _gone(request, subject, slots)
        if error.kind in (ErrorKind.EXPIRED, ErrorKind.REPEATED):
            return await slots_page(request, desk, subject, wishes, lost=Lost.TOO_OLD)
        if error.kind is ErrorKind.LIMIT and start and not await held_now(desk):
            others = wishes.having_seen([start.astimezone(desk.zone).date()])
            return await slots_page(request, desk, subject, others, lost=Lost.DAY_FULL)
        return await not_held(request, desk, error, subject.visit)
    return see_other(f"/{bu_of(request).id}/holds/{hold.id}")


def wishes_of(query: str) -> Wishes:
    """The wishes that a form or a hold carried along; days seen are to be seen again."""
    told = [(name, value) for name, values in parse_qs(query).items() for value in values]
    return Wishes.read(ImmutableMultiDict(entry for entry in told if entry[0] != "seen"))


def equivalents_of(subject: Subject, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """What the template of equivalents needs."""
    return _values(subject) | {"slots": slots}


def _start(seconds: str) -> datetime | None:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


async def _near(desk: Desk, subject: Subject, start: datetime | None) -> tuple[Slot, ...]:
    """The engine had no equivalent at hand: the nearest of a search."""
    if start is None:
        return ()
    return await equivalents(desk, subject.search, Window(start, start))


def _gone(request: Request, subject: Subject, slots: tuple[Slot, ...]) -> Response:
    values = equivalents_of(subject, slots)
    return render(request, "slots/gone.html", status=_CONFLICT, **values)


def _values(subject: Subject) -> dict[str, Any]:
    return {"subject": subject, "form_id": uuid.uuid4().hex}


def _with(subject: Subject, wishes: Wishes) -> str:
    joint = "&" if "?" in subject.path else "?"
    return f"{subject.path}{joint}{wishes.as_query()}"
