"""``slotsvc report depart | start | step | finish``: what happens on the road."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.moments import Moment, moment_of
from slotsvc.cli.options import request_id_option, service, service_options
from slotsvc.cli.piped import from_stdin

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.pb.v1.visit_service_pb2 import Visit

OUTCOMES = ("done", "incomplete", "client-absent", "no-access")


def report_options(command: Any) -> Any:
    """VISIT, --at and what every call takes."""
    for option in (
        service_options,
        request_id_option,
        click.option("--at", "moment", type=Moment(), help="When: 08:15.  [default: now]"),
        click.argument("name", metavar="VISIT"),
    ):
        command = option(command)
    return command


@click.group("report", short_help="Say what happens on the road.")
def report_group() -> None:
    """Say what happens on the road. Facts: never refused because the plan says otherwise."""


@report_group.command()
@report_options
def depart(name: str, **more: Any) -> None:
    """The technician left for VISIT; it is the day's next one."""
    from slotsvc.pb.v1.execution_service_pb2 import DepartForVisitRequest

    _report("DepartForVisit", DepartForVisitRequest(), name, **more)


@report_group.command()
@report_options
def start(name: str, **more: Any) -> None:
    """Work on VISIT began."""
    from slotsvc.pb.v1.execution_service_pb2 import StartVisitRequest

    _report("StartVisit", StartVisitRequest(), name, **more)


@report_group.command()
@report_options
@click.argument("step")
def step(name: str, step: str, **more: Any) -> None:
    """A step of your company's own was reached at VISIT."""
    from slotsvc.pb.v1.execution_service_pb2 import ReportStepRequest

    _report("ReportStep", ReportStepRequest(step=step), name, **more)


@report_group.command()
@click.option("--outcome", type=click.Choice(OUTCOMES), default="done", show_default=True)
@report_options
def finish(name: str, outcome: str, **more: Any) -> None:
    """Work on VISIT ended."""
    from slotsvc.pb.v1.execution_service_pb2 import FinishVisitRequest
    from slotsvc.pb.v1.visit_service_pb2 import Outcome

    value = Outcome.Value(f"OUTCOME_{outcome.upper().replace('-', '_')}")
    _report("FinishVisit", FinishVisitRequest(outcome=value), name, **more)


def _report(
    method: str,
    request: Any,
    name: str,
    *,
    moment: Any,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    from slotsvc.cli.channel import new_request_id
    from slotsvc.cli.clock import utc_now
    from slotsvc.cli.known_names import zone_of_visit
    from slotsvc.cli.names import chosen_tenant, full_name
    from slotsvc.pb.v1.visit_service_pb2 import GetVisitRequest

    name = from_stdin(name, "visit")
    with service(address, timeout, config_file) as connected:
        request.name = full_name(name, "visits", chosen_tenant(connected, name))
        request.request_id = request_id or new_request_id()
        before = GetVisitRequest(name=request.name)
        zone = zone_of_visit(connected, connected.ask(connected.visits.GetVisit, before).visit)
        if moment:
            request.time.FromDatetime(moment_of(moment, zone, utc_now()))
        visit = connected.ask(getattr(connected.execution, method), request).visit
        _show(visit, zone, as_json)


def _show(visit: Visit, zone: ZoneInfo, as_json: bool) -> None:
    from slotsvc.cli.as_json import echo_json, placed_json
    from slotsvc.cli.render_visit import visit_lines
    from slotsvc.cli.screen import show

    if as_json:
        echo_json({"visit": placed_json(visit)})
        return
    show(visit_lines(visit, zone))
