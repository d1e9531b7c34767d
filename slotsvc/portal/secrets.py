"""Secrets of the portal: derived, hashed or sealed, so that a copy of its tables opens nothing.

One file of mode 0600 holds the root keys, newest first, two valid. From them come, each with its
own purpose (HKDF, RFC 5869): HMACs of codes, tokens of permanent links, and AES-GCM seals of what
must be read again (TOTP secrets, bodies of letters).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
TOKEN_BYTES = 32
VALID_KEYS = 2
_ID_BYTES = 4
_NONCE_BYTES = 12
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretsError(Exception):
    """The key file is not safe to use, or is no key file."""


def new_token() -> str:
    """256 random bits as 43 URL-safe characters. Tables keep ``hashed`` of it only."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hashed(token: str) -> str:
    """SHA-256 of a 256-bit token, hex: enough for what cannot be guessed (ASVS 11.5.1)."""
    return hashlib.sha256(token.encode()).hexdigest()


class PortalSecrets:
    """The keys of one portal. Their bytes never show in a ``repr``."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise SecretsError("a key ring holds keys of 32 bytes")
        self._keys = keys

    @classmethod
    def open_or_create(cls, path: Path) -> PortalSecrets:
        """The ring in ``path``, made with one key where there is none.

        Raises ``SecretsError`` for a file that group or others may touch, or that is no key ring.
        """
        if not path.exists():
            _create(path)
        if path.stat().st_mode & _OTHERS:
            raise SecretsError(f"{path} must be readable by its owner only (chmod 600)")
        try:
            keys = [urlsafe_b64decode(text) for text in json.loads(path.read_text())["keys"]]
        except (ValueError, KeyError, TypeError) as error:
            raise SecretsError(f"{path} is no key ring of a portal") from error
        return cls(keys[:VALID_KEYS])

    def mac(self, purpose: str, text: str) -> str:
        """HMAC-SHA256 with the newest key, hex. For what is short enough to be guessed offline."""
        return _mac(self._keys[0], purpose, text)

    def matches(self, purpose: str, text: str, mac: str) -> bool:
        """Whether ``mac`` was made of ``text`` with any valid key; in constant time."""
        told = mac.encode(errors="replace")  # comparing texts would refuse all but ASCII
        found = [hmac.compare_digest(_mac(key, purpose, text).encode(), told) for key in self._keys]
        return any(found)

    def derived_token(self, purpose: str, text: str) -> str:
        """The same 256-bit token for the same text, for links that staff copies again and again.

        Tables keep ``hashed`` of it; only who holds the key file can make it anew.
        """
        raw = bytes.fromhex(_mac(self._keys[-1], purpose, text))
        return urlsafe_b64encode(raw).rstrip(b"=").decode()

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """AES-256-GCM with the newest key, bound to ``purpose``."""
        key, nonce = self._keys[0], secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(_derived(key, "seal")).encrypt(nonce, plain, purpose.encode())
        return _key_id(key) + nonce + sealed

    def opened(self, purpose: str, sealed: bytes) -> bytes:
        """What ``seal`` was given. Raises ``SecretsError`` for anything else."""
        nonce = sealed[_ID_BYTES : _ID_BYTES + _NONCE_BYTES]
        for key in self._keys:
            if _key_id(key) != sealed[:_ID_BYTES]:
                continue
            try:
                rest = sealed[_ID_BYTES + _NONCE_BYTES :]
                return AESGCM(_derived(key, "seal")).decrypt(nonce, rest, purpose.encode())
            except InvalidTag:
                break
        raise SecretsError("sealed with another key, or changed")


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps({"keys": [urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()]})
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(text)


def _derived(key: bytes, purpose: str) -> bytes:
    """One block of HKDF-Expand (RFC 5869): the root keys are uniformly random already."""
    return hmac.digest(key, purpose.encode() + b"\x01", "sha256")


def _mac(key: bytes, purpose: str, text: str) -> str:
    return hmac.digest(_derived(key, f"mac:{purpose}"), text.encode(), "sha256").hex()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"id" + key).digest()[:_ID_BYTES]
