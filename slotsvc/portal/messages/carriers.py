"""What carries letters away, as the worker sees it, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slotsvc.portal.messages.letters import Letter


class CarrierError(Exception):
    """A letter did not leave. The message is a stable word or a status: no address, no text."""


class UnreachableError(CarrierError):
    """The carrier takes nothing now, whatever the letter: nothing was sent."""


class DelayedError(CarrierError):
    """This letter did not go now, or nobody knows: worth another try."""


class UndeliverableError(CarrierError):
    """This letter will never go: no other try."""


@dataclass(frozen=True, slots=True)
class Voice:
    """In whose name a letter speaks. ``reply_to``: where answers to it go; "" for nowhere else."""

    name: str = ""
    reply_to: str = ""


class Carrier(Protocol):
    """Takes letters of one channel, one after the other."""

    async def send(self, key: str, letter: Letter, voice: Voice) -> None:
        """Sends one letter. ``key``: the same at each try of it. Raises ``CarrierError``."""

    async def rest(self) -> None:
        """No letter for now: connections may be closed."""


class NoCarrier:
    """Stands where nothing is set up: letters wait until they expire."""

    async def send(self, key: str, letter: Letter, voice: Voice) -> None:
        """Takes nothing."""
        raise UnreachableError("NOT_SET_UP")

    async def rest(self) -> None:
        """Has nothing to close."""
