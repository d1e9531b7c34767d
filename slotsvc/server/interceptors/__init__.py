"""What happens around every call: one file for each concern.

``calls`` runs the layers; ``request_ids``, ``observed`` (metrics and one log line), ``failures``
(errors to statuses), ``deadlines``, ``road_time`` and ``access`` are the layers from the outside
in; ``admission`` (places and queues) stands in front of them all, and once more behind them, when
the request is read; ``refusals`` ends what it sends away at once; ``planned_fields``, then
``access`` look at the request.
"""

from __future__ import annotations

from slotsvc.server.interceptors.calls import CallInterceptor, Door, Guard
from slotsvc.server.interceptors.deadlines import DeadlineLimits, deadline_layer
from slotsvc.server.interceptors.failures import failure_layer
from slotsvc.server.interceptors.observed import observation_layer
from slotsvc.server.interceptors.planned_fields import refuse_planned_fields
from slotsvc.server.interceptors.request_ids import request_id_layer
from slotsvc.server.interceptors.road_time import road_time_layer
from slotsvc.server.metrics import Metrics

__all__ = ["CallInterceptor", "DeadlineLimits", "call_interceptor"]


def call_interceptor(
    metrics: Metrics,
    limits: DeadlineLimits | None = None,
    guard: Guard | None = None,
    door: Door | None = None,
) -> CallInterceptor:
    """The interceptor of the service. ``limits`` None: the default ones; ``guard`` None: no keys
    are asked for; ``door`` None: nobody waits or is sent away."""
    limits = limits or DeadlineLimits()
    layers = (
        request_id_layer,
        observation_layer(metrics),
        failure_layer,
        deadline_layer(limits),
        road_time_layer(limits.for_roads),
    )
    return CallInterceptor(layers, (refuse_planned_fields,), guard, door)
