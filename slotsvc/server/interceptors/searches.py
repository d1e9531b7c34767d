"""A guard behind the guard: clients search so often and no more."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from google.protobuf.message import Message

from slotsvc.server import principals
from slotsvc.server.interceptors.calls import Call, Guard
from slotsvc.server.search_limit import ClientSearches

SEARCHES = frozenset({"SuggestSlots", "SuggestSlotsBatch", "WhyNot"})


class CountedSearches:
    """``guard``, and ``searches`` counts what it lets in."""

    def __init__(self, guard: Guard, searches: ClientSearches) -> None:
        self._guard, self._searches = guard, searches

    def around(self, call: Call) -> AbstractAsyncContextManager[None]:
        """As the guard."""
        return self._guard.around(call)

    async def check(self, call: Call, request: Message) -> None:
        """As the guard; then raises ``TooManySearchesError`` for a client's search too many."""
        await self._guard.check(call, request)
        principal = principals.current()
        if principal is not None and call.method in SEARCHES:
            await self._searches.count(principal)

    async def again(self, call: Call) -> None:
        """As the guard."""
        await self._guard.again(call)

    def told(self, call: Call, answer: Message) -> Message:
        """As the guard."""
        return self._guard.told(call, answer)
