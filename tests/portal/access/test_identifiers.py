"""E-mail addresses and telephone numbers as people type them, and as they are compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slotsvc.portal.access.identifiers import (
    Identifier,
    IdentifierError,
    IdentifierProblem,
    identifier,
    masked,
    region_of,
)
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.visitor import BusinessUnit

PARIS = BusinessUnit("riviera", "", ("fr", "en"), "Europe/Paris", True, "Riviera Heating")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Anna.Rossi@Example.ORG ", "anna.rossi@example.org"),
        ("anna+portal@sub.example.co.uk", "anna+portal@sub.example.co.uk"),
        ("léa@exemple.fr", None),
        ("anna@exämple.fr", "anna@xn--exmple-cua.fr"),
        ("anna@XN--EXMPLE-CUA.fr", "anna@xn--exmple-cua.fr"),
        ("anna@例え.jp", "anna@xn--r8jz45g.jp"),
    ],
)
def test_addresses_are_compared_in_one_form(typed: str, address: str | None) -> None:
    """Lower case, the domain in IDNA; letters that few mail servers carry are refused."""
    if address is None:
        with pytest.raises(IdentifierError):
            identifier(typed, "FR")
        return
    assert identifier(typed, "FR") == Identifier(Channel.MAIL, address)


@pytest.mark.parametrize(
    "typed",
    [
        "anna@",
        "@example.org",
        "anna@localhost",
        "anna@exa mple.org",
        "anna@example..org",
        "an..na@example.org",
        ".anna@example.org",
        "a@b@example.org,evil@example.org",
        "anna@example.org\r\nBcc: evil@example.org",
        "anna\n@example.org",
        "anna@example.org\x00",
        '"anna"@example.org',
        "a" * 65 + "@example.org",
        "anna@" + "a" * 250 + ".org",
        "anna",
    ],
)
def test_s31_what_is_no_address_is_refused(typed: str) -> None:
    """S31: nothing that could end a header or name a second recipient is an address."""
    with pytest.raises(IdentifierError) as raised:
        identifier(typed, "FR")
    assert raised.value.problem is IdentifierProblem.NOT_AN_EMAIL
    assert "anna" not in str(raised.value)


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 6.12.34.56.78", "ES", "+33612345678"),
        ("0033612345678", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", None, "+33612345678"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("320 123 4567", "IT", "+393201234567"),
    ],
)
def test_numbers_are_compared_in_e164(typed: str, region: str | None, number: str) -> None:
    """However a number is written, with or without its country, it is the same."""
    assert identifier(typed, region) == Identifier(Channel.SMS, number)


@pytest.mark.parametrize("typed", ["12", "06 12", "+999 1234567", "0612345678 ext. 12", "1" * 50])
def test_what_is_no_number_is_refused(typed: str) -> None:
    """Too short, of no country, with an extension: not a number that can be written to."""
    with pytest.raises(IdentifierError) as raised:
        identifier(typed, "FR")
    assert raised.value.problem is IdentifierProblem.NOT_A_PHONE


def test_the_region_is_that_of_the_units_zone() -> None:
    """Numbers without "+" are of the country of the unit's zone, else of its first language."""
    assert region_of(PARIS) == "FR"
    assert region_of(replace(PARIS, time_zone="Europe/Monaco")) == "MC"
    assert region_of(replace(PARIS, time_zone="UTC", locales=("es",))) == "ES"
    assert region_of(replace(PARIS, time_zone="UTC", locales=())) is None


def test_masked_addresses_tell_their_owner_only() -> None:
    """A masked address is recognised, not learned."""
    assert masked("anna.rossi@example.org") == "a…@e….org"
    assert masked("+33612345678") == "+33…78"
