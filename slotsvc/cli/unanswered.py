"""Why nobody answered a call: nobody is there, or somebody who was called the wrong way.

Reads what gRPC says of a connection that did not come about; it has no codes for it.
"""

from __future__ import annotations

NOBODY_WORDS = ("failed to connect", "Connection refused", "DNS resolution", "Socket closed")
START = "Start one with `slotsvc up`, or give --address."

_NOT_ENCRYPTED = "It does not encrypt: leave --tls-ca out, or give the service a certificate."
_NAME = "Give --address with a name that stands in its certificate."
_NOT_TRUSTED = "Give --tls-ca with who signed its certificate, or with the certificate itself."
_NOT_EVEN_TRIED = (
    "Give --tls-ca if it encrypts, and a name that stands in its certificate; --tls-cert and "
    "--tls-key if it wants to see one of yours."
)
_OTHERWISE = "Give --tls-ca, and a name that stands in its certificate."
# the first that fits: later words are in the messages of earlier ones too
_OTHER_ENCRYPTION = (
    ("WRONG_VERSION_NUMBER", _NOT_ENCRYPTED),
    ("Hostname Verification", _NAME),
    ("CERTIFICATE_VERIFY_FAILED", _NOT_TRUSTED),
    ("verification", _OTHERWISE),
    ("handshake", _OTHERWISE),
    ("Socket closed", _NOT_EVEN_TRIED),
)


def unanswered(told: str, address: str) -> tuple[str, str] | None:
    """What to say and what to do about a call to ``address`` that gRPC says ``told`` of; None: it
    was answered."""
    if not any(words in told for words in NOBODY_WORDS):
        return None
    # a socket that is closed later was a service that ended
    if "failed to connect" in told:
        for words, hint in _OTHER_ENCRYPTION:
            if words in told:
                return f"{address} answers, but not as this call is encrypted.", hint
    return f"No service answers at {address}.", START
