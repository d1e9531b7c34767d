"""The search, loaded before the service is ready: nobody waits for machine code."""

from __future__ import annotations

import asyncio
import gc
from functools import cache

import structlog

from slotsvc.solver.compiled import KEPT_IN
from slotsvc.solver.warm_up import warm_up

_log = structlog.get_logger(__name__)


@cache
def loaded() -> None:
    """Loads what every ranking needs, once in a process; compiles what is not kept yet."""
    if KEPT_IN is None or not any(KEPT_IN.iterdir()):
        _log.warning("compiling the search for this machine, which takes a minute")
    warm_up()


async def loading() -> None:
    """``loaded``, in a thread."""
    await asyncio.to_thread(loaded)


def settle() -> None:
    """For a process of its own, once all is loaded: the garbage collector looks at it no more.

    What a start leaves behind stays for ever; walking through it took the interpreter a tenth of a
    second, in the middle of somebody's call.
    """
    gc.collect()
    gc.freeze()
