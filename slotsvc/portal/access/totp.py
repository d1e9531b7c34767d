"""Time-based one-time passwords: RFC 6238 over HOTP (RFC 4226), SHA-1, 6 digits, 30 seconds.

SHA-1 is what every authenticator app computes; in an HMAC it is sound.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
_DRIFT = 1  # steps on either side of now: clocks of telephones differ


def step_of(now: datetime) -> int:
    """The number of the 30-second step that ``now`` is in."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: bytes, step: int) -> str:
    """The six digits of one step (RFC 4226 §5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: bytes, code: str, now: datetime, last_step: int) -> int | None:
    """The step whose code this is, at most one away from now and later than ``last_step``.

    None: a wrong code, or one that was used already. Blanks in the code do not matter. All steps
    are compared, in constant time each.
    """
    typed = "".join(code.split()).encode()
    middle = step_of(now)
    steps = range(middle - _DRIFT, middle + _DRIFT + 1)
    same = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), typed)]
    return next((step for step in same if step > last_step), None)


def spelled(secret: bytes) -> str:
    """The secret to type in by hand: base 32 in groups of four."""
    text = b32encode(secret).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def enrolment_uri(secret: bytes, account: str, issuer: str) -> str:
    """What the QR code says: the ``otpauth`` address that authenticator apps read."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    values = {"secret": b32encode(secret).decode().rstrip("="), "issuer": issuer}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"
