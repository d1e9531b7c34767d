"""``slotsvc company export | import``: what a company set up, as one JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import service, service_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from slotsvc.cli.channel import Service
    from slotsvc.cli.company_kinds import Kind


@click.group("company")
def company_group() -> None:
    """What a company set up, as one JSON file."""


@company_group.command("export", short_help="Print everything a company set up.")
@click.option("--tenant", metavar="TENANT", help="Whose.  [default: the only tenant]")
@service_options
def export(
    tenant: str | None, address: str | None, timeout: float, config_file: Path | None, as_json: bool
) -> None:
    """Print the tenant, its teams, technicians, sites … and all their dates, as JSON.

    An administrator's key reads everything; a planner's leaves out why people are absent.
    """
    from slotsvc.cli.as_json import echo_json
    from slotsvc.cli.company_kinds import IN_ORDER
    from slotsvc.cli.names import named_tenant

    with service(address, timeout, config_file) as connected:
        name = named_tenant(connected, tenant)
        written: dict[str, Any] = {"tenant": _plain(_tenant(connected, name))}
        for kind in IN_ORDER:
            written[kind.many] = [_plain(one) for one in kind.all_of(connected, name)]
    echo_json(written)


@company_group.command("import", short_help="Create and change what a file says.")
@click.argument("file", type=click.File(encoding="utf-8"))
@service_options
def import_company(
    file: Any, address: str | None, timeout: float, config_file: Path | None, as_json: bool
) -> None:
    """Create what FILE has and the service has not, and change what differs; "-" is stdin.

    FILE is as `slotsvc company export` prints it; it names the tenant, and any part of the rest.
    Each entry is whole: what it leaves out is unset. Nothing is deleted. Interrupted or refused
    half-way, it can be run again. A new tenant is an operator's to make: import it alone first.
    """
    from slotsvc.cli.as_json import echo_json

    wanted = list(_read(file))
    with service(address, timeout, config_file) as connected:
        done = _bring(connected, wanted)
    if as_json:
        echo_json(done)
    else:
        told = ", ".join(f"{len(names)} {verb}" for verb, names in done.items())
        click.echo(told[:1].upper() + told[1:] + ".")


def _tenant(connected: Service, name: str) -> Message:
    from slotsvc.pb.v1.calendar_service_pb2 import GetTenantRequest

    return connected.ask(connected.calendar.GetTenant, GetTenantRequest(name=name)).tenant


def _plain(message: Any) -> dict[str, Any]:
    """What is set, without the etag, which means nothing to another service."""
    from google.protobuf.json_format import MessageToDict

    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    found.pop("etag", None)
    return found


def _read(file: Any) -> Iterator[tuple[Kind, Message]]:
    """Everything of the file, in the order in which it can be made. Raises ``CommandError``."""
    from slotsvc.cli.company_kinds import IN_ORDER, TENANT

    try:
        written = json.load(file)
    except ValueError as error:
        raise _wrong_file(f"it is no JSON: {error}") from None
    if not isinstance(written, dict) or not isinstance(written.get("tenant"), dict):
        raise _wrong_file("it has no tenant")
    unknown = set(written) - {"tenant", *(kind.many for kind in IN_ORDER)}
    if unknown:
        raise _wrong_file(f"nothing is called {min(unknown)}")
    yield TENANT, _message(TENANT, written["tenant"], "tenant")
    for kind in IN_ORDER:
        for index, one in enumerate(written.get(kind.many, ())):
            yield kind, _message(kind, one, f"{kind.many}[{index}]")


def _message(kind: Kind, value: Any, path: str) -> Message:
    from google.protobuf.json_format import ParseDict, ParseError

    from slotsvc.pb.v1 import calendar_service_pb2 as messages

    message: Message = getattr(messages, kind.word)()
    try:
        return ParseDict(value, message)
    except (ParseError, AttributeError, TypeError) as error:
        raise _wrong_file(f"{path}: {error}") from None


def _wrong_file(why: str) -> CommandError:
    return CommandError(f"The file cannot be read: {why}.", "COMPANY_FILE", Exit.USAGE)


def _bring(connected: Service, wanted: list[tuple[Kind, Any]]) -> dict[str, list[str]]:
    """Names of what was created, what was changed, and what was there as it is."""
    done: dict[str, list[str]] = {"created": [], "changed": [], "as they were": []}
    for kind, one in wanted:
        done[_put(connected, kind, one)].append(one.name)
    return done


def _put(connected: Service, kind: Kind, one: Any) -> str:
    from slotsvc.cli.channel import new_request_id

    there = _found(connected, kind, one.name)
    if there is None:
        parent, _, id = one.name.rpartition("/")
        request = {kind.field: one, f"{kind.field}_id": id, "request_id": new_request_id()}
        if "/" in parent:
            request["parent"] = parent.rpartition("/")[0]
        kind.call(connected, "Create", **request)
        return "created"
    one.etag = there.etag
    if one == there:
        return "as they were"
    mask = {"paths": ["*"]}
    answer = kind.call(
        connected, "Update", **{kind.field: one}, update_mask=mask, request_id=new_request_id()
    )
    # what the file leaves out has a default, which only the service knows
    stored = getattr(answer, kind.field)
    stored.etag = there.etag
    return "as they were" if stored == there else "changed"


def _found(connected: Service, kind: Kind, name: str) -> Any:
    """As the service has it; None: it has not."""
    try:
        return getattr(kind.call(connected, "Get", name=name), kind.field)
    except CommandError as error:
        if error.reason == "NOT_FOUND":
            return None
        raise
