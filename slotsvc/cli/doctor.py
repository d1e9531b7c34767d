"""``slotsvc doctor``: is this machine able to run the service, and does the service answer?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.failure import Exit
from slotsvc.cli.options import config_option, json_option, settings

if TYPE_CHECKING:
    from slotsvc.cli.checks import Check

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "bold red")}


@click.command()
@click.option("--address", metavar="HOST:PORT", help="The service.  [default: 127.0.0.1:50051]")
@click.option("--timeout", type=click.FloatRange(0.01, 60), default=2.0, show_default=True,
              help="Seconds to wait for the service.")  # fmt: skip
@click.option("--only", type=click.Choice(["machine", "server"]), help="Half of the checks.")
@config_option
@json_option
def doctor(
    address: str | None,
    timeout: float,
    only: str | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Check what the service needs, and the running service. Exit code 3 when not ready."""
    from slotsvc.cli.checks import machine_checks, server_check

    chosen = settings(config_file)
    checks = [] if only == "server" else machine_checks(chosen)
    if only != "machine":
        checks.append(server_check(address or chosen.grpc_addr, timeout))
    ready = all(check.state != "fail" for check in checks)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(report(ready, checks))
    else:
        _show(ready, checks)
    if not ready:
        click.get_current_context().exit(Exit.NOT_READY)


def report(ready: bool, checks: list[Check]) -> dict[str, Any]:
    """``ready`` and every check."""
    from dataclasses import asdict

    return {"ready": ready, "checks": [asdict(check) for check in checks]}


def _show(ready: bool, checks: list[Check]) -> None:
    from rich.text import Text

    from slotsvc.cli.screen import console, paragraph, show

    screen = console()
    for check in checks:
        mark, style = MARKS[check.state]
        mark = mark if screen.encoding.lower().startswith("utf") else check.state
        line = Text.assemble((mark, style), "  ", (f"{check.name:<10}", "bold"), check.detail)
        show([line], screen)
        if check.action:
            show((Text(t, "dim") for t in paragraph(check.action, screen.width, 13)), screen)
    show([Text("Ready." if ready else "Not ready.", "bold" if ready else "bold red")], screen)
