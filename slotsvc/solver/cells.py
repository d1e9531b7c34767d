"""Cells as ordering problems: routes with the request as one more node, the last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.base import committed_orders
from slotsvc.solver.batch import Batch
from slotsvc.solver.instance import FIRST_VISIT, INF, Int32
from slotsvc.solver.screen import Request, Windows

Index = NDArray[np.signedinteger]


def with_requests(
    arrays: TeamArrays, request: Request, windows: Windows, route: Index, column: Index
) -> Batch:
    """One cell per (route, window column), both (C,)."""
    own = arrays.batch
    nodes = int(own.used[route].sum(axis=1).max(initial=0)) + FIRST_VISIT
    size = (route.size, nodes + 1)
    opens, closes, service = np.zeros((3, *size), np.int32)
    travel = np.full((*size, nodes + 1), INF, np.int32)
    used = np.ones(size, np.bool_)
    for wide, narrow in ((opens, own.opens), (closes, own.closes), (service, own.service)):
        wide[:, :nodes] = narrow[route, :nodes]
    travel[:, :nodes, :nodes] = own.travel[route, :nodes, :nodes]
    travel[:, :nodes, nodes] = request.into[route, :nodes]
    travel[:, nodes, :nodes] = request.out[route, :nodes]
    used[:, :nodes] = own.used[route, :nodes]
    opens[:, nodes] = windows.opens[route, column]
    closes[:, nodes] = windows.closes[route, column]
    service[:, nodes] = request.service
    return Batch(opens, closes, service, travel, used, own.end[route], own.breaks[:, :, route])


def inserted(batch: Batch, gap: Int32) -> Int32:
    """int32 (C, depth): committed order with the request (last node) in the given gap."""
    visits = batch.used.sum(axis=1).astype(np.int32) - 1
    depth = int(visits.max(initial=0)) + 1
    order = committed_orders(visits, depth)
    column = np.arange(depth, dtype=np.int32)
    shifted = np.concatenate([np.full((gap.size, 1), -1, np.int32), order[:, :-1]], axis=1)
    merged = np.where(column < gap[:, None], order, shifted)
    return np.where(column == gap[:, None], batch.opens.shape[1] - 1, merged).astype(np.int32)
