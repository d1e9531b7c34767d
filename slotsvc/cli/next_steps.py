"""What ``slotsvc up`` says last: where the portal is, or what is missing until there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotsvc.cli.program import program

if TYPE_CHECKING:
    from slotsvc.bootstrap import NoPortal, RunningServer
    from slotsvc.config import Settings
    from slotsvc.portal.running import RunningPortal


def portal_json(portal: RunningPortal | NoPortal) -> dict[str, Any]:
    """Where the portal is, or why there is none."""
    if isinstance(portal, str):
        return {"url": None, "missing": portal.value}
    return {"url": portal.url, "missing": None}


async def next_steps(
    chosen: Settings, server: RunningServer, portal: RunningPortal | NoPortal
) -> list[str]:
    """Lines to print; commands stand on lines of their own."""
    from slotsvc.bootstrap import NoPortal

    match portal:
        case NoPortal.OFF:
            return []
        case NoPortal.NO_COMPANY:
            return await _no_company(chosen, server)
        case NoPortal.UNKNOWN_COMPANY:
            return _unknown_company(chosen, server)
        case NoPortal.MANY_COMPANIES:
            return ["No portal: there are several companies. Say whose: --tenant (portal.tenant)."]
        case NoPortal.NO_TRUST:
            return [
                "No portal: the service is encrypted. Say whose certificates the portal may trust "
                "(client_tls.ca_path)",
                "and by which name it calls the service (portal.service_address).",
            ]
        case _:
            return _open(portal)


async def _no_company(chosen: Settings, server: RunningServer) -> list[str]:
    run = program()
    if chosen.auth == "keys" and not await server.store.read(lambda tx: tx.keys("", "", 1)):
        return [
            "No portal was opened: there is no company yet, and no API key to make one with.",
            "Stop this (Ctrl-C), make the first key, and start it again:",
            f"  (umask 077; {run} key first{_data_dir(chosen)} > operator.key)",
            "Or, on this machine alone, start it with --auth off.",
            f"To look around first: {run} demo",
        ]
    return [
        "No portal was opened: there is no company yet. Describe yours in a file",
        "(docs/company.md), then, in another terminal:",
        *_imports(chosen, server, chosen.portal.tenant or "acme"),
        "and start this again: the portal opens with the company.",
        f"To look around first: {run} demo",
    ]


def _unknown_company(chosen: Settings, server: RunningServer) -> list[str]:
    return [
        f"No portal: there is no company {chosen.portal.tenant} here. Import it, and start again:",
        *_imports(chosen, server, chosen.portal.tenant or "acme"),
    ]


def _imports(chosen: Settings, server: RunningServer, tenant: str) -> list[str]:
    """With keys, an operator makes the company and its administrator's key, and only that."""
    run, to = (
        program(),
        "" if server.address == "127.0.0.1:50051" else f" --address {server.address}",
    )
    if chosen.auth != "keys":
        return [f"  {run} company import company.json{to}"]
    entry = f'{{"tenant": {{"name": "tenants/{tenant}", "display_name": "{tenant.title()}"}}}}'
    operator = f"{to} --api-key-file operator.key"
    return [
        f"  echo '{entry}' | {run} company import -{operator}",
        f"  (umask 077; {run} key create administrator --tenant {tenant} --name Office{operator} "
        "> office.key)",
        f"  {run} company import company.json{to} --api-key-file office.key",
    ]


def _data_dir(chosen: Settings) -> str:
    default = type(chosen).model_fields["data_dir"].get_default().expanduser()
    return "" if chosen.data_dir == default else f" --data-dir {chosen.data_dir}"


def _open(portal: RunningPortal) -> list[str]:
    return [
        f"Portal: {portal.url}/ for clients, {portal.url}/company/ for the company.",
    ]
