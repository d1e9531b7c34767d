"""``slotsvc`` on a host whose clock is wrong.

Usage: python tests/chaos/wrong_clock.py FILE serve …
FILE holds the seconds by which the clock is ahead; it is read at the start, and again at SIGUSR1:
then the clock jumps. The time of day is wrong for everything that runs in Python, the service and
its libraries; gRPC's own arithmetic, half of which is not Python, keeps the right one.
"""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import time_machine
from grpc._cython import cygrpc

from slotsvc.cli.main import main


def ahead(file: Path) -> timedelta:
    """By so much, the file says."""
    return timedelta(seconds=float(file.read_text()))


if __name__ == "__main__":
    told = Path(sys.argv.pop(1))
    right = time_machine.escape_hatch
    travel = time_machine.travel(datetime.now(UTC) + ahead(told), tick=True).start()
    cygrpc.time = SimpleNamespace(time=right.time.time)

    def jump(*_: object) -> None:
        """To what the file says now."""
        travel.move_to(right.datetime.datetime.now(UTC) + ahead(told), tick=True)

    signal.signal(signal.SIGUSR1, jump)
    main()
