"""Text messages through a provider that takes an HTTP POST of JSON."""

from __future__ import annotations

import httpx

from slotsvc.portal.messages.carriers import (
    DelayedError,
    UndeliverableError,
    UnreachableError,
    Voice,
)
from slotsvc.portal.messages.letters import Letter
from slotsvc.portal.options import SmsOptions

_SECONDS = 10.0
_NOT_US = 401  # the secret is wrong: no fault of the message
# perhaps the URL is wrong, perhaps the provider says so of one number: it must not stop the others
_PERHAPS_LATER = (403, 404, 405, 408, 425, 429)


class HttpSms:
    """Posts ``{"to", "text", "sender", "idempotency_key"}``; any 2xx is a yes.

    A message whose answer got lost is posted again under the same ``idempotency_key``: a provider
    that heeds it sends it once.
    """

    def __init__(self, options: SmsOptions, seconds: float = _SECONDS) -> None:
        self._options = options
        self._seconds = seconds
        self._client: httpx.AsyncClient | None = None

    async def send(self, key: str, letter: Letter, voice: Voice) -> None:
        """Sends one text message, in the sender's name that the provider allows."""
        message = {
            "to": letter.to,
            "text": letter.text,
            "sender": self._options.sender,
            "idempotency_key": key,
        }
        try:
            answer = await self._connected().post(self._options.url, json=message)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnreachableError(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise DelayedError(type(error).__name__) from error
        if not answer.is_success:
            raise _judged(answer.status_code)

    async def rest(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            secret = self._options.secret
            headers = {"Authorization": f"Bearer {secret}"} if secret else {}
            self._client = httpx.AsyncClient(headers=headers, timeout=self._seconds)
        return self._client


def _judged(status: int) -> DelayedError | UndeliverableError | UnreachableError:
    if status == _NOT_US:
        return UnreachableError(str(status))
    if status in _PERHAPS_LATER or not 400 <= status < 500:
        return DelayedError(str(status))
    return UndeliverableError(str(status))
