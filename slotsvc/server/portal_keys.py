"""The two API keys of a portal that runs in the service's own process, made without anybody asking.

They are keys as everybody's: listed, narrow, revocable. Their texts stand in a file of mode 0600,
used again at the next start; a key that is no longer good (revoked, another database) is replaced.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from slotsvc.domain.access import Role, split_key
from slotsvc.domain.errors import NotFoundError
from slotsvc.scheduling.api_keys import ApiKeys, NewKey
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.ports import Store
from slotsvc.server.key_ring import KeyRingError

MADE_BY = "the portal of this process"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class PortalKeys:
    """``portal`` acts for one client at a time, ``planner`` is behind the company's pages."""

    portal: str = field(default="", repr=False)
    planner: str = field(default="", repr=False)


async def portal_keys(store: Store, path: Path, tenant: str) -> PortalKeys:
    """The keys in ``path`` where they are good for ``tenant``, else new ones, kept there.

    Raises ``NotFoundError`` for a missing tenant, ``KeyRingError`` for a file that group or others
    may touch.
    """
    keys, kept = ApiKeys(store), _read(path)
    found = PortalKeys(
        await _good_or_new(store, keys, tenant, Role.PORTAL, kept.portal),
        await _good_or_new(store, keys, tenant, Role.PLANNER, kept.planner),
    )
    if found != kept:
        _write(path, found)
    return found


async def _good_or_new(store: Store, keys: ApiKeys, tenant: str, role: Role, text: str) -> str:
    if await _is_good(store, keys, tenant, role, text):
        return text
    wanted = NewKey(tenant, role, f"{role.value.lower()}: {MADE_BY}")
    once = Mutation(tenant, "portal keys", secrets.token_hex(16), b"", MADE_BY)
    _, made = await keys.create(once, wanted, lambda _key: b"")
    return made


async def _is_good(store: Store, keys: ApiKeys, tenant: str, role: Role, text: str) -> bool:
    parts = split_key(text)
    if parts is None:
        return False
    try:
        key = await keys.get(tenant, parts[0])
    except NotFoundError:
        return False
    now = await store.read(lambda tx: tx.now())
    return key.role is role and key.live(now) and key.opened_by(parts[1])


def _read(path: Path) -> PortalKeys:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return PortalKeys()
    if mode & _OTHERS:
        raise KeyRingError(f"{path} must be readable by its owner only (chmod 600)")
    try:
        return PortalKeys(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        return PortalKeys()


def _write(path: Path, keys: PortalKeys) -> None:
    """In one step: a file half written is never read."""
    # mkstemp makes files of mode 0600
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(keys), file)
    os.replace(name, path)
