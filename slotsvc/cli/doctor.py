"""``slotsvc doctor``: is this machine able to run the service, and does the service answer?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.failure import Exit
from slotsvc.cli.options import (
    Address,
    caller,
    caller_options,
    config_option,
    json_option,
    settings,
)
from slotsvc.cli.words import count_words

if TYPE_CHECKING:
    from slotsvc.cli.checks import Check

DIRECTORY = click.Path(file_okay=False, path_type=Path)
MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "bold red")}


@click.command()
@click.option("--address", type=Address(), help="The service.  [default: 127.0.0.1:50051]")
@click.option("--map", "map_path", type=DIRECTORY, help="The compiled map `serve` gets.")
@click.option("--data-dir", type=DIRECTORY, help="The directory `serve` gets.")
@click.option("--timeout", type=click.FloatRange(0.01, 60), default=2.0, show_default=True,
              help="Seconds to wait for the service.")  # fmt: skip
@click.option("--only", type=click.Choice(["machine", "server"]), help="Half of the checks.")
@caller_options[0]
@caller_options[1]
@caller_options[2]
@caller_options[3]
@config_option
@json_option
def doctor(
    address: str | None,
    map_path: Path | None,
    data_dir: Path | None,
    timeout: float,
    only: str | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Check what the service needs, and the running service. Exit code 3 when not ready.

    Give it what `serve` gets: --map, --data-dir, --config, --address.
    """
    from slotsvc.cli.checks import machine_checks, same_files, server_check

    chosen = settings(config_file, {"map_path": map_path, "data_dir": data_dir})
    there = address or chosen.grpc_addr
    checks = [] if only == "server" else machine_checks(chosen)
    if only != "machine":
        found = server_check(there, timeout, chosen.map_path, caller(chosen))
        shared = only or chosen.database_url is not None
        checks.append(found if shared else same_files(found, chosen.database_file, there))
    ready = all(check.state != "fail" for check in checks)
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(report(ready, checks))
    else:
        _show(verdict(checks, only), checks)
    if not ready:
        click.get_current_context().exit(Exit.NOT_READY)


def report(ready: bool, checks: list[Check]) -> dict[str, Any]:
    """``ready`` and every check."""
    from dataclasses import asdict

    return {"ready": ready, "checks": [asdict(check) for check in checks]}


def verdict(checks: list[Check], only: str | None) -> str:
    """The last line: what is ready, and how much of it was looked at."""
    if any(check.state == "fail" for check in checks):
        return "Not ready."
    warned = sum(check.state == "warn" for check in checks)
    what = {"machine": "this machine; the service was not asked", "server": "the service"}
    told = what.get(only or "", "this machine and the service")
    return f"Ready: {told}" + (f", {count_words(warned, 'warning')}." if warned else ".")


def _show(told: str, checks: list[Check]) -> None:
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
    show([Text(told, "bold" if told.startswith("Ready") else "bold red")], screen)
