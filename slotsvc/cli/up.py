"""``slotsvc up``: the service and its company's portal, in this process until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.options import Address, settings
from slotsvc.cli.portal_start import free_for_portal, portal_errors
from slotsvc.cli.serve import (
    check_place,
    listen_options,
    nested,
    ready_json,
    say_ready,
    say_stopped,
    start_errors,
    stop_event,
)

if TYPE_CHECKING:
    from slotsvc.bootstrap import NoPortal, RunningServer
    from slotsvc.config import Settings
    from slotsvc.portal.running import RunningPortal


def portal_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """The portal's settings worth a flag."""
    for option in (
        click.option("--sink", "sink_path", type=click.Path(file_okay=False, path_type=Path),
                     help="Write letters and text messages here instead of sending them."),
        click.option("--public-url", metavar="URL", help="What links in letters begin with."),
        click.option("--tenant", metavar="TENANT",
                     help="Whose portal.  [default: the only company's]"),
        click.option("--portal", "portal_addr", type=Address(or_off=True),
                     help="Where browsers reach the portal; off: nowhere."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command(short_help="Run everything in one process, on the packaged town.")
@listen_options
@portal_options
def up(config_file: Path | None, as_json: bool, **flags: Any) -> None:
    """Run the service and the portal in one process, on the packaged town unless a map is given.

    The portal opens when there is a company for it: the only one, or --tenant.
    """
    from slotsvc.cli.town_map import packaged_town

    chosen = settings(config_file, nested(portal_flags(flags)))
    check_place(chosen)
    free_for_portal(chosen)
    if chosen.map_path is None and chosen.osrm_url is None:
        town = packaged_town(chosen.data_dir / "maps", quiet=as_json)
        chosen = chosen.model_copy(update={"map_path": town})
    with start_errors(), portal_errors():
        code = asyncio.run(_up(chosen, as_json))
    say_stopped(as_json)
    click.get_current_context().exit(code)


def portal_flags(flags: dict[str, Any]) -> dict[str, Any]:
    """``portal_options`` as the group of settings they are."""
    group = {name: flags.pop(name) for name in ("tenant", "public_url", "sink_path")}
    group["http_addr"] = flags.pop("portal_addr")
    return {**flags, "portal": group}


async def _up(chosen: Settings, as_json: bool) -> int:
    from slotsvc.bootstrap import run_up

    async def ready(server: RunningServer, portal: RunningPortal | NoPortal) -> None:
        await say_up(chosen, server, portal, as_json)

    code: int = await run_up(chosen, on_ready=ready, until=stop_event())
    return code


async def say_up(
    chosen: Settings, server: RunningServer, portal: RunningPortal | NoPortal, as_json: bool
) -> None:
    """What runs where, and what to do next."""
    from slotsvc.cli.next_steps import next_steps, portal_json

    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(ready_json(server) | {"portal": portal_json(portal)})
        return
    say_ready(server, chosen, as_json)
    for line in await next_steps(chosen, server, portal):
        click.echo(line)
