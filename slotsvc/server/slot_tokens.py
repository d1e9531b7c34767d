"""Seals what an offer holds into a token that only this service can read or make.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce, good for 2^32 tokens per key: rotate the
ring long before that. Token: base64url of

    version (1) | key id (4) | nonce (12) | ciphertext of: tenant length (1) | tenant | payload

with version, key id, purpose, caller and epoch as associated data: a token made for one use or
caller opens for no other, and none that was made before the store was restored. The tenant is
inside, since a caller of HoldSlot sends nothing but the token.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag

from slotsvc.domain.errors import SlotTokenError
from slotsvc.server.key_ring import ID_BYTES, Key, KeyRing

MAX_TOKEN_LENGTH = 4096

_VERSION = b"\x01"
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + ID_BYTES


@dataclass(frozen=True, slots=True)
class Opened:
    """What was sealed."""

    tenant: str
    payload: bytes


class SlotSealer:
    """Seals with the newest key of ``ring`` and opens with any valid one.

    ``epoch``: of the store. What was sealed before it was restored names what may have become
    something else since, and opens no more.
    """

    def __init__(self, ring: KeyRing, epoch: int = 0) -> None:
        self._ring = ring
        self._epoch = epoch

    def seal(self, payload: bytes, *, tenant: str, purpose: str, caller: str = "") -> str:
        """A token for ``payload``. ``caller``: who may use it; "" for anybody who has it."""
        key = self._ring.newest
        name = tenant.encode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        inside = bytes([len(name)]) + name + payload
        sealed = key.cipher.encrypt(nonce, inside, self._bound(key, purpose, caller))
        token = urlsafe_b64encode(_VERSION + key.id + nonce + sealed).rstrip(b"=").decode()
        if len(token) > MAX_TOKEN_LENGTH:
            raise ValueError("the payload is too long for a token")
        return token

    def open(
        self, token: str, *, purpose: str, tenant: str | None = None, caller: str = ""
    ) -> Opened:
        """What ``token`` holds. ``tenant``: whose it must be; None: anybody's.

        Raises ``SlotTokenError``, always with the same words, for anything but a token of ours.
        """
        raw = _decoded(token)
        key = self._ring.find(raw[len(_VERSION) : _HEAD_BYTES])
        if key is None or raw[: len(_VERSION)] != _VERSION:
            raise _refusal()
        body = raw[_HEAD_BYTES:]
        try:
            nonce, sealed = body[:_NONCE_BYTES], body[_NONCE_BYTES:]
            inside = key.cipher.decrypt(nonce, sealed, self._bound(key, purpose, caller))
        except (InvalidTag, ValueError):
            raise _refusal() from None
        opened = _unpacked(inside)
        if tenant is not None and opened.tenant != tenant:
            raise _refusal()
        return opened

    def _bound(self, key: Key, purpose: str, caller: str) -> bytes:
        # lengths in front, so that no two (purpose, caller) give the same bytes
        texts = (purpose, caller, str(self._epoch)) if self._epoch else (purpose, caller)
        parts = [text.encode() for text in texts]
        return _VERSION + key.id + b"".join(len(p).to_bytes(2) + p for p in parts)


def _unpacked(inside: bytes) -> Opened:
    end = 1 + inside[0]
    return Opened(inside[1:end].decode(), inside[end:])


def _decoded(token: str) -> bytes:
    if len(token) > MAX_TOKEN_LENGTH:
        raise _refusal()
    try:
        text = token.encode("ascii")
        raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (ValueError, Base64Error):
        raise _refusal() from None
    # one token, one spelling: decoding is lenient, and logs and limits compare text
    if urlsafe_b64encode(raw).rstrip(b"=") != text:
        raise _refusal()
    return raw


def _refusal() -> SlotTokenError:
    return SlotTokenError("this token is not valid here; ask for slots again")
