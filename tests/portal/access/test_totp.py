"""RFC 6238 by its own test vectors, and the rules around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slotsvc.portal.access.totp import code_at, enrolment_uri, matching_step, spelled, step_of

SECRET = b"12345678901234567890"
NOW = datetime(2030, 6, 3, 6, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_vectors_of_the_rfc(seconds: int, digits: str) -> None:
    """Appendix B of RFC 6238; ours are the last six of its eight digits."""
    assert code_at(SECRET, step_of(datetime.fromtimestamp(seconds, UTC))) == digits[-6:]


@pytest.mark.parametrize(
    ("steps", "found"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_one_step_of_drift_is_forgiven(steps: int, found: bool) -> None:
    """Codes of the step before and after count; further ones do not."""
    code = code_at(SECRET, step_of(NOW) + steps)
    assert (matching_step(SECRET, code, NOW, 0) is not None) is found


def test_no_code_works_twice() -> None:
    """What was used, and everything before it, is refused; the next step's code works."""
    step = matching_step(SECRET, code_at(SECRET, step_of(NOW)), NOW, 0)
    assert step == step_of(NOW)
    assert matching_step(SECRET, code_at(SECRET, step), NOW, step) is None
    assert matching_step(SECRET, code_at(SECRET, step - 1), NOW, step) is None
    assert matching_step(SECRET, code_at(SECRET, step + 1), NOW, step) == step + 1


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６", "\x00" * 6, "9" * 400])
def test_rubbish_is_a_wrong_code(typed: str) -> None:
    """Letters, other digits, too few or too many signs: refused without an error."""
    assert matching_step(SECRET, typed, NOW, 0) is None


def test_blanks_do_not_matter() -> None:
    """Apps show "123 456"; both ways of typing it count."""
    code = code_at(SECRET, step_of(NOW))
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", NOW, 0) is not None


def test_what_the_app_is_told() -> None:
    """The otpauth address says the same key as the one to type, and whose it is."""
    uri = enrolment_uri(SECRET, "ada@example.org", "slotsvc & co")
    key = spelled(SECRET)

    assert key == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert f"secret={key.replace(' ', '')}" in uri
    assert uri.startswith("otpauth://totp/slotsvc%20%26%20co:ada%40example.org?")


def test_steps_are_thirty_seconds() -> None:
    """A code changes on the half minute."""
    start = NOW - timedelta(seconds=7)
    assert step_of(start) == step_of(start + timedelta(seconds=29))
    assert step_of(start) + 1 == step_of(start + timedelta(seconds=30))
