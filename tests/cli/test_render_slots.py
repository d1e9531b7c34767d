from __future__ import annotations

import pytest

from slotsvc.cli.as_json import as_json
from slotsvc.cli.render_answer import answer_lines
from slotsvc.cli.render_slots import proof_words
from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsResponse
from slotsvc.pb.v1.types_pb2 import PROOF_BOUND, TRAVEL_PROVENANCE_ESTIMATE
from tests.cli.samples import ZONE, a_receipt, a_request, a_slot, an_answer


def page(answer: SuggestSlotsResponse, width: int = 80) -> list[str]:
    return [str(line) for line in answer_lines(answer, a_request(), ZONE, width)]


@pytest.mark.parametrize("width", [80, 120])
def test_an_answer_fits_the_screen(width: int) -> None:
    """No line is longer than the terminal, so that nothing wraps."""
    assert max(map(len, page(an_answer(), width))) <= width


def test_a_slot_is_a_row_with_its_reason_under_it() -> None:
    """Rank, window, technician, driving, waiting, days, cost; then why."""
    lines = page(an_answer(1))

    row = next(i for i, line in enumerate(lines) if line.startswith("1  "))
    assert lines[row].split("  ")[1:3] == ["Tue 24 Nov 08:00-10:00", "Chiara Rossi"]
    assert "+4 min" in lines[row]
    assert lines[row].endswith("240")
    assert lines[row + 1].strip().startswith("Four minutes of driving")


def test_a_rejection_says_who_why_when_and_what_would_help() -> None:
    """The reason comes in words, the missing tag by name."""
    text = "\n".join(page(an_answer()))

    assert "Paul Fontaine: no room, Tue 24 Nov 10:00-12:00 (12 cells)" in text
    assert "Move the visit of 10:30" in text
    assert "Everybody: missing tag (boiler) (1 cell)" in text


def test_no_slot_is_an_answer() -> None:
    """The head says so, the reasons follow, nothing is offered to be taken."""
    lines = page(an_answer(0))

    assert lines[0].startswith("No slot for boiler-service at 43.73530,7.41753")
    assert "Not possible" in lines
    assert not any("--pick" in line for line in lines)


def test_the_proof_line_adds_up() -> None:
    """Every cell is accounted for, with the map and the time spent."""
    assert proof_words(a_receipt()) == (
        "Proof: EXACT: 480 cells = 12 evaluated + 431 pruned by proof + 37 rejected; "
        "nothing skipped; map 3f9c2a; 4.1 ms"
    )


def test_the_proof_line_hides_nothing() -> None:
    """A gap, skipped cells, a deadline and estimated driving are said."""
    receipt = a_receipt()
    receipt.proof = PROOF_BOUND
    receipt.gap_millis = 1500
    receipt.cells_skipped = 3
    receipt.complete = False
    receipt.travel_provenance = TRAVEL_PROVENANCE_ESTIMATE

    words = proof_words(receipt)
    assert "BOUND(gap 1.5)" in words
    assert "3 skipped" in words
    assert "more time could change the answer" in words
    assert "driving estimated" in words


def test_an_estimate_is_said_beside_the_slot() -> None:
    """Nobody takes a great circle for a road."""
    answer = an_answer(0)
    slot = a_slot()
    slot.travel_provenance = TRAVEL_PROVENANCE_ESTIMATE
    answer.slots.append(slot)

    assert "Driving is an estimate." in "\n".join(page(answer, 120))


def test_json_has_every_key_and_plain_numbers() -> None:
    """Unset numbers are 0, 64-bit ones are not strings, enums are their names."""
    found = as_json(an_answer(1))

    slot = found["slots"][0]
    assert slot["cost_millis"] == 240_400
    assert slot["recommended"] is False
    assert slot["place"]["added_travel_seconds"] == 240
    assert slot["components"][0]["quantity"] == 0
    assert found["receipt"]["proof"] == "PROOF_EXACT"
    assert found["slots"][0]["window"]["start_time"] == "2026-11-24T07:00:00Z"


def test_the_proof_says_where_the_order_was_kept() -> None:
    """Days that were told to technicians, are under way or broken are only inserted into."""
    receipt = a_receipt()
    receipt.routes, receipt.routes_in_order = 12, 3

    assert "order kept on 3 of 12 days" in proof_words(receipt)
    assert "order kept" not in proof_words(a_receipt())
