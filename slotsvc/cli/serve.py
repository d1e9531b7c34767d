"""``slotsvc serve``: run the service in this process until told to stop."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.call_lines import call_lines
from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import Address, config_option, json_option, settings
from slotsvc.cli.words import sentence

if TYPE_CHECKING:
    from slotsvc.bootstrap import RunningServer
    from slotsvc.config import Settings

STOPPING = (signal.SIGINT, signal.SIGTERM)


def listen_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """The settings worth a flag; the others stand in the TOML file or the environment."""
    directory = click.Path(file_okay=False, path_type=Path)
    for option in (
        json_option,
        config_option,
        click.option("--log", "log_level", help="debug, info, warning or error.",
                     type=click.Choice(["debug", "info", "warning", "error"])),
        click.option("--allow-insecure", is_flag=True, default=None,
                     help="Listen beyond this machine without TLS or without keys."),
        click.option("--auth", type=click.Choice(["keys", "off"]),
                     help="off: anybody who can connect may do anything.  [default: keys]"),
        click.option("--reflection/--no-reflection", default=None,
                     help="Let clients ask for the service's descriptors."),
        click.option("--osrm-url", metavar="URL", help="Use this OSRM server, not a child."),
        click.option("--map", "map_path", type=directory, help="Compiled map to plan on."),
        click.option("--data-dir", type=directory, help="Where the service keeps its files."),
        click.option("--http", "http_addr", type=Address(or_off=True),
                     help="Where metrics and health are served; off: nowhere."),
        click.option("--address", "grpc_addr", type=Address(), help="Where gRPC listens."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@listen_options
def serve(config_file: Path | None, as_json: bool, **flags: Any) -> None:
    """Run the gRPC service. Without a map driving times are estimates."""
    run(settings(config_file, nested(flags)), as_json)


def nested(flags: dict[str, Any]) -> dict[str, Any]:
    """Flags as the tree of settings has them."""
    level = flags.pop("log_level")
    return {**flags, "log": {"level": level}}


def run(chosen: Settings, as_json: bool) -> None:
    """Serves until SIGINT or SIGTERM, drains, and ends with the server's exit code."""
    check_place(chosen)
    with start_errors():
        code = asyncio.run(_serve(chosen, as_json))
    say_stopped(as_json)
    click.get_current_context().exit(code)


def say_stopped(as_json: bool) -> None:
    """The last line of what serves; on a terminal it stands below the ^C."""
    if not as_json:
        click.echo("\nStopped." if sys.stdout.isatty() else "Stopped.")


def check_place(chosen: Settings) -> None:
    """Raises ``CommandError`` when the files or the ports cannot be had, before any long work."""
    private_directory(chosen.data_dir)
    for address in (chosen.grpc_addr, chosen.http_addr):
        if address != "off":
            free_to_listen(address)


def free_to_listen(address: str) -> None:
    """Raises ``CommandError`` when nobody can listen there. gRPC would print lines of its own."""
    from slotsvc.config import split_address

    host, port = split_address(address)
    try:
        kind, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise _cannot_listen(address, error) from None


def _cannot_listen(address: str, error: OSError) -> CommandError:
    if error.errno == errno.EADDRINUSE:
        text, reason = f"Something listens at {address} already.", "ADDRESS_IN_USE"
    else:
        why = (error.strerror or f"{error}").lower()
        text, reason = f"Nobody can listen at {address}: {why}.", "ADDRESS_REFUSED"
    hint = "Give another --address, or --http for metrics (--port for the demo)."
    return CommandError(text, reason, Exit.NOT_READY, hint)


@contextmanager
def start_errors() -> Iterator[None]:
    """Says in one sentence why the service could not start."""
    from slotsvc.domain.errors import SlotsvcError
    from slotsvc.server.key_ring import KeyRingError
    from slotsvc.travel.map_info import MapError

    try:
        yield
    except SlotsvcError as error:
        raise CommandError(sentence(error.message), error.reason, Exit.NOT_READY) from error
    except (MapError, KeyRingError, OSError) as error:
        raise CommandError(sentence(f"{error}"), "NOT_STARTED", Exit.NOT_READY) from error
    except RuntimeError as error:
        # gRPC has no kind of its own for an address it cannot listen on
        if "bind" not in f"{error}":
            raise
        text = sentence(f"{error}".partition(";")[0])
        hint = "Another service may be there: give another --address (--port for the demo)."
        raise CommandError(text, "ADDRESS_IN_USE", Exit.NOT_READY, hint) from error


async def _serve(chosen: Settings, as_json: bool) -> int:
    from slotsvc.bootstrap import run_server

    async def ready(running: RunningServer) -> None:
        say_ready(running, chosen, as_json)

    code: int = await run_server(chosen, on_ready=ready, until=stop_event())
    return code


def stop_event() -> asyncio.Event:
    """Set by SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, stop.set)
    return stop


def say_ready(running: RunningServer, chosen: Settings, as_json: bool) -> None:
    """What was chosen, that it is ready, and how to call it."""
    if as_json:
        from slotsvc.cli.as_json import echo_json

        echo_json(ready_json(running))
        return
    for line in running.summary:
        click.echo(line)
    click.echo(f"Ready at {running.address}. Ctrl-C stops it.")
    for number, call in enumerate(call_lines(running.address, chosen)):
        click.echo(("         " if number else "Call it: ") + call)


def ready_json(running: RunningServer) -> dict[str, Any]:
    """Where the service is."""
    info = running.map_info
    return {
        "ready": True,
        "address": running.address,
        "metrics_address": running.metrics_address,
        "map_id": info.map_id if info else None,
        "summary": list(running.summary),
    }
