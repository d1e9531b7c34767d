"""The engines of the comparison. Needs the packages of the bench group."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peers.cp_sat_peer import CpSat
from benchmarks.peers.days import Peer, SlotPeer
from benchmarks.peers.pyvrp_peer import PyVrp
from benchmarks.peers.routing_peer import Routing
from benchmarks.peers.timefold_peer import Timefold
from benchmarks.peers.vroom_peer import Vroom, VroomBySlot


def cell_peers() -> list[Peer]:
    """Asked day by day."""
    return [Vroom(0), Vroom(1), Vroom(5), PyVrp(), Routing(), CpSat()]


def slot_peers(timefold: Path | None) -> list[SlotPeer]:
    """Asked slot by slot: they choose the technician. ``timefold``: a Python that has it."""
    return [VroomBySlot(1), VroomBySlot(5), *([Timefold(timefold)] if timefold else [])]
