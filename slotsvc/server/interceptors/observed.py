"""Counts every call, measures it, and writes one log line about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import structlog

from slotsvc.server.interceptors.calls import Call, Layer
from slotsvc.server.metrics import Metrics

_log = structlog.get_logger(__name__)


def observation_layer(metrics: Metrics) -> Layer:
    """Stands outside of ``failures``, so that it sees the code the client gets."""

    @asynccontextmanager
    async def observed(call: Call) -> AsyncIterator[None]:
        began = time.perf_counter()
        cancelled = False
        try:
            yield
        except asyncio.CancelledError:
            cancelled = True
            raise
        finally:
            seconds = time.perf_counter() - began
            code = _code(call, cancelled=cancelled)
            metrics.handled.labels(call.service, call.method, code).inc()
            metrics.handling_seconds.labels(call.service, call.method).observe(seconds)
            _log.info(
                "call",
                grpc_service=call.service,
                grpc_method=call.method,
                grpc_code=code,
                seconds=round(seconds, 4),
            )

    return observed


def _code(call: Call, *, cancelled: bool) -> str:
    if cancelled:
        left = call.context.time_remaining()
        return "DEADLINE_EXCEEDED" if left is not None and left <= 0 else "CANCELLED"
    code = call.context.code()
    return code.name if isinstance(code, grpc.StatusCode) else "OK"
