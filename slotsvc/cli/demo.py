"""``slotsvc demo``: a town, a team, ten days of visits, and the slots for a new client."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import json_option
from slotsvc.cli.serve import free_to_listen, say_stopped, start_errors

if TYPE_CHECKING:
    from slotsvc.bootstrap import RunningServer
    from slotsvc.cli.demo_calls import DemoCalls
    from slotsvc.cli.demo_report import DemoReport
    from slotsvc.config import Settings
    from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsResponse

PORT = 50051
PORTAL_PORT = 8080
SEED = 7
STORIES = ("new-client", "broken-day")


@click.command(short_help="Rank slots for a new client of a busy team.")
@click.argument("story", type=click.Choice(STORIES), default=STORIES[0])
@click.option("--once", is_flag=True, help="Search, hold, confirm, reschedule, cancel; then end.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Where gRPC listens.  [default: 50051, or a free one]",
)
@click.option(
    "--portal-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Where browsers reach the portal.  [default: 8080, or a free one]",
)
@click.option(
    "--keep-data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the company here and use it again.  [default: thrown away]",
)
@json_option
def demo(
    story: str, once: bool, port: int | None, portal_port: int | None, keep_data: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Rank slots for a new client of a busy team in Monaco, open the portal; then stay up.

    `slotsvc demo broken-day` tells another story: a technician is sick over booked visits, a visit
    takes too long, a planner decides otherwise. It ends by itself, with exit code 0 if all of it
    went as it should.
    """
    from slotsvc.cli.town_map import packaged_town, user_cache

    if story == "broken-day":
        _broken_day(port or portal_port, keep_data, as_json)
        return
    if keep_data is not None:
        private_directory(keep_data)
    ports = free_port(port, PORT, once), free_port(portal_port, PORTAL_PORT, once)
    for one in filter(None, ports):
        free_to_listen(f"127.0.0.1:{one}")
    begun = time.perf_counter()
    compiled = packaged_town(user_cache(), quiet=as_json)
    compile_seconds = time.perf_counter() - begun
    with data_directory(keep_data) as data_dir:
        chosen = demo_settings(data_dir, compiled, *ports)
        running = Demo(chosen, once, as_json, {"compile": compile_seconds})
        with start_errors():
            code = asyncio.run(running.run())
    if not once:
        say_stopped(as_json)
    click.get_current_context().exit(code)


def _broken_day(port: int | None, keep_data: Path | None, as_json: bool) -> None:
    from slotsvc.cli.broken_day import tell_broken_day
    from slotsvc.cli.town_map import packaged_town, user_cache

    if port or keep_data is not None:
        raise click.UsageError("The broken day takes neither --port nor --keep-data.")
    compiled = packaged_town(user_cache(), quiet=as_json)
    with data_directory(None) as data_dir, start_errors():
        asyncio.run(tell_broken_day(demo_settings(data_dir, compiled), as_json))


@contextmanager
def data_directory(kept: Path | None) -> Iterator[Path]:
    """The directory to keep, or a fresh one that goes away."""
    if kept is not None:
        yield private_directory(kept)
        return
    with tempfile.TemporaryDirectory(prefix="slotsvc-demo-") as fresh:
        yield Path(fresh)


def free_port(wanted: int | None, usual: int, once: bool) -> int:
    """The port wanted; none wanted: the usual one if it is free and somebody may call, else any."""
    if wanted is not None:
        return wanted
    if once:
        return 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", usual))
        except OSError:
            return 0
    return usual


def demo_settings(data_dir: Path, compiled: Path, port: int = 0, portal_port: int = 0) -> Settings:
    """Settings that touch nothing outside ``data_dir``, whatever the environment says."""
    from slotsvc.config import Log, Portal, Settings, Tls

    return Settings.model_construct(
        **{name: field.get_default() for name, field in Settings.model_fields.items()}
        | {
            "data_dir": data_dir,
            "map_path": compiled,
            "grpc_addr": f"127.0.0.1:{port}",
            "http_addr": "127.0.0.1:0",
            "reflection": True,
            "auth": "off",
            "tls": Tls(),
            "log": Log(level="warning"),
            "portal": Portal(http_addr=f"127.0.0.1:{portal_port}", sink_path=data_dir / "letters"),
        }
    )


class Demo:
    """One run: server, company, story, portal. ``seconds``: time spent, by what it went to."""

    def __init__(
        self, chosen: Settings, once: bool, as_json: bool, seconds: dict[str, float]
    ) -> None:
        self.chosen = chosen
        self.once = once
        self.as_json = as_json
        self.seconds = seconds
        self.told = False

    async def run(self) -> int:
        """Serves while the story is told, and after it unless ``once``. The exit code."""
        from slotsvc.bootstrap import running
        from slotsvc.cli.serve import stop_event
        from slotsvc.server.logging import configure_logging

        configure_logging(self.chosen.log.format, self.chosen.log.level, sys.stderr)
        stop = stop_event()
        begun = time.perf_counter()
        async with running(self.chosen) as server:
            self.seconds["start"] = time.perf_counter() - begun
            await self._until_told(server, stop)
        return 0

    async def _until_told(self, server: RunningServer, stop: asyncio.Event) -> None:
        """Tells the story, and stays until ``stop`` unless ``once``.

        Raises what went wrong; a stop before the end is wrong too.
        """
        story = asyncio.create_task(self._story(server, stop))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({story, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not self.told and not story.done():
            story.cancel()
        try:
            await story
        except asyncio.CancelledError:
            raise CommandError("Stopped before the end.", "STOPPED", Exit.ERROR) from None

    async def _story(self, server: RunningServer, stop: asyncio.Event) -> None:
        from slotsvc.bootstrap import embedded_portal
        from slotsvc.cli.demo_calls import demo_calls
        from slotsvc.cli.demo_portal import open_doors
        from slotsvc.cli.demo_report import DemoReport

        report = DemoReport(server, ZoneInfo("UTC"), self.as_json, self.seconds)
        async with demo_calls(server.address) as calls:
            to_book = await tell(calls, report, once=self.once)
        begun = time.perf_counter()
        async with embedded_portal(self.chosen, server) as portal:
            await open_doors(portal, report, begun, to_book if self.once else "")
            report.end(once=self.once)
            self.told = True
            if not self.once:
                await stop.wait()


async def tell(calls: DemoCalls, report: DemoReport, *, once: bool) -> str:
    """The company, the search and, ``once``, the other four steps; then the portal's clients.

    Gives the id of a visit that waits to be booked by its client.
    """
    from slotsvc.cli import demo_setup, demo_steps
    from slotsvc.cli import demo_town as town
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.demo_clients import create_clients
    from slotsvc.cli.demo_fill import fill_days

    report.zone = ZoneInfo(town.ZONE)
    report.head()
    days = demo_setup.working_days(utc_now().astimezone(report.zone).date())
    with report.timed("company"):
        made = await demo_setup.create_company(calls, days)
    with report.filling() as told, report.timed("fill"):
        loads = await fill_days(calls, days, SEED, told)
    report.company(made, days, loads)
    answer, request, seconds = await demo_steps.search(calls, days)
    _, _, again = await demo_steps.search(calls, days)
    report.search(answer, request, seconds, again)
    if once:
        await _steps(calls, report, days, answer)
    with report.timed("clients"):
        return await create_clients(calls, days)


async def _steps(
    calls: DemoCalls, report: DemoReport, days: Sequence[date], answer: SuggestSlotsResponse
) -> None:
    from slotsvc.cli import demo_steps

    demo_steps.expect(bool(answer.slots), "no slot was found")
    held, step = await demo_steps.hold(calls, answer.slots[0])
    report.step(step)
    visit, step = await demo_steps.confirm(calls, held)
    report.step(step)
    visit, step = await demo_steps.reschedule(calls, days, visit)
    report.step(step)
    report.step(await demo_steps.cancel(calls, visit))
