"""Machine code of the search and of the road engine, made once after the installation.

``python -m slotsvc.bootstrap.warm_up``: the first start of the service then does not wait for the
compiler.
"""

from __future__ import annotations

import subprocess
import sys
import time

import click

from slotsvc.solver import warm_up
from slotsvc.solver.compiled import forget_older


def main() -> int:
    """The two side by side, for the compiler uses one core; says that it takes a while."""
    begun = time.monotonic()
    click.echo("slotsvc: compiling the search for this machine (once) ...", err=True)
    roads = subprocess.Popen([sys.executable, "-m", "slotsvc.travel.road_warm_up"])
    warm_up.warm_up()
    if roads.wait():
        return 1
    forget_older()
    click.echo(f"slotsvc: compiled in {time.monotonic() - begun:.0f} s", err=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
