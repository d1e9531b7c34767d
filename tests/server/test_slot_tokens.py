"""Slot tokens: only ours open, only unchanged, only for what they were made for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotsvc.domain.errors import SlotTokenError
from slotsvc.server.key_ring import KeyRing
from slotsvc.server.slot_tokens import MAX_TOKEN_LENGTH, Opened, SlotSealer


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.open_or_create(tmp_path / "keys.json")


@pytest.fixture
def sealer(ring: KeyRing) -> SlotSealer:
    return SlotSealer(ring)


def test_what_was_sealed_comes_back(sealer: SlotSealer) -> None:
    """Tenant and payload, whether or not the caller says whose it is."""
    token = sealer.seal(b"offer", tenant="acme", purpose="slot")

    assert sealer.open(token, purpose="slot") == Opened("acme", b"offer")
    assert sealer.open(token, purpose="slot", tenant="acme").payload == b"offer"


def test_a_token_says_nothing(sealer: SlotSealer) -> None:
    """Neither tenant nor payload can be read, no two tokens are alike, and it fits a URL."""
    tokens = {sealer.seal(b"offer", tenant="acme", purpose="slot") for _ in range(50)}

    assert len(tokens) == 50
    for token in tokens:
        assert token.replace("-", "").replace("_", "").isalnum()
        assert "acme" not in token


def test_a_token_is_good_for_its_use_only(sealer: SlotSealer) -> None:
    """Another purpose, tenant or caller is refused."""
    token = sealer.seal(b"offer", tenant="acme", purpose="slot", caller="portal")

    assert sealer.open(token, purpose="slot", caller="portal").tenant == "acme"
    with pytest.raises(SlotTokenError):
        sealer.open(token, purpose="page", caller="portal")
    with pytest.raises(SlotTokenError):
        sealer.open(token, purpose="slot", caller="other")
    with pytest.raises(SlotTokenError):
        sealer.open(token, purpose="slot")
    with pytest.raises(SlotTokenError):
        sealer.open(token, purpose="slot", caller="portal", tenant="other")


def test_no_changed_character_goes_unnoticed(sealer: SlotSealer) -> None:
    """Every place of a token is protected, its last half-used character too."""
    token = sealer.seal(b"offer", tenant="acme", purpose="slot")

    for place in range(len(token)):
        for other in "AQgw":
            if token[place] != other:
                with pytest.raises(SlotTokenError):
                    sealer.open(token[:place] + other + token[place + 1 :], purpose="slot")


@pytest.mark.parametrize("token", ["", "A", "====", "AQ", "é", "x" * 5000, "AQ==", "a b", "A\n"])
def test_what_is_no_token_is_refused(sealer: SlotSealer, token: str) -> None:
    """Garbage gives the same refusal as a foreign token."""
    with pytest.raises(SlotTokenError):
        sealer.open(token, purpose="slot")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_no_text_makes_opening_fail_otherwise(sealer: SlotSealer, token: str) -> None:
    """Any text is refused with the one error."""
    with pytest.raises(SlotTokenError):
        sealer.open(token, purpose="slot")


def test_another_services_token_is_refused(sealer: SlotSealer, tmp_path: Path) -> None:
    """A token of a ring that is not ours does not open."""
    other = SlotSealer(KeyRing.open_or_create(tmp_path / "other.json"))

    with pytest.raises(SlotTokenError):
        sealer.open(other.seal(b"x", tenant="acme", purpose="slot"), purpose="slot")


def test_tokens_outlive_one_turn_of_the_keys(sealer: SlotSealer, ring: KeyRing) -> None:
    """After one rotation a token still opens, after two it does not."""
    token = sealer.seal(b"offer", tenant="acme", purpose="slot")
    ring.rotate()
    assert sealer.open(token, purpose="slot").payload == b"offer"
    ring.rotate()

    with pytest.raises(SlotTokenError):
        sealer.open(token, purpose="slot")


def test_a_payload_has_a_limit(sealer: SlotSealer) -> None:
    """A token stays short enough for a form field and a URL."""
    assert len(sealer.seal(b"x" * 2900, tenant="acme", purpose="slot")) <= MAX_TOKEN_LENGTH
    with pytest.raises(ValueError, match="too long"):
        sealer.seal(b"x" * 4096, tenant="acme", purpose="slot")
