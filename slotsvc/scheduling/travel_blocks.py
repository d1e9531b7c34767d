"""Full pairwise driving among the places of a route, asking roads only for what is not known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.errors import TravelError
from slotsvc.domain.place import Location
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.travel_port import (
    Provenance,
    TravelTable,
    TravelTimes,
    TravelUnavailableError,
)

TRIES_ON_ONE_MAP = 3
"""Two tables for one answer are asked for so often while the map is being replaced."""


async def block_over(
    travel: TravelTimes, places: Sequence[Location], known: TravelBlock | None
) -> TravelBlock:
    """A block over the distinct ``places``; pairs in ``known`` are taken over as they are.

    Estimated pairs are asked anew, and kept only while roads still do not answer. Pairs read on
    another map stay as they were judged; ``map_id`` then names both. Raises ``TravelError``.
    """
    wanted = tuple(dict.fromkeys(places))
    if known is not None and known.provenance is Provenance.ESTIMATE:
        anew = await block_over(travel, places, None)
        known = anew if anew.provenance is Provenance.LIVE else known
    old = known.places if known else ()
    fresh = [p for p in wanted if p not in old]
    if known is not None and not fresh:
        return _part(known, wanted)
    if len(wanted) == 1:
        zero = np.zeros((1, 1), np.int32)
        return TravelBlock(wanted, zero, travel.map_id, Provenance.LIVE)
    out, into = await both_ways(travel, fresh, wanted)
    seconds = np.zeros((len(wanted), len(wanted)), np.int32)
    kept = [i for i, p in enumerate(wanted) if p in old]
    new = [i for i, p in enumerate(wanted) if p not in old]
    if known is not None:
        seconds[np.ix_(kept, kept)] = _part(known, [wanted[i] for i in kept]).seconds
    seconds[new, :] = out.seconds
    seconds[:, new] = into.seconds
    np.fill_diagonal(seconds, 0)
    estimated = Provenance.ESTIMATE in {
        out.provenance, into.provenance, known.provenance if known and kept else Provenance.LIVE
    }  # fmt: skip
    map_id = _joined(known.map_id if known and kept else out.map_id, out.map_id)
    return TravelBlock(
        wanted, seconds, map_id, Provenance.ESTIMATE if estimated else Provenance.LIVE
    )


def known_block(places: Sequence[Location], known: TravelBlock | None) -> TravelBlock | None:
    """The block over the distinct ``places`` where no roads need be asked for it: all its pairs are
    known and none is only estimated, or it is one place. None: roads must be asked."""
    wanted = tuple(dict.fromkeys(places))
    if known is None or known.provenance is Provenance.ESTIMATE:
        return None
    if known.places == wanted:
        return known
    return _part(known, wanted) if set(wanted) <= set(known.places) else None


async def both_ways(
    travel: TravelTimes, places: Sequence[Location], others: Sequence[Location]
) -> tuple[TravelTable, TravelTable]:
    """From ``places`` to ``others``, and back, at once. What roads say is of one map: where it is
    replaced between the two, both are asked again. One may be LIVE and the other an ESTIMATE.

    Raises ``TravelError``.
    """
    for _ in range(TRIES_ON_ONE_MAP):
        out, into = await asyncio.gather(
            table(travel, places, others), table(travel, others, places)
        )
        if out.map_id == into.map_id or out.provenance is not into.provenance:
            return out, into
    raise TravelError("the map is being replaced")


async def table(
    travel: TravelTimes, sources: Sequence[Location], destinations: Sequence[Location]
) -> TravelTable:
    """As ``travel.table``, with the error that callers are told. Raises ``TravelError``."""
    try:
        return await travel.table(sources, destinations)
    except TravelUnavailableError as error:
        raise TravelError("no travel time can be had") from error


def _joined(old: str, new: str) -> str:
    """Both map ids, each once, when they differ."""
    return "+".join(dict.fromkeys((*old.split("+"), new)))


def _part(block: TravelBlock, places: Sequence[Location]) -> TravelBlock:
    """The block over some of its places, in the given order."""
    rows = [block.places.index(p) for p in places]
    return TravelBlock(
        tuple(places), block.seconds[np.ix_(rows, rows)], block.map_id, block.provenance
    )


def legs_among(block: TravelBlock, places: Sequence[Location]) -> NDArray[np.int32]:
    """int32 (n, n) over ``places``, which may repeat."""
    rows = [block.places.index(p) for p in places]
    return block.seconds[np.ix_(rows, rows)]
