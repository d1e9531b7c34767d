"""E-mails, sent to a real SMTP server."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from slotsvc.portal.messages.carriers import (
    DelayedError,
    UndeliverableError,
    UnreachableError,
    Voice,
)
from slotsvc.portal.messages.letters import Attachment, Channel
from slotsvc.portal.messages.mail import MailCarrier, as_message
from slotsvc.portal.options import MailOptions
from tests.portal.mail_server import MailServer, mail_server
from tests.portal.messages.post_office import MARIE, NOW, PostOffice, mail

SENDER = "visits@acme.example"
ACME = Voice("Acme\r\nBoilers", "hello@acme.example")


def carrier(port: int, scheme: str = "smtp", who: str = "", host: str = "127.0.0.1") -> MailCarrier:
    return MailCarrier(MailOptions(f"{scheme}://{who}{host}:{port}", SENDER), lambda: NOW)


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of its own for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_an_email_arrives_with_both_forms_and_a_calendar_entry(server: MailServer) -> None:
    """Headers say who, when and that no person wrote it; text, HTML and the entry are whole."""
    entry = Attachment("rendez-vous.ics", "text/calendar; method=PUBLISH", b"BEGIN:VCALENDAR\r\n")
    letter = mail(text="Prêt à 10:00–12:00.\n", html="<p>Prêt</p>", attachments=(entry,))
    going = carrier(server.port)

    await going.send("k1", letter, ACME)
    await going.rest()

    (got,) = server.letters
    assert server.recipients == [MARIE]
    assert got["From"] == "Acme Boilers <visits@acme.example>"
    assert got["Reply-To"] == "hello@acme.example"
    assert got["To"] == MARIE
    assert got["Subject"] == "Your code"
    assert got["Message-ID"] == "<k1@acme.example>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Date"].datetime == NOW
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text is not None
    assert text.get_content().rstrip() == "Prêt à 10:00–12:00."
    assert html is not None
    assert html.get_content().rstrip() == "<p>Prêt</p>"
    (attached,) = got.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached["Content-Type"].params["method"] == "PUBLISH"
    assert attached.get_filename() == "rendez-vous.ics"
    assert attached.get_payload(decode=True) == b"BEGIN:VCALENDAR\r\n"


async def test_several_letters_share_a_connection(server: MailServer, office: PostOffice) -> None:
    """Three letters, one greeting; the refused one in the middle does not break it."""
    server.refusals["nobody@client.example"] = ["550 unknown"]
    await office.put(mail(text="1"), mail("nobody@client.example"), mail(text="3"))

    assert await office.round(Channel.MAIL, carrier(server.port)).empty() == 2

    assert server.sessions == 1
    assert [row.problem for row in await office.rows()] == [None, "550", None]


async def test_a_server_that_says_later_is_asked_later(
    server: MailServer, office: PostOffice
) -> None:
    """451 (greylisting) costs a try; the same letter goes out the next time, same Message-ID."""
    server.refusals[MARIE] = ["451 greylisted"]
    await office.put(mail())
    round = office.round(Channel.MAIL, carrier(server.port))

    assert await round.empty() == 0
    office.pass_time(seconds=10)
    assert await round.empty() == 1

    assert (await office.rows())[0].tries == 1


async def test_refusals_are_told_apart(server: MailServer) -> None:
    """5yz: never again; 4yz: another time."""
    going = carrier(server.port)
    server.refusals[MARIE] = ["550 no", "450 busy"]

    with pytest.raises(UndeliverableError, match="550"):
        await going.send("k", mail(), ACME)
    with pytest.raises(DelayedError, match="450"):
        await going.send("k", mail(), ACME)
    await going.rest()


async def test_a_server_that_is_away() -> None:
    """Nobody listens: nothing was sent, and the error names no recipient."""
    with pytest.raises(UnreachableError) as caught:
        await carrier(9).send("k", mail(), ACME)

    assert MARIE not in str(caught.value)


async def test_a_connection_that_broke_is_given_up() -> None:
    """The server goes away after the first letter; the third finds nobody there."""
    async with mail_server() as first:
        going = carrier(first.port)
        await going.send("k1", mail(), ACME)
    with pytest.raises((DelayedError, UnreachableError)):
        await going.send("k2", mail(), ACME)
    with pytest.raises(UnreachableError):
        await going.send("k2", mail(), ACME)


async def test_the_connection_is_encrypted_where_the_server_offers_it(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS is taken up, and the server's certificate must be known."""
    async with mail_server(tls) as server:
        with pytest.raises(UnreachableError):
            await carrier(server.port).send("k", mail(), ACME)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        going = carrier(server.port)
        await going.send("k", mail(), ACME)
        await going.rest()

    assert server.encrypted == [True]


async def test_smtps_is_encrypted_from_the_start(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``smtps://`` nothing is said in the clear."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with mail_server(tls, from_the_start=True) as server:
        going = carrier(server.port, "smtps")
        await going.send("k", mail(), ACME)
        await going.rest()

    assert len(server.letters) == 1


async def test_name_and_password_go_to_this_machine_or_over_tls() -> None:
    """They are read from the URL, percent-decoded; in the clear only where no wire is."""
    async with mail_server(asks_who=True) as server:
        going = carrier(server.port, who="acme:p%40ss@")
        await going.send("k", mail(), ACME)
        await going.rest()
    async with mail_server(asks_who=True, host="127.0.0.2") as other:
        with pytest.raises(UnreachableError, match="NO_TLS_FOR_THE_PASSWORD"):
            await carrier(other.port, who="acme:p%40ss@", host="127.0.0.2").send("k", mail(), ACME)

    assert server.logins == [("acme", "p@ss")]
    assert other.logins == []


def test_a_name_with_line_ends_makes_no_header() -> None:
    """S31: the company's name, which may hold anything, stays one line of one header."""
    voice = Voice("Acme\r\nBcc: thief@example.org", "")

    message = as_message(mail(), "k", SENDER, voice, "Mon, 23 Nov 2026 08:00:00 +0000")

    assert message["Bcc"] is None
    assert message["From"] == '"Acme Bcc: thief@example.org" <visits@acme.example>'
