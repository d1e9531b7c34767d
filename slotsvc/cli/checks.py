"""What ``slotsvc doctor`` looks at. Every check says what it found and, if need be, what to do."""

from __future__ import annotations

import json
import os
import platform
import shutil
import stat
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from slotsvc.cli.channel import NOBODY, Caller, open_channel, reachable
from slotsvc.cli.words import sentence

if TYPE_CHECKING:
    import grpc

    from slotsvc.config import Settings
    from slotsvc.domain.errors import SlotsvcError
    from slotsvc.pb.v1.map_service_pb2 import GetMapResponse

PYTHON_LEAST = (3, 12)
LITTLE_ROOM_MB = 64
SQLITE_FIXED = (3, 51, 3)
SQLITE_BACKPORTS = ((3, 50, 7), (3, 44, 6))
"""Versions with the fix of the WAL-reset bug, which can corrupt a database in WAL mode."""

_MB = 1024 * 1024
_STATES: dict[str, Literal["ok", "warn", "fail"]] = {
    "ok": "ok",
    "degraded": "warn",
    "broken": "fail",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``warn`` does not keep the service from being ready; ``fail`` does."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    action: str = ""


def machine_checks(settings: Settings) -> list[Check]:
    """Everything but the running service."""
    return [
        python_check(),
        sqlite_check(),
        osrm_check(settings.osrm_url),
        data_check(settings.data_dir),
        disk_check(settings.database_file.parent),
        shared_store_check(settings)
        if settings.database_url is not None
        else store_check(settings.database_file),
        map_check(settings.map_path, settings.osrm_url),
        *driving_checks(settings.map_path),
        keys_check(settings.key_ring_file),
        portal_check(settings.portal_database_file, settings.portal_key_ring_file),
    ]


def python_check() -> Check:
    """Python 3.12 or later."""
    number = platform.python_version()
    if tuple(map(int, platform.python_version_tuple()[:2])) >= PYTHON_LEAST:
        return Check("python", "ok", number)
    return Check("python", "fail", number, "Install Python 3.12 or later.")


def sqlite_check() -> Check:
    """The SQLite library the store uses has the fix of the WAL-reset bug."""
    try:
        from pysqlite3 import sqlite_version_info
    except ImportError:
        return Check(
            "sqlite", "fail", "the pysqlite3 wheel is missing", "pip install 'pysqlite3>=0.6.1'"
        )
    number = ".".join(map(str, sqlite_version_info))
    if sqlite_is_sound(sqlite_version_info):
        return Check("sqlite", "ok", f"{number}, has the fix of the WAL-reset bug")
    return Check("sqlite", "fail", f"{number} can corrupt a database", "Upgrade pysqlite3.")


def sqlite_is_sound(number: tuple[int, ...]) -> bool:
    """Whether this SQLite has the fix, from 3.51.3 or a backport."""
    patched = any(number[:2] == fixed[:2] and number >= fixed for fixed in SQLITE_BACKPORTS)
    return patched or number >= SQLITE_FIXED


def osrm_check(osrm_url: str | None) -> Check:
    """A road engine: the wheel's program, or a server elsewhere."""
    from slotsvc.travel.osrm_wheel import OsrmMissingError, osrm_program, osrm_version

    if osrm_url:
        return Check("roads", "ok", "OSRM server elsewhere (osrm_url)")
    try:
        program = osrm_program("osrm-routed")
        number = osrm_version()
    except OsrmMissingError as error:
        return Check("roads", "fail", f"{error}", "pip install osrm-bindings")
    if not os.access(program, os.X_OK):
        return Check("roads", "fail", f"{program} may not be executed", "Reinstall osrm-bindings.")
    return Check("roads", "ok", f"osrm-routed {number}")


def data_check(directory: Path) -> Check:
    """The data directory can be written, and is nobody else's business."""
    if not directory.exists():
        return _to_be_made(directory)
    if not directory.is_dir() or not os.access(directory, os.W_OK | os.X_OK):
        action = "Give this user the right to write there, or set data_dir."
        return Check("data", "fail", f"{directory} cannot be written", action)
    if stat.S_IMODE(directory.stat().st_mode) & 0o077:
        return Check("data", "warn", f"{directory} can be read by others", f"chmod 700 {directory}")
    return Check("data", "ok", f"{directory}")


def disk_check(directory: Path) -> Check:
    """Room on the disk of the database: as ``/readyz`` judges it."""
    there = next(place for place in (directory, *directory.absolute().parents) if place.exists())
    room = shutil.disk_usage(there).free // _MB
    if room >= LITTLE_ROOM_MB:
        return Check("disk", "ok", f"{room} MiB free")
    action = "Make room: without any, nothing can be booked; what is booked stands."
    return Check("disk", "warn", f"{room} MiB free", action)


def _to_be_made(directory: Path) -> Check:
    parent = next(place for place in directory.absolute().parents if place.exists())
    if os.access(parent, os.W_OK | os.X_OK):
        return Check("data", "ok", f"{directory}, made at the first start")
    return Check("data", "fail", f"{directory} cannot be made", "Set data_dir (--data-dir).")


def store_check(database: Path) -> Check:
    """The database file can be read, is not of a newer slotsvc, and is its owner's alone; whether a
    service has it open."""
    if not database.exists():
        return Check("database", "ok", f"{database.name}, made at the first start")
    holder = in_use_by(database)
    used = f"in use by process {holder}" if holder else "not in use"
    if stat.S_IMODE(database.stat().st_mode) & 0o077:
        action = f"chmod 600 {database}*"
        return Check("database", "warn", f"{database} can be read by others, {used}", action)
    return _tables_check(database) or Check("database", "ok", f"{database.name}, {used}")


def _tables_check(database: Path) -> Check | None:
    """None: nothing stands in the way of a start, which brings older tables up to date."""
    from slotsvc.domain.errors import SlotsvcError
    from slotsvc.store.engine import sqlite_url
    from slotsvc.store.migrate import current, require_known

    try:
        require_known(current(sqlite_url(database)))
    except SlotsvcError as error:
        return _unfit(error, "Look who uses it, and whether this user may write there.")
    return None


def _unfit(error: SlotsvcError, otherwise: str) -> Check:
    """With the error's own remedy, where it tells one."""
    if error.reason not in ("SCHEMA_TOO_OLD", "SCHEMA_TOO_NEW", "STORE_DAMAGED"):
        return Check("database", "fail", sentence(error.message), otherwise)
    found, _, remedy = error.message.rpartition(": ")
    return Check("database", "fail", sentence(found), sentence(remedy))


def shared_store_check(settings: Settings) -> Check:
    """PostgreSQL answers, and has the tables of this version."""
    from slotsvc.bootstrap.stores import database_address, database_told
    from slotsvc.domain.errors import SlotsvcError
    from slotsvc.store.migrate import check

    try:
        check(database_address(settings))
    except SlotsvcError as error:
        return _unfit(error, "Start it, or mend database_url.")
    return Check("database", "ok", database_told(settings))


def in_use_by(database: Path) -> int | None:
    """The living process that wrote its number into the database's lock file; None: nobody."""
    try:
        pid = int(database.with_name(database.name + ".lock").read_text())
        os.kill(pid, 0)
    except PermissionError:
        return pid
    except (OSError, ValueError):
        return None
    return pid


def map_check(map_path: Path | None, osrm_url: str | None) -> Check:
    """A compiled map that belongs to the installed engine."""
    from slotsvc.cli.town_map import compiled_map
    from slotsvc.travel.osrm_wheel import OsrmMissingError, osrm_version

    if map_path is None:
        if osrm_url:
            return Check("map", "ok", "the OSRM server's own")
        action = "Give --map DIR, as `serve` gets it. Without one `up` takes the packaged town."
        return Check("map", "warn", "none given", action)
    info = compiled_map(map_path)
    if info is None:
        return Check("map", "fail", f"no compiled map in {map_path}", "slotsvc map build FILE")
    try:
        current = osrm_version()
    except OsrmMissingError:
        current = ""
    if current != info.osrm_version:
        found = f"{info.name} was compiled by OSRM {info.osrm_version}, {current} is installed"
        return Check("map", "fail", found, "Build it again: slotsvc map build FILE")
    return Check("map", "ok", f"{info.name} ({info.map_id})")


def driving_checks(map_path: Path | None) -> list[Check]:
    """Whether driving times can be had in the service's process; nothing without a map."""
    from slotsvc.cli.town_map import compiled_map
    from slotsvc.travel.array_file import ArrayFileError
    from slotsvc.travel.map_info import MapFiles
    from slotsvc.travel.road_files import load_roads

    info = compiled_map(map_path) if map_path else None
    if map_path is None or info is None:
        return []
    try:
        graph, _ = load_roads(MapFiles(map_path), info)
    except ArrayFileError as error:
        action = "Build the map again: slotsvc map build FILE. Until then OSRM answers, slower."
        return [Check("driving", "warn", f"times by OSRM only, since {error}", action)]
    return [Check("driving", "ok", f"times in the service, {graph.node_count} stretches of road")]


def keys_check(key_ring: Path) -> Check:
    """The keys of slot tokens are readable by their owner only."""
    if not key_ring.exists():
        return Check("keys", "ok", f"{key_ring.name}, made at the first start")
    if not os.access(key_ring, os.R_OK):
        return Check(
            "keys", "fail", f"{key_ring} cannot be read", f"chown it, chmod 600 {key_ring}"
        )
    if stat.S_IMODE(key_ring.stat().st_mode) & 0o077:
        return Check("keys", "fail", f"{key_ring} can be read by others", f"chmod 600 {key_ring}")
    return Check("keys", "ok", f"{key_ring}")


def portal_check(database: Path, key_ring: Path) -> Check:
    """The portal's packages are there, its files are their owner's alone, and belong together."""
    if find_spec("fastapi") is None:
        action = "pip install 'slotsvc[portal]', or serve without it."
        return Check("portal", "warn", "its packages are missing", action)
    if not database.exists():
        return Check("portal", "ok", f"{database.name}, made at its first start")
    if unusable := _unusable(database):
        return unusable
    if not key_ring.exists():
        return _without_ring(database, key_ring)
    for file in (database, key_ring):
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            return Check("portal", "fail", f"{file} can be read by others", f"chmod 600 {file}")
    return Check("portal", "ok", f"{database.name}, {key_ring.name}")


def _unusable(database: Path) -> Check | None:
    from slotsvc.portal.tables.migrate import PortalSchemaError, require_usable

    try:
        require_usable(database)
    except PortalSchemaError as error:
        found, _, remedy = str(error).rpartition(": ")
        return Check("portal", "fail", sentence(found), sentence(remedy))
    return None


def _without_ring(database: Path, key_ring: Path) -> Check:
    """As the portal's start judges it."""
    from slotsvc.portal.tables.key_ring import needs_keys

    if not needs_keys(database):
        return Check("portal", "ok", f"{database.name}; {key_ring.name} is made at the next start")
    action = f"Bring {key_ring.name} back from its copy, or: slotsvc portal new-keys"
    return Check("portal", "fail", f"{database.name} was made with a key ring", action)


def server_check(
    address: str, timeout: float, map_path: Path | None = None, caller: Caller = NOBODY
) -> Check:
    """The service at ``address`` says SERVING over grpc.health.v1, and names its map.

    ``map_path``: the map that was checked; another one in use is a warning. None: any will do.
    """
    import grpc
    from grpc_health.v1.health_pb2 import HealthCheckResponse

    from slotsvc.cli.rpc_failure import failure_of, unknown_key

    target = reachable(address)
    with open_channel(target, caller) as channel:
        try:
            status = _health(channel, timeout)
            in_use = _map_in_use(channel, timeout, caller)
        except grpc.RpcError as error:
            failure = failure_of(error, target)
            if caller.key and failure.reason == "UNAUTHENTICATED":
                failure = unknown_key(failure)
            return Check("server", "fail", failure.message, failure.hint)
    name = HealthCheckResponse.ServingStatus.Name(status)
    if status != HealthCheckResponse.SERVING:
        return Check("server", "fail", f"{target} says {name}", "Wait for it, or read its log.")
    if in_use is None:
        return Check("server", "ok", f"{target} is serving, and asks for a key to say more")
    return _serving(f"{target} is serving", in_use, map_path)


_ROADS_AWAY = "No road engine answers. It is tried every few seconds; its log says why."


def _serving(told: str, in_use: GetMapResponse, map_path: Path | None) -> Check:
    from slotsvc.cli.town_map import compiled_map
    from slotsvc.pb.v1.types_pb2 import TRAVEL_PROVENANCE_LIVE

    roads = in_use.travel_provenance == TRAVEL_PROVENANCE_LIVE
    named = f"map {in_use.display_name} ({in_use.map_id})"
    if not roads and not in_use.map_id.startswith("estimate:"):
        return Check("server", "warn", f"{told}, {named}, degraded: roads estimated", _ROADS_AWAY)
    told += f", {named}" if roads else ", without roads: driving is estimated"
    checked = compiled_map(map_path) if map_path else None
    if checked is None or checked.map_id == in_use.map_id:
        return Check("server", "ok", told)
    action = f"It does not plan on the map in {map_path}: restart it, or give its own --map."
    return Check("server", "warn", told, action)


def readiness_check(address: str, timeout: float) -> Check | None:
    """What the service's own ``/readyz`` says; None: nobody answers there, and health was asked
    over gRPC anyway. ``address``: ``http_addr``."""
    if address == "off":
        return None
    asking = HTTPConnection(address, timeout=timeout)
    try:
        asking.request("GET", "/readyz")
        told = json.loads(asking.getresponse().read())
        texts = [f"{name}: {told['checks'][name]}" for name in (*told["broken"], *told["degraded"])]
        state: Literal["ok", "warn", "fail"] = _STATES[told["state"]]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        asking.close()
    action = "docs/operations.md says what each means." if texts else ""
    return Check("readiness", state, "; ".join(texts) or "nothing is missing", action)


def same_files(server: Check, database: Path, address: str) -> Check:
    """``server``, with a warning when a service on this machine has another database open."""
    host = address.rpartition(":")[0].strip("[]")
    local = host in ("localhost", "::1", "0.0.0.0", "::") or host.startswith("127.")
    if server.state != "ok" or not local or in_use_by(database) is not None:
        return server
    action = f"It does not use {database}: give doctor the --data-dir that `serve` has."
    return replace(server, state="warn", action=action)


def _map_in_use(channel: grpc.Channel, timeout: float, caller: Caller) -> GetMapResponse | None:
    """What map is used; None: that is not told to who has no key. Raises ``grpc.RpcError``."""
    import grpc

    from slotsvc.pb.v1.map_service_pb2 import GetMapRequest
    from slotsvc.pb.v1.map_service_pb2_grpc import MapServiceStub

    stub = MapServiceStub(channel)
    try:
        return stub.GetMap(GetMapRequest(), timeout=timeout, metadata=caller.metadata)
    except grpc.RpcError as error:
        # every error of a finished call is also a call; the base class does not say so
        call: Any = error
        if caller.key or call.code() is not grpc.StatusCode.UNAUTHENTICATED:
            raise
        return None


def _health(channel: grpc.Channel, timeout: float) -> int:
    """The serving status of the whole server. Raises ``grpc.RpcError``."""
    from grpc_health.v1.health_pb2 import HealthCheckRequest
    from grpc_health.v1.health_pb2_grpc import HealthStub

    # the published types know the stub, not its methods
    stub: Any = HealthStub(channel)
    status: int = stub.Check(HealthCheckRequest(), timeout=timeout).status
    return status
