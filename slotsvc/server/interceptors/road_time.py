"""No call waits for roads longer than a share of its deadline: then driving is estimated."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from slotsvc.server.interceptors.calls import Call, Layer
from slotsvc.server.interceptors.deadlines import seconds_left
from slotsvc.travel.road_time import road_time


def road_time_layer(share: float) -> Layer:
    """Stands inside the deadline's layer. A stream without a deadline has no limit."""

    @asynccontextmanager
    async def within_road_time(call: Call) -> AsyncIterator[None]:
        seconds = seconds_left()
        with nullcontext() if math.isinf(seconds) else road_time(share * seconds):
            yield

    return within_road_time
