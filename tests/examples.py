"""How many random examples a test tries."""

from __future__ import annotations

import os

MULTIPLIER = float(os.environ.get("SLOTSVC_TEST_EXAMPLES", "1"))
"""``SLOTSVC_TEST_EXAMPLES=20 pytest …`` tries twenty times as many, and other ones each run."""


def examples(usual: int) -> int:
    """``usual``, times what the environment asks for; at least 1."""
    return max(1, round(usual * MULTIPLIER))
