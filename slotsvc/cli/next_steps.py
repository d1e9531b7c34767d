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
            "Nobody can call it yet: there is no API key. Stop it (Ctrl-C), then make the first:",
            f"  (umask 077; {run} key first{_data_dir(chosen)} > operator.key)",
            "and start it again. Or, on this machine alone, start it with --auth off.",
            f"To look around first: {run} demo",
        ]
    return [
        "There is no company yet. Describe yours in a file (docs/company.md), then:",
        f"  {_import(chosen, server)}",
        "and start this again: the portal opens with the company.",
        f"To look around first: {run} demo",
    ]


def _unknown_company(chosen: Settings, server: RunningServer) -> list[str]:
    return [
        f"No portal: there is no company {chosen.portal.tenant} here. Import it, and start again:",
        f"  {_import(chosen, server)}",
    ]


def _import(chosen: Settings, server: RunningServer) -> str:
    to = "" if server.address == "127.0.0.1:50051" else f" --address {server.address}"
    key = " --api-key-file operator.key" if chosen.auth == "keys" else ""
    return f"{program()} company import company.json{to}{key}"


def _data_dir(chosen: Settings) -> str:
    default = type(chosen).model_fields["data_dir"].get_default().expanduser()
    return "" if chosen.data_dir == default else f" --data-dir {chosen.data_dir}"


def _open(portal: RunningPortal) -> list[str]:
    return [
        f"Portal: {portal.url}/ for clients, {portal.url}/company/ for the company.",
    ]
