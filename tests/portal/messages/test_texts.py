"""What letters say, in every language and by both channels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from slotsvc.portal.languages import LOCALES
from slotsvc.portal.messages import gsm, texts
from slotsvc.portal.messages.appointment_texts import Appointment, booked, cancelled, rescheduled
from slotsvc.portal.messages.letters import Channel, Letter
from slotsvc.portal.messages.reader import Reader
from slotsvc.portal.visitor import BusinessUnit

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
LINK = "https://visits.acme.example/monaco/l/" + "k" * 43
BU = BusinessUnit(
    id="monaco",
    team="tenants/acme/teams/north",
    locales=LOCALES,
    time_zone="Europe/Monaco",
    active=True,
    company_name="Acme Boilers",
    phone="+377 97 00 00 00",
    email="hello@acme.example",
)
VISIT = Appointment(
    what="Entretien",
    start=datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    end=datetime(2026, 11, 25, 11, 0, tzinfo=UTC),
    where="12 rue Imberty",
    link="https://visits.acme.example/monaco/visits/3f9a0c1e5b7d",
)

LETTERS: dict[str, Callable[[Reader], Letter]] = {
    "login": lambda to: texts.login_code(to, "123456", LINK, 10, LATER),
    "login without link": lambda to: texts.login_code(to, "123456", None, 10, LATER),
    "step-up": lambda to: texts.step_up_code(to, "123456", 10, LATER),
    "change": lambda to: texts.change_code(to, "123456", 10, LATER),
    "blocked": lambda to: texts.login_blocked(to, LATER),
    "invitation": lambda to: texts.invitation(to, LINK, 72, LATER, "marie"),
    "link": lambda to: texts.permanent_link(to, LINK),
    "number changed": lambda to: texts.contact_changed(to, phone=True),
    "address changed": lambda to: texts.contact_changed(to, phone=False),
    "password changed": texts.password_changed,
    "booked": lambda to: booked(to, VISIT, b"BEGIN:VCALENDAR", NOW),
    "rescheduled": lambda to: rescheduled(to, VISIT, b"BEGIN:VCALENDAR", NOW),
    "cancelled": lambda to: cancelled(to, VISIT, b"BEGIN:VCALENDAR", NOW),
}


def reader(
    channel: Channel, locale: str = "en", name: str = "Marie", bu: BusinessUnit = BU
) -> Reader:
    to = "marie@client.example" if channel is Channel.MAIL else "+33612345678"
    return Reader(bu, channel, to, locale, name)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", LETTERS)
def test_a_text_message_is_one_message(kind: str, locale: str) -> None:
    """160 plain letters in each language, links included: one message, one price."""
    letter = LETTERS[kind](reader(Channel.SMS, locale))

    length = gsm.length(letter.text)
    assert length is not None
    assert length <= gsm.PLAIN_LENGTH
    assert (letter.subject, letter.html, letter.attachments) == ("", "", ())


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", LETTERS)
def test_an_email_says_the_same_in_both_forms(kind: str, locale: str) -> None:
    """Text and HTML carry company, links and codes; nothing is fetched from anywhere."""
    letter = LETTERS[kind](reader(Channel.MAIL, locale))

    for said in (LINK, "123456", "Acme Boilers", "12 rue Imberty", "+377 97 00 00 00"):
        assert (said in letter.text) == (said in letter.html)
    assert "Acme Boilers" in letter.text
    assert f'lang="{locale}"' in letter.html
    for fetched in ("src=", "url(", "<script", "<link", "<img"):
        assert fetched not in letter.html
    assert "%(" not in letter.subject + letter.text + letter.html


def test_a_booking_tells_the_window_and_brings_the_entry() -> None:
    """The clock of the unit, the day in words, the file for the calendar."""
    letter = LETTERS["booked"](reader(Channel.MAIL))

    assert letter.subject == "Booked: Entretien, Wednesday 25 November, 10:00–12:00"
    assert "Wednesday 25 November, 10:00–12:00" in letter.text
    (entry,) = letter.attachments
    assert (entry.name, entry.media_type) == ("appointment.ics", "text/calendar; method=PUBLISH")
    assert letter.expires_at == VISIT.end


def test_a_cancellation_brings_the_entry_that_takes_it_out() -> None:
    """The calendar is told to cancel; the letter has no link to an appointment that is gone."""
    letter = LETTERS["cancelled"](reader(Channel.MAIL))

    assert letter.attachments[0].media_type == "text/calendar; method=CANCEL"
    assert VISIT.link not in letter.text


@pytest.mark.parametrize("kind", ["login", "step-up", "change", "blocked"])
def test_what_is_for_now_expires(kind: str) -> None:
    """A code that is over is not worth sending."""
    assert LETTERS[kind](reader(Channel.MAIL)).expires_at == LATER


def test_a_new_address_learns_no_name() -> None:
    """It may be mistyped: whoever reads there is greeted, not named."""
    letter = LETTERS["change"](reader(Channel.MAIL))

    assert "Marie" not in letter.text + letter.html
    assert letter.text.startswith("Hello,")
    assert LETTERS["step-up"](reader(Channel.MAIL)).text.startswith("Hello Marie,")


def test_names_cannot_write_html_or_headers() -> None:
    """S15, S31: what clients and companies are called is text, on one line in the subject."""
    bu = BusinessUnit("m", "t", ("en",), "UTC", True, 'A<b>&"\r\nBcc: x@example.org')
    letter = LETTERS["link"](reader(Channel.MAIL, name="<img src=x>", bu=bu))

    assert "<b>" not in letter.html
    assert "<img" not in letter.html
    assert letter.subject == 'Your appointments with A<b>&" Bcc: x@example.org'


def test_a_long_company_name_leaves_room_for_the_rest() -> None:
    """In text messages it is cut; in e-mails it is whole."""
    name = "Société Monégasque de Chauffage et de Climatisation"
    bu = BusinessUnit("m", "t", ("fr",), "UTC", True, name)

    message = LETTERS["login"](reader(Channel.SMS, "fr", bu=bu))

    assert message.text.startswith("Société Monégasque de C.")
    assert len(message.text) <= gsm.PLAIN_LENGTH
    assert name in LETTERS["login"](reader(Channel.MAIL, "fr", bu=bu)).text
