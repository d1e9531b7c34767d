"""Passwords: hashed with argon2id, checked in a few threads, refused where they are easy to guess.

NIST SP 800-63B-4, 3.1.1.2 and ASVS 6.2: length counts, any character goes, no rules of composition,
common ones are refused. Parameters: OWASP's second recommendation, 19 MiB, t=2, p=1.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

SHORTEST = 12
LONGEST = 128
MOST_AT_ONCE = 4
_WEAKEST = 3  # of zxcvbn's 0-4: "safely unguessable" against an online and a slow offline attack
_JUDGED = 72  # zxcvbn's own bound: its time grows with the square of the length
# zxcvbn's lists are English: the words that people of our other languages begin with
_COMMON_WORDS = (
    "motdepasse", "bonjour", "azertyuiop", "jetaime", "soleil", "doudou", "chouchou", "loulou",
    "contraseña", "contrasena", "tequiero", "teamo", "hola", "barcelona", "realmadrid", "mariposa",
    "passwordsicura", "parolasegreta", "ciao", "tiamo", "juventus", "amoremio", "napoli", "inter",
    "portal", "portail", "portale", "cliente", "client", "slotsvc",
)  # fmt: skip


class PasswordProblem(StrEnum):
    """Why a new password is refused."""

    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TOO_COMMON = "TOO_COMMON"


class PasswordHashing:
    """At most four hashes at once, each in a thread of its own: 19 MiB and about 20 ms each."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="portal-password")
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._dummy = self._hasher.hash("nobody's")
        # zxcvbn keeps the visitor's words in a global while it judges
        self._judging = threading.Lock()

    async def hashed(self, password: str) -> str:
        """The password's hash, with its salt and parameters (PHC string)."""
        return await self._run(lambda: self._hasher.hash(password))

    async def right(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. None costs the same time as a wrong one: nobody known."""
        return await self._run(lambda: self._right(stored, password))

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters, and is to be made anew."""
        return self._hasher.check_needs_rehash(stored)

    async def problem(self, password: str, known: Sequence[str] = ()) -> PasswordProblem | None:
        """Why it cannot be chosen; None: it can. ``known``: what others know of him."""
        if len(password) < SHORTEST:
            return PasswordProblem.TOO_SHORT
        if len(password) > LONGEST:
            return PasswordProblem.TOO_LONG
        return await self._run(lambda: self._judged(password, known))

    def close(self) -> None:
        """Ends the threads, after what they are at."""
        self._threads.shutdown(wait=True)

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _right(self, stored: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(stored or self._dummy, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def _judged(self, password: str, known: Sequence[str]) -> PasswordProblem | None:
        with self._judging:
            judged = zxcvbn(password[:_JUDGED], user_inputs=[*_COMMON_WORDS, *filter(None, known)])
        return PasswordProblem.TOO_COMMON if judged["score"] < _WEAKEST else None
