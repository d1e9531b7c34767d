"""Letters to the company's own people."""

from __future__ import annotations

from datetime import datetime

from slotsvc.portal.access.staff import LINK_LASTS, StaffMember
from slotsvc.portal.languages import words
from slotsvc.portal.messages.layout import Block, Button, as_html, as_text
from slotsvc.portal.messages.letters import Channel, Letter


def staff_link_letter(
    member: StaffMember, company: str, link: str, locale: str, now: datetime
) -> Letter:
    """The one-time link with which somebody sets up his login."""
    _ = words(locale).gettext
    hours = int(LINK_LASTS.total_seconds()) // 3600
    subject = _(
        "Your login for the company pages of %(company)s", company=" ".join(company.split())
    )
    blocks: list[Block] = [
        _("Hello %(name)s,", name=member.name),
        _("With this link you choose your password and add your telephone as a second lock."),
        Button(_("Set up my login"), link),
        _("The link works once, for %(hours)s hours.", hours=hours),
    ]
    return Letter(
        None,
        Channel.MAIL,
        "STAFF_LINK",
        member.email,
        subject,
        as_text(blocks, [company]),
        as_html(subject, blocks, [company], company, locale),
        expires_at=now + LINK_LASTS,
    )
