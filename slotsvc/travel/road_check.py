"""Whether two engines of one map agree: asked once, before the quicker one is believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTimes

LEAST_AGREEMENT = 0.98
"""Share of pairs that must be equal but for a second. On a crossing, or as near to one road as to
another, two engines may see the same place on different roads."""


async def agree(one: TravelTimes, other: TravelTimes, places: Sequence[Location]) -> bool:
    """Whether the tables between ``places`` are the same but for very few pairs.

    Raises ``TravelUnavailableError`` when one does not answer.
    """
    ours, theirs = await one.table(places, places), await other.table(places, places)
    apart = np.abs(ours.seconds - theirs.seconds) > 1
    return bool(apart.mean() <= 1.0 - LEAST_AGREEMENT) if apart.size else True
