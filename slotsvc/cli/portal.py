"""``slotsvc portal …``: run the portal, and set it up without its pages."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import Address, config_option, json_option, settings
from slotsvc.cli.portal_keys import new_keys
from slotsvc.cli.portal_lists import clients, credits_, units
from slotsvc.cli.portal_people import code, first_admin, link
from slotsvc.cli.portal_setup import apply
from slotsvc.cli.portal_start import free_for_portal, portal_errors
from slotsvc.cli.serve import say_stopped, start_errors, stop_event

if TYPE_CHECKING:
    from slotsvc.config import Settings
    from slotsvc.portal.running import RunningPortal


@click.group("portal")
def portal_group() -> None:
    """The pages for a company's clients and people.

    All but `serve` work on the portal's own files, whether it runs or not.
    """


@portal_group.command(short_help="Run the portal alone, on a service elsewhere.")
@json_option
@config_option
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path),
              help="Where the portal keeps its files.")  # fmt: skip
@click.option("--sink", "sink_path", type=click.Path(file_okay=False, path_type=Path),
              help="Write letters and text messages here instead of sending them.")  # fmt: skip
@click.option("--public-url", metavar="URL", help="What links in letters begin with.")
@click.option("--tenant", metavar="TENANT", help="Whose portal.")
@click.option("--service", "service_address", type=Address(), help="The service.")
@click.option("--address", "http_addr", type=Address(), help="Where browsers reach the portal.")
def serve(config_file: Path | None, as_json: bool, data_dir: Path | None, **portal: Any) -> None:
    """Run the portal of one company in this process, on the service at --service.

    It calls with two keys, SLOTSVC_PORTAL__PORTAL_KEY (role PORTAL) and
    SLOTSVC_PORTAL__PLANNER_KEY (role PLANNER), and trusts SLOTSVC_CLIENT_TLS__CA_PATH.
    """
    chosen = settings(config_file, {"data_dir": data_dir, "portal": portal})
    _check(chosen)
    private_directory(chosen.data_dir)
    free_for_portal(chosen)
    with start_errors(), portal_errors():
        code = asyncio.run(_serve(chosen, as_json))
    say_stopped(as_json)
    click.get_current_context().exit(code)


def _check(chosen: Settings) -> None:
    """Raises ``CommandError`` for settings that a portal cannot run with."""
    given = chosen.portal
    wrong = []
    if given.tenant is None:
        wrong.append(("portal.tenant", "required: whose portal (--tenant)"))
    if given.http_addr == "off":
        wrong.append(("portal.http_addr", "must be an address"))
    for name in ("portal_key", "planner_key"):
        if chosen.auth == "keys" and getattr(given, name) is None:
            wrong.append((f"portal.{name}", "required, unless auth is off"))
    if wrong:
        text = "The portal cannot run with these settings."
        hint = "`slotsvc key create portal` and `key create planner` make the keys."
        raise CommandError(text, "SETTINGS", Exit.USAGE, hint, violations=wrong)


async def _serve(chosen: Settings, as_json: bool) -> int:
    from slotsvc.bootstrap import run_portal

    async def ready(portal: RunningPortal) -> None:
        say_ready(portal, as_json)

    code: int = await run_portal(chosen, on_ready=ready, until=stop_event())
    return code


def say_ready(portal: RunningPortal, as_json: bool) -> None:
    """Where it is."""
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json({"ready": True, "address": portal.address, "url": portal.url})
        return
    click.echo(f"Portal at {portal.address}. Ctrl-C stops it.")
    click.echo(f"Clients: {portal.url}/  Company: {portal.url}/company/")


for command in (apply, first_admin, code, link, units, clients, credits_, new_keys):
    portal_group.add_command(command)
