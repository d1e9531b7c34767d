from __future__ import annotations

import pytest
from google.protobuf.descriptor import Descriptor

from slotsvc.cli.field_names import OPTIONS, option_words, reason_words
from slotsvc.pb.v1.slot_service_pb2 import SlotRequest


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("request.offer_grid", "--grid"),
        ("request.offer_grid.cells[0].end", "--grid (cells[0].end)"),
        ("request.required_tags[1]", "--tag ([1])"),
        ("request.location.latitude", "--at (latitude)"),
        ("external_ref", "--ref"),
        ("request.notice", "request.notice"),
        ("", ""),
    ],
)
def test_a_field_is_said_as_the_option_that_sets_it(path: str, words: str) -> None:
    """What stands inside follows in brackets; a field without an option keeps its path."""
    assert option_words(path) == words


def test_a_reason_names_options_too() -> None:
    """Only fields of a request are replaced, other words stay."""
    assert reason_words("must not be before first_date, a_b") == "must not be before --from, a_b"


def test_every_field_that_is_said_exists() -> None:
    """A renamed field of the contract cannot leave its option behind."""
    kind: Descriptor = SlotRequest.DESCRIPTOR
    known = {*kind.fields_by_name, *kind.oneofs_by_name}

    said = {path.removeprefix("request.") for path in OPTIONS if path.startswith("request.")}
    assert said <= known
