"""Every reason a user can meet is in the contract and on the page of errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from slotsvc.pb.v1 import types_pb2
from slotsvc.solver.constraints import Reason

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_documented_and_has_its_value_in_the_contract(reason: Reason) -> None:
    """The page has a row for it, the enum a value with its name."""
    assert f"| `{reason.value}` |" in PAGE.read_text()
    assert f"REJECTION_REASON_{reason.value}" in types_pb2.RejectionReason.keys()  # noqa: SIM118
