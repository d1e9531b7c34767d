"""What goes into a slot token comes out of it, and it stays short."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotsvc.domain.commitment import Commitment, CommitmentKind, Promise
from slotsvc.domain.errors import SlotTokenError
from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Visit
from slotsvc.pb.v1 import slot_service_pb2 as pb
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.server.key_ring import KeyRing
from slotsvc.server.offer_tokens import open_offer, seal_offer, travelling
from slotsvc.server.slot_tokens import MAX_TOKEN_LENGTH, SlotSealer

IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=63)
INSTANTS = st.integers(946_684_800, 7_258_118_399).map(lambda s: datetime.fromtimestamp(s, UTC))
SPANS = st.integers(0, 86_400).map(lambda s: timedelta(seconds=s))
WINDOWS = st.builds(
    lambda start, length: TimeWindow(start, start + length + timedelta(seconds=1)), INSTANTS, SPANS
)
LOCATIONS = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180))
TAGS = st.builds("{}:{}".format, st.text("abcdefgh-", min_size=1, max_size=12), st.integers(1, 9))


@st.composite
def commitments(draw: st.DrawFn) -> Commitment:
    kind = draw(st.sampled_from(CommitmentKind))
    due = draw(INSTANTS if kind is CommitmentKind.DEADLINE else st.none() | INSTANTS)
    return Commitment(kind, due, draw(WINDOWS) if kind is CommitmentKind.FLEXIBLE else None)


VISITS = st.builds(
    Visit,
    id=st.just("") | IDS,
    location=LOCATIONS,
    service=SPANS,
    requires=st.frozensets(TAGS, max_size=8),
    site=st.just("") | IDS,
    activity_type=st.just("") | IDS,
    client=st.text(max_size=200),
    access=SPANS,
    pausable=st.booleans(),
    sector=st.just("") | IDS,
    priority=st.integers(0, 1000),
    commitment=commitments(),
    team=st.just("") | IDS,
)
OFFERS = st.builds(
    HeldOffer,
    tenant=IDS,
    team=IDS,
    technician=IDS,
    day=st.dates(date(2000, 1, 1), date(2199, 12, 31)),
    shift=st.integers(0, 23),
    window=st.builds(OfferWindow, WINDOWS, WINDOWS),
    work=VISITS,
    on_site=SPANS,
    order=st.lists(st.just("") | IDS.map(lambda id: f"h-{id[:25]}"), max_size=20).map(tuple),
    version=st.integers(0, 2**40),
    valid_until=st.none() | INSTANTS,
    expires=INSTANTS,
    replaces=st.just("") | IDS,
    insert_only=st.booleans(),
    resequence_published=st.booleans(),
)


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> SlotSealer:
    path: Path = tmp_path_factory.mktemp("ring") / "keys.json"
    return SlotSealer(KeyRing.open_or_create(path))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(offer=OFFERS)
def test_an_offer_comes_back_as_it_was(sealer: SlotSealer, offer: HeldOffer) -> None:
    """Every field of it, with the search that led to it; and the token fits a form."""
    search = pb.SuggestSlotsRequest(team="tenants/acme/teams/crew", max_rejections=9)
    search.search_time.seconds = 3  # how patient the caller was is not part of the question

    token = seal_offer(sealer, offer, travelling(search))

    assert len(token) <= MAX_TOKEN_LENGTH
    opened = open_offer(sealer, token)
    assert opened.offer == offer
    assert opened.search == pb.SuggestSlotsRequest(team="tenants/acme/teams/crew")


def an_offer(work: Visit, visits: int) -> HeldOffer:
    now = datetime(2030, 6, 3, 6, tzinfo=UTC)
    window = TimeWindow(now, now + timedelta(hours=2))
    order = tuple(f"h-{(7**n * 9_999_999_967) % 2**100:025x}" for n in range(40, 40 + visits))
    return HeldOffer(
        "acme", "crew", "ann", now.date(), 0, OfferWindow(window, window), work,
        work.service, order, 3, None, now,
    )  # fmt: skip


WORK = Visit("v-1", Location(43.7, 7.4), timedelta(hours=1), frozenset({"gas:2"}), client="c-1")


def test_an_ordinary_token_is_short(sealer: SlotSealer) -> None:
    """A day of six visits: under a thousand characters."""
    search = pb.SuggestSlotsRequest(team="tenants/acme/teams/crew")

    assert len(seal_offer(sealer, an_offer(WORK, 6), travelling(search))) < 1_000


def test_a_long_search_does_not_travel(sealer: SlotSealer) -> None:
    """Two hundred named technicians and a day of fifty visits: the offer alone is sealed."""
    search = pb.SuggestSlotsRequest(team="tenants/acme/teams/crew")
    search.request.required_technicians.extend(
        f"tenants/acme/technicians/{n * 9_999_999_967:x}" for n in range(400)
    )

    opened = open_offer(sealer, seal_offer(sealer, an_offer(WORK, 50), travelling(search)))

    assert opened.offer == an_offer(WORK, 50)
    assert not opened.search.team


def test_what_is_read_again_anyway_stays_out(sealer: SlotSealer) -> None:
    """Promises, labels, note and reference of a stored visit are not in its token."""
    told = Promise((an_offer(WORK, 0).window.promise,), datetime(2030, 6, 1, tzinfo=UTC), "phone")
    known = replace(WORK, promises=(told,), labels={"a": "b"}, note="dog", external_ref="o-1")

    opened = open_offer(sealer, seal_offer(sealer, an_offer(known, 1), b""))

    assert opened.offer.work == WORK


def test_a_payload_of_another_shape_is_refused(sealer: SlotSealer) -> None:
    """A token of an earlier version says what any foreign one says."""
    token = sealer.seal(b"not ours", tenant="acme", purpose="slot")

    with pytest.raises(SlotTokenError):
        open_offer(sealer, token)
