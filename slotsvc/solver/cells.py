"""Cells as ordering problems: routes with the request as one more node, the last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import Batch
from slotsvc.solver.insertion import Request, Windows
from slotsvc.solver.instance import FIRST_VISIT, INF, Bool, Int32

Index = NDArray[np.signedinteger]


def with_requests(
    arrays: TeamArrays, request: Request, windows: Windows, route: Index, column: Index
) -> Batch:
    """One cell per (route, window column), both (C,)."""
    own = arrays.batch
    nodes = int(own.used[route].sum(axis=1).max(initial=0)) + FIRST_VISIT
    size = (route.size, nodes + 1)
    opens, closes, service = np.zeros((3, *size), np.int32)
    used = np.ones(size, np.bool_)
    for wide, narrow in ((opens, own.opens), (closes, own.closes), (service, own.service)):
        wide[:, :nodes] = narrow[route, :nodes]
    travel = _block(own.travel, request.into, request.out, route, nodes)
    timed = own.legs is not own.travel or request.into_legs is not request.into
    legs = _block(own.legs, request.into_legs, request.out_legs, route, nodes) if timed else travel
    used[:, :nodes] = own.used[route, :nodes]
    opens[:, nodes] = windows.opens[route, column]
    closes[:, nodes] = windows.closes[route, column]
    service[:, nodes] = request.service[route]
    return Batch(
        opens, closes, service, travel, legs, used, _pausable(arrays, request, route, nodes),
        own.end[route], own.soft_end[route], own.max_travel[route], own.breaks[:, :, route],
    )  # fmt: skip


def _block(own: Int32, into: Int32, out: Int32, route: Index, nodes: int) -> Int32:
    """int32 (C, nodes + 1, nodes + 1)."""
    block = np.full((route.size, nodes + 1, nodes + 1), INF, np.int32)
    block[:, :nodes, :nodes] = own[route, :nodes, :nodes]
    block[:, :nodes, nodes] = into[route, :nodes]
    block[:, nodes, :nodes] = out[route, :nodes]
    return block


def _pausable(arrays: TeamArrays, request: Request, route: Index, nodes: int) -> Bool | None:
    own = arrays.batch.pausable
    if own is None and not request.pausable:
        return None
    found = np.zeros((route.size, nodes + 1), np.bool_)
    if own is not None:
        found[:, :nodes] = own[route, :nodes]
    found[:, nodes] = request.pausable
    return found


def with_order(path: Int32, gap: Int32, batch: Batch) -> Int32:
    """int32 (C, depth + 1): each path (-1 padded) with the request (last node) in its gap."""
    depth = path.shape[1] + 1
    column = np.arange(depth, dtype=np.int32)
    pad = np.full((gap.size, 1), -1, np.int32)
    kept, shifted = np.concatenate([path, pad], axis=1), np.concatenate([pad, path], axis=1)
    merged = np.where(column < gap[:, None], kept, shifted)
    return np.where(column == gap[:, None], batch.opens.shape[1] - 1, merged).astype(np.int32)
