"""How the mutations of a tenant keep out of each other's way, where many may write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class TurnPort(Protocol):
    """Part of ``WriteTx``. On an engine with one writer there is nothing to wait for."""

    def take_turn(self, tenant: str, *, beside: bool = False) -> None:
        """Waits until no other mutation of the tenant runs; none begins before this one's end.

        ``replay``, ``lock_routes``, ``record`` and changes of the calendar do it first of all. Work
        that reads, to decide on a write, before any of those calls it itself. ``beside``: others
        that come beside may run at the same time. Such work judges nothing but routes whose locks
        it holds, and what it names in ``lock_names``; visits that anybody else may know are not its
        own.
        """
        ...

    def lock_names(self, tenant: str, names: Iterable[str]) -> None:
        """Keeps others that came beside from deciding on the same things, such as a client's holds;
        once, before ``lock_routes``. Alone in its turn a mutation need not wait for anything."""
        ...
