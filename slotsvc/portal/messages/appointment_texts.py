"""What letters about appointments say: the window, never a planned start (DESIGN §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from slotsvc.portal.formats import local, spoken_window
from slotsvc.portal.messages.layout import Block, Button, Shown
from slotsvc.portal.messages.letters import Attachment, Channel, Letter
from slotsvc.portal.messages.reader import Reader, company_contact, mail, sms

_CALENDAR = "text/calendar; method={method}"


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as its client knows it. ``what``: the title of the work. The window is
    [start, end). ``where``: the site's name. ``link``: its page, which asks to come in."""

    what: str
    start: datetime
    end: datetime
    where: str
    link: str


def booked(
    reader: Reader, appointment: Appointment, calendar: bytes | None, now: datetime
) -> Letter:
    """It is booked. ``calendar``: the iCalendar entry; None: none goes along."""
    _ = reader.words.gettext
    when = _when(reader, appointment, now)
    if reader.channel is Channel.SMS:
        text = _(
            "%(company)s: %(what)s booked for %(when)s. %(link)s",
            company=reader.company,
            what=appointment.what,
            when=when,
            link=appointment.link,
        )
        return sms(reader, "BOOKED", text, appointment.end)
    subject = _("Booked: %(what)s, %(when)s", what=appointment.what, when=when)
    blocks = [_("Your appointment is booked."), *_details(reader, appointment, when)]
    return mail(reader, "BOOKED", subject, blocks, appointment.end, _calendar(calendar, "PUBLISH"))


def rescheduled(
    reader: Reader, appointment: Appointment, calendar: bytes | None, now: datetime
) -> Letter:
    """It has another window now: that of ``appointment``."""
    _ = reader.words.gettext
    when = _when(reader, appointment, now)
    if reader.channel is Channel.SMS:
        text = _(
            "%(company)s: %(what)s is now on %(when)s. %(link)s",
            company=reader.company,
            what=appointment.what,
            when=when,
            link=appointment.link,
        )
        return sms(reader, "RESCHEDULED", text, appointment.end)
    subject = _("New time: %(what)s, %(when)s", what=appointment.what, when=when)
    blocks = [_("Your appointment has a new time."), *_details(reader, appointment, when)]
    return mail(
        reader, "RESCHEDULED", subject, blocks, appointment.end, _calendar(calendar, "PUBLISH")
    )


def cancelled(
    reader: Reader, appointment: Appointment, calendar: bytes | None, now: datetime
) -> Letter:
    """It will not take place. ``calendar``: the entry with METHOD:CANCEL."""
    _ = reader.words.gettext
    when = _when(reader, appointment, now)
    if reader.channel is Channel.SMS:
        text = _(
            "%(company)s: %(what)s on %(when)s is cancelled.",
            company=reader.company,
            what=appointment.what,
            when=when,
        )
        return sms(reader, "CANCELLED", text, appointment.end)
    subject = _("Cancelled: %(what)s, %(when)s", what=appointment.what, when=when)
    blocks: list[Block] = [
        _("This appointment is cancelled; nobody will come:"),
        Shown(when),
        _place(appointment),
        _("If that is a mistake, please call us: %(contact)s", contact=company_contact(reader)),
    ]
    return mail(
        reader, "CANCELLED", subject, blocks, appointment.end, _calendar(calendar, "CANCEL")
    )


def _details(reader: Reader, appointment: Appointment, when: str) -> list[Block]:
    _ = reader.words.gettext
    return [
        Shown(when),
        _place(appointment),
        _("We come within this time. Please make sure somebody is at home."),
        Button(_("See, move or cancel the appointment"), appointment.link),
    ]


def _place(appointment: Appointment) -> str:
    return "\n".join(filter(None, (appointment.what, appointment.where)))


def _when(reader: Reader, appointment: Appointment, now: datetime) -> str:
    zone = reader.bu.time_zone
    long = reader.channel is Channel.MAIL
    this_year = local(now, zone).year
    return spoken_window(
        appointment.start, appointment.end, zone, reader.locale, this_year, long=long
    )


def _calendar(content: bytes | None, method: str) -> tuple[Attachment, ...]:
    if content is None:
        return ()
    return (Attachment("appointment.ics", _CALENDAR.format(method=method), content),)
