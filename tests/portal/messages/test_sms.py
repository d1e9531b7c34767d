"""The HTTP adapter for text messages, on a provider of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slotsvc.portal.messages.carriers import (
    CarrierError,
    DelayedError,
    UndeliverableError,
    UnreachableError,
    Voice,
)
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.messages.sms import HttpSms
from slotsvc.portal.options import SmsOptions
from tests.portal.messages.post_office import NUMBER, PostOffice, sms
from tests.portal.sms_server import Posted, SmsServer, sms_server

SECRET = "sms-canary-7f3a"


@pytest.fixture
def provider() -> Iterator[SmsServer]:
    with sms_server() as server:
        yield server


@pytest.fixture
async def carrier(provider: SmsServer) -> Iterator[HttpSms]:
    made = HttpSms(SmsOptions(provider.url, SECRET, "Acme"), seconds=0.3)
    yield made
    await made.rest()


async def test_a_message_is_posted(provider: SmsServer, carrier: HttpSms) -> None:
    """To, text, sender, key; the secret as a bearer token."""
    await carrier.send("k1", sms(), Voice("ignored"))

    assert provider.posts == [
        Posted(NUMBER, "Your code is 123456.", "Acme", "k1", f"Bearer {SECRET}")
    ]


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (500, DelayedError),
        (503, DelayedError),
        (429, DelayedError),
        (400, UndeliverableError),
        (422, UndeliverableError),
        (401, UnreachableError),
        (302, DelayedError),
        (403, DelayedError),
        (404, DelayedError),
        (405, DelayedError),
    ],
)
async def test_answers_are_told_apart(
    provider: SmsServer, carrier: HttpSms, status: int, problem: type[CarrierError]
) -> None:
    """Try again, never again, or nothing goes through at all."""
    provider.answers.append(status)

    with pytest.raises(problem, match=str(status)) as caught:
        await carrier.send("k", sms(), Voice())

    assert SECRET not in str(caught.value)
    assert NUMBER not in str(caught.value)


async def test_a_provider_that_is_away(provider: SmsServer) -> None:
    """Nobody listens: nothing was sent."""
    carrier = HttpSms(SmsOptions("http://127.0.0.1:9/messages"))

    with pytest.raises(UnreachableError):
        await carrier.send("k", sms(), Voice())
    await carrier.rest()


async def test_a_lost_answer_is_asked_for_under_the_same_key(
    provider: SmsServer, carrier: HttpSms, office: PostOffice
) -> None:
    """A slow provider is asked twice, and sends once, since the key is the same."""
    round = office.round(Channel.SMS, carrier)
    await office.put(sms())
    provider.hold.clear()
    await round.empty()
    provider.hold.set()
    office.pass_time(seconds=10)

    assert await round.empty() == 1

    assert len(provider.posts) == 2
    assert len(provider.messages) == 1
    assert await office.credits() == 8
