"""Letters about appointments: to the contact who acts, in his language, with the calendar entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import Connection, select

from slotsvc.portal.booking.cards import Card
from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.ics import Entry, calendar_entry
from slotsvc.portal.formats import spoken_number
from slotsvc.portal.languages import pick, words
from slotsvc.portal.messages import appointment_texts
from slotsvc.portal.messages.appointment_texts import Appointment
from slotsvc.portal.messages.credits import SmsRefusedError
from slotsvc.portal.messages.letters import Channel, Letter, LetterError
from slotsvc.portal.messages.outbox import Outbox
from slotsvc.portal.messages.reader import Reader
from slotsvc.portal.service.answers import Visit, VisitState
from slotsvc.portal.tables.schema import CONTACTS

_log = structlog.get_logger(__name__)

type Write = Callable[[Reader, Appointment, bytes | None, datetime], Letter]


class Told(StrEnum):
    """What a letter is about."""

    BOOKED = "BOOKED"
    RESCHEDULED = "RESCHEDULED"
    CANCELLED = "CANCELLED"


_TEXTS: dict[Told, Write] = {
    Told.BOOKED: appointment_texts.booked,
    Told.RESCHEDULED: appointment_texts.rescheduled,
    Told.CANCELLED: appointment_texts.cancelled,
}


@dataclass(frozen=True, slots=True)
class AppointmentLetter:
    """A letter to be. ``letter`` None: there is nobody to write to, or nothing to say."""

    outbox: Outbox
    letter: Letter | None

    def put(self, connection: Connection) -> None:
        """Writes it in the running transaction. An appointment stands without its letter, too."""
        if self.letter is None:
            return
        try:
            self.outbox.put(connection, self.letter)
        except (SmsRefusedError, LetterError) as error:
            _log.info("letter not written", kind=self.letter.kind, error=type(error).__name__)


async def tell(desk: Desk, visit: Visit, told: Told) -> AppointmentLetter:
    """The letter about what became of ``visit``."""
    reader = await desk.portal.database.read(lambda tx: _reader(tx, desk))
    window = visit.window
    if reader is None or window is None:
        return AppointmentLetter(desk.portal.outbox, None)
    card = await desk.card(visit)
    appointment = Appointment(
        what=title_in(card, desk, reader.locale),
        start=window.start,
        end=window.end,
        where=" · ".join(filter(None, (card.place, card.address))),
        link=link_to(desk, visit),
    )
    calendar = calendar_entry(visit, entry_of(desk, card, reader.locale))
    letter = _TEXTS[told](reader, appointment, calendar, desk.now)
    return AppointmentLetter(desk.portal.outbox, letter)


def entry_of(desk: Desk, card: Card, locale: str) -> Entry:
    """What the calendar entry of a visit says in ``locale``."""
    bu, link = desk.visitor.bu, link_to(desk, card.visit)
    _ = words(locale).gettext
    lines = [
        _state_in(card.visit, locale),
        " · ".join(filter(None, (bu.company_name, spoken_number(bu.phone), bu.email))),
        link,
    ]
    return Entry(
        summary=f"{title_in(card, desk, locale)} – {bu.company_name}",
        description="\n".join(filter(None, lines)),
        location=", ".join(filter(None, (card.place, card.address))),
        link=link,
        zone=bu.time_zone,
    )


def _state_in(visit: Visit, locale: str) -> str:
    """What to expect of an appointment in this state; "" where it is over."""
    _ = words(locale).gettext
    if visit.state is VisitState.CANCELLED:
        return _("This appointment is cancelled; nobody will come.")
    if visit.unkept:
        return _("We have to find a new time with you")
    if visit.state is VisitState.DONE:
        return ""
    return _("We come within this time. Please make sure somebody is at home.")


def title_in(card: Card, desk: Desk, locale: str) -> str:
    """The title in this language, else in the business unit's first one."""
    return pick(card.title, locale, desk.visitor.bu.locales[0])[0]


def link_to(desk: Desk, visit: Visit) -> str:
    """The page of a visit."""
    return f"{desk.portal.public_url}/{desk.visitor.bu.id}/visits/{visit.id}"


def _reader(connection: Connection, desk: Desk) -> Reader | None:
    """The contact: by e-mail where there is an address, else by SMS where that is switched on."""
    visitor = desk.visitor
    columns = (CONTACTS.c.email, CONTACTS.c.phone, CONTACTS.c.locale)
    row = connection.execute(select(*columns).where(CONTACTS.c.id == visitor.contact)).one_or_none()
    if row is None:
        return None
    wishes = (row.locale, desk.locale, *visitor.bu.locales)
    locale = next(wish for wish in wishes if wish in visitor.bu.locales)
    if row.email:
        return Reader(visitor.bu, Channel.MAIL, row.email, locale, visitor.name)
    if row.phone and visitor.bu.sms_connection and desk.portal.outbox.takes_sms:
        return Reader(visitor.bu, Channel.SMS, row.phone, locale, visitor.name)
    return None
