"""Machine code of the search and of the road engine, made before anybody waits for it.

``python -m slotsvc.bootstrap.warm_up`` makes it once after the installation, so that the first
start of the service does not wait for the compiler.
"""

from __future__ import annotations

import asyncio
import sys
import time
from functools import cache

import click
import structlog

from slotsvc.solver import warm_up as solver
from slotsvc.solver.compiled import KEPT_IN
from slotsvc.travel import road_warm_up

_log = structlog.get_logger(__name__)


@cache
def loaded() -> None:
    """Loads what every ranking needs, once in a process; compiles what is not kept yet."""
    if KEPT_IN is None or not any(KEPT_IN.iterdir()):
        _log.warning("compiling the search for this machine, which takes a minute", kept=KEPT_IN)
    solver.warm_up()


async def loading() -> None:
    """``loaded``, in a thread."""
    await asyncio.to_thread(loaded)


def main() -> int:
    """Says on the error stream that it takes a while."""
    begun = time.monotonic()
    click.echo("slotsvc: compiling the search for this machine (once) ...", err=True)
    solver.warm_up()
    road_warm_up.warm_up()
    click.echo(f"slotsvc: compiled in {time.monotonic() - begun:.0f} s", err=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
