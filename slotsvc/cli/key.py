"""``slotsvc key first | create | list | revoke``: who may call."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotsvc.cli.data_dir import private_directory
from slotsvc.cli.failure import CommandError, Exit
from slotsvc.cli.options import (
    config_option,
    json_option,
    request_id_option,
    service,
    service_options,
    settings,
)
from slotsvc.cli.words import sentence, short

if TYPE_CHECKING:
    from slotsvc.cli.channel import Service
    from slotsvc.config import Settings
    from slotsvc.pb.v1.access_service_pb2 import ApiKey
    from slotsvc.pb.v1.options_pb2 import Role

ROLES = (
    "operator", "administrator", "planner", "integrator", "technician", "client", "portal",
)  # fmt: skip
OPERATORS = "service"
"""Parent of the keys that belong to no tenant."""
ONCE = "This is the only time the key is shown; whoever has it may use it."


@click.group("key")
def key_group() -> None:
    """API keys: who may call the service, as what."""


@key_group.command("first", short_help="Make the first key of a service, an operator's.")
@click.option("--name", "display_name", default="first", show_default=True,
              help="What the key is for.")  # fmt: skip
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path),
              help="Where the service keeps its files.")  # fmt: skip
@config_option
@json_option
def first(
    display_name: str, data_dir: Path | None, config_file: Path | None, as_json: bool
) -> None:
    """Make an operator's key, in the database itself; no service may run on a file meanwhile.

    The operator creates companies (tenants) and the first key of each. Only while there is no other
    live operator's key. When that is lost: serve with --auth off on this machine, revoke it
    (`slotsvc key list`, `slotsvc key revoke`), stop, and make a new one.

    \b
    slotsvc key first > operator.key
    """
    chosen = settings(config_file, {"data_dir": data_dir})
    if chosen.database_url is None:
        private_directory(chosen.database_file.parent)
    _show_secret(_first(chosen, display_name), None, as_json)


def _first(chosen: Settings, display_name: str) -> str:
    from slotsvc.bootstrap.stores import open_store
    from slotsvc.domain.errors import SlotsvcError
    from slotsvc.scheduling.api_keys import ApiKeys

    try:
        store = open_store(chosen)
    except SlotsvcError as error:
        raise CommandError(sentence(error.message), error.reason, Exit.NOT_READY) from None
    try:
        return asyncio.run(ApiKeys(store).first(display_name))
    except SlotsvcError as error:
        raise CommandError(sentence(error.message), error.reason) from None
    finally:
        store.close()


@key_group.command("create")
@click.argument("role", type=click.Choice(ROLES))
@click.option("--tenant", default="", help="Whose key; needed for every role but operator.")
@click.option("--name", "display_name", required=True, help="What or who uses it.")
@click.option("--client", default="", help="The client's reference, for the role client.")
@click.option("--technician", default="", help="The technician's id, for the role technician.")
@click.option("--method", "methods", multiple=True, metavar="SERVICE[/METHOD]",
              help="Only this, such as SlotService; may be repeated.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3660), help="Expires after so many.")
@request_id_option
@service_options
def create(
    role: str,
    tenant: str,
    display_name: str,
    client: str,
    technician: str,
    methods: tuple[str, ...],
    days: int | None,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Make a key of ROLE, and print it once.

    \b
    slotsvc key create administrator --tenant acme --name "Back office"
    slotsvc key create technician --tenant acme --technician ann --name "Ann's phone"
    """
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.access_service_pb2 import ApiKey, CreateApiKeyRequest

    parent = _parent(tenant)
    key = ApiKey(display_name=display_name, role=_role(role), client=client, methods=methods)
    if technician:
        key.technician = f"{parent}/technicians/{technician}"
    if days is not None:
        key.expire_time.FromDatetime(_in_days(days))
    request = CreateApiKeyRequest(
        parent=parent, api_key=key, request_id=request_id or new_request_id()
    )
    with service(address, timeout, config_file) as connected:
        made = connected.ask(connected.access.CreateApiKey, request)
    if not made.secret:
        raise CommandError(
            "This request_id made its key before; it is not shown again.",
            "SHOWN_ONCE",
            hint=f"Revoke {made.api_key.name}, and make another.",
        )
    _show_secret(made.secret, made.api_key, as_json)


@key_group.command("list")
@click.option("--tenant", default="", help="Whose keys; yours too.  [default: operators']")
@service_options
def list_keys(
    tenant: str, address: str | None, timeout: float, config_file: Path | None, as_json: bool
) -> None:
    """List keys, revoked and expired ones too. The keys themselves are never shown."""
    with service(address, timeout, config_file) as connected:
        found = _all_keys(connected, _parent(tenant))
    if as_json:
        from slotsvc.cli.as_json import as_json as told
        from slotsvc.cli.as_json import echo_json

        echo_json({"api_keys": [told(key) for key in found]})
        return
    for key in found:
        click.echo(key_line(key))
    if not found:
        click.echo("No keys.")


@key_group.command("revoke")
@click.argument("key")
@click.option("--tenant", default="", help="Whose key, when KEY is only its id.")
@request_id_option
@service_options
def revoke(
    key: str,
    tenant: str,
    request_id: str | None,
    address: str | None,
    timeout: float,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """End KEY (its id, or its name) for good, at once."""
    from slotsvc.cli.channel import new_request_id
    from slotsvc.pb.v1.access_service_pb2 import RevokeApiKeyRequest

    name = key if "/" in key else f"{_parent(tenant)}/apiKeys/{key}"
    request = RevokeApiKeyRequest(name=name, request_id=request_id or new_request_id())
    with service(address, timeout, config_file) as connected:
        revoked = connected.ask(connected.access.RevokeApiKey, request).api_key
    if as_json:
        from slotsvc.cli.as_json import as_json as told
        from slotsvc.cli.as_json import echo_json

        echo_json({"api_key": told(revoked)})
    else:
        click.echo(f"Revoked {revoked.name} ({revoked.display_name}).")


def key_line(key: ApiKey) -> str:
    """Id, role, whose, and how it stands."""
    from slotsvc.pb.v1.options_pb2 import Role

    role = Role.Name(key.role).removeprefix("ROLE_").lower()
    whose = key.client or short(key.technician)
    what = f"{role} {whose}" if whose else role
    return f"{short(key.name)}  {what:<24} {_state(key):<22} {key.display_name}"


def _state(key: ApiKey) -> str:
    if key.HasField("revoke_time"):
        return "revoked"
    if not key.HasField("expire_time"):
        return "good"
    day = key.expire_time.ToDatetime(tzinfo=UTC)
    from slotsvc.cli.clock import utc_now

    gone = day <= utc_now()
    return f"{'expired' if gone else 'good until'} {day:%Y-%m-%d}"


def _all_keys(connected: Service, parent: str) -> list[ApiKey]:
    from slotsvc.pb.v1.access_service_pb2 import ListApiKeysRequest

    found: list[ApiKey] = []
    request = ListApiKeysRequest(parent=parent, page_size=1000)
    while True:
        page = connected.ask(connected.access.ListApiKeys, request)
        found += page.api_keys
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def _show_secret(secret: str, key: ApiKey | None, as_json: bool) -> None:
    if as_json:
        from slotsvc.cli.as_json import as_json as told
        from slotsvc.cli.as_json import echo_json

        echo_json({"secret": secret} | ({"api_key": told(key)} if key is not None else {}))
        return
    click.echo(secret)
    click.echo(ONCE, err=True)


def _parent(tenant: str) -> str:
    if not tenant:
        return OPERATORS
    return tenant if tenant.startswith("tenants/") else f"tenants/{tenant}"


def _role(word: str) -> Role.ValueType:
    from slotsvc.pb.v1.options_pb2 import Role

    return Role.Value(f"ROLE_{word.upper()}")


def _in_days(days: int) -> datetime:
    from slotsvc.cli.clock import utc_now

    return utc_now().replace(microsecond=0) + timedelta(days=days)
