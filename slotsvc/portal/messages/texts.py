"""What letters about coming in say: codes, links, invitations, changes of one's own data.

Each function gives the letter of the reader's channel. Codes and links are all that they know of
him, so that a letter that goes astray tells little.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from slotsvc.portal.messages.layout import Block, Button, Shown
from slotsvc.portal.messages.letters import Channel, Letter
from slotsvc.portal.messages.reader import Reader, company_contact, mail, sms

_CODE_SIZE = 32


def login_code(
    reader: Reader, code: str, link: str | None, minutes: int, expires_at: datetime
) -> Letter:
    """The code to come in, and a link that does the same; None: without a link."""
    _ = reader.words.gettext
    company = reader.company
    if reader.channel is Channel.SMS:
        return sms(reader, "LOGIN_CODE", _sms_code(reader, code, link, minutes), expires_at)
    return mail(
        reader,
        "LOGIN_CODE",
        _("%(code)s is your code for %(company)s", code=code, company=company),
        [
            _("This is your code to come in:"),
            Shown(code, _CODE_SIZE),
            _("It works once, for %(minutes)s minutes.", minutes=minutes),
            *([Button(_("Or open this link instead"), link)] if link else []),
            _(
                "If you did not ask for it, you need do nothing: nobody comes in without it. "
                "Never tell it to anybody, not even to us."
            ),
        ],
        expires_at,
    )


def step_up_code(reader: Reader, code: str, minutes: int, expires_at: datetime) -> Letter:
    """The code that proves, within a session, that it is still himself."""
    _ = reader.words.gettext
    what = _("This is your code to go on:")
    return _code_letter(reader, "STEP_UP_CODE", what, code, minutes, expires_at)


def change_code(reader: Reader, code: str, minutes: int, expires_at: datetime) -> Letter:
    """The code that proves a new address or number, sent to it; who has it learns no name yet."""
    reader = replace(reader, name="")
    _ = reader.words.gettext
    what = _("This is your code to confirm this address or number as yours:")
    return _code_letter(reader, "CHANGE_CODE", what, code, minutes, expires_at)


def login_blocked(reader: Reader, expires_at: datetime) -> Letter:
    """Too many wrong codes in a row: there are no more, and here is whom to call."""
    _ = reader.words.gettext
    call = company_contact(reader)
    told = _(
        "Somebody typed too many wrong codes for your access, so we stopped sending them. "
        "Please call us and we will open it again: %(contact)s",
        contact=call,
    )
    if reader.channel is Channel.SMS:
        short = _(
            "%(company)s: too many wrong codes. Please call us: %(contact)s",
            company=reader.company,
            contact=call,
        )
        return sms(reader, "LOGIN_BLOCKED", short, expires_at)
    subject = _("Your access to %(company)s is paused", company=reader.company)
    return mail(reader, "LOGIN_BLOCKED", subject, [told], expires_at)


def invitation(
    reader: Reader, link: str, hours: int, expires_at: datetime, user_name: str = ""
) -> Letter:
    """A link to choose a user name and a password. ``user_name``: the one he has; "" for none."""
    _ = reader.words.gettext
    company = reader.company
    if reader.channel is Channel.SMS:
        short = _(
            "%(company)s: choose your password for your appointments: %(link)s",
            company=company,
            link=link,
        )
        return sms(reader, "INVITATION", short, expires_at)
    blocks: list[Block] = [
        _(
            "%(company)s invites you to its portal: book your appointments, move them, and see "
            "when we come.",
            company=company,
        ),
        Button(_("Choose a user name and a password"), link),
        _("The link works once, for %(hours)s hours.", hours=hours),
    ]
    if user_name:
        blocks.insert(1, _("Your user name is %(user_name)s.", user_name=user_name))
    subject = _("Your access to %(company)s", company=company)
    return mail(reader, "INVITATION", subject, blocks, expires_at)


def permanent_link(reader: Reader, link: str) -> Letter:
    """The permanent link to his own pages."""
    _ = reader.words.gettext
    company = reader.company
    if reader.channel is Channel.SMS:
        short = _("%(company)s: your appointments: %(link)s", company=company, link=link)
        return sms(reader, "LINK", short)
    return mail(
        reader,
        "LINK",
        _("Your appointments with %(company)s", company=company),
        [
            _("With this link you book your appointments, move them, and see when we come."),
            Button(_("Open my appointments"), link),
            _("Keep it for yourself: who has it sees your appointments."),
        ],
    )


def contact_changed(reader: Reader, *, phone: bool) -> Letter:
    """Tells the old address that it does not count any more. ``phone``: it was a number."""
    _ = reader.words.gettext
    call, company = company_contact(reader), reader.company
    changed = (
        _("The phone number of your access was changed.")
        if phone
        else _("The e-mail address of your access was changed.")
    )
    return _told(
        reader,
        "CONTACT_CHANGED",
        _("Your contact data with %(company)s was changed", company=company),
        changed,
        _("If that was not you, please call us at once: %(contact)s", contact=call),
    )


def password_changed(reader: Reader) -> Letter:
    """Tells him that his password is another one now."""
    _ = reader.words.gettext
    call, company = company_contact(reader), reader.company
    return _told(
        reader,
        "PASSWORD_CHANGED",
        _("Your password for %(company)s was changed", company=company),
        _("The password of your access was changed."),
        _("If that was not you, please call us at once: %(contact)s", contact=call),
    )


def _told(reader: Reader, kind: str, subject: str, what: str, what_to_do: str) -> Letter:
    if reader.channel is Channel.SMS:
        return sms(reader, kind, f"{reader.company}: {what} {what_to_do}")
    return mail(reader, kind, subject, [what, what_to_do])


def _code_letter(
    reader: Reader, kind: str, what: str, code: str, minutes: int, expires_at: datetime
) -> Letter:
    _ = reader.words.gettext
    if reader.channel is Channel.SMS:
        return sms(reader, kind, _sms_code(reader, code, None, minutes), expires_at)
    works = _("It works once, for %(minutes)s minutes.", minutes=minutes)
    warning = _(
        "If you did not ask for it, somebody may be using your access: please call us. "
        "Never tell the code to anybody, not even to us."
    )
    subject = _("%(code)s is your code for %(company)s", code=code, company=reader.company)
    return mail(reader, kind, subject, [what, Shown(code, _CODE_SIZE), works, warning], expires_at)


def _sms_code(reader: Reader, code: str, link: str | None, minutes: int) -> str:
    _ = reader.words.gettext
    if link is None:
        return _(
            "%(company)s: %(code)s is your code, valid %(minutes)s minutes.",
            company=reader.company,
            code=code,
            minutes=minutes,
        )
    return _(
        "%(company)s: code %(code)s, valid %(minutes)s min. Or: %(link)s",
        company=reader.company,
        code=code,
        minutes=minutes,
        link=link,
    )
