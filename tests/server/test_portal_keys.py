"""The keys that an embedded portal gets by itself."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.calls import fresh_id
from slotsvc.domain.access import Role
from slotsvc.domain.errors import NotFoundError
from slotsvc.pb.v1.calendar_service_pb2 import CreateTenantRequest, Tenant
from slotsvc.scheduling.api_keys import ApiKeys
from slotsvc.scheduling.mutation import Mutation
from slotsvc.server.key_ring import KeyRingError
from slotsvc.server.portal_keys import portal_keys
from slotsvc.store.sqlite_store import SqliteStore
from tests.service_fixtures import running_service, settings_for


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A database with one company."""
    async with running_service(settings_for(tmp_path / "data")) as service:
        await service.calls.calendar.CreateTenant(_tenant("acme"))
        yield service.store


async def test_the_first_start_makes_two_keys_of_the_company(
    store: SqliteStore, tmp_path: Path
) -> None:
    """One of each role, in a file for the owner alone; both are listed as everybody's are."""
    path = tmp_path / "portal.json"

    made = await portal_keys(store, path, "acme")

    listed = await ApiKeys(store).page("acme", "", 10)
    assert {key.role for key in listed} == {Role.PORTAL, Role.PLANNER}
    assert {made.portal.split("_")[1], made.planner.split("_")[1]} == {key.id for key in listed}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.portal not in repr(made)


async def test_the_next_start_uses_them_again(store: SqliteStore, tmp_path: Path) -> None:
    """Starting often does not leave a trail of keys."""
    path = tmp_path / "portal.json"
    made = await portal_keys(store, path, "acme")

    assert await portal_keys(store, path, "acme") == made
    assert len(await ApiKeys(store).page("acme", "", 10)) == 2


async def test_a_revoked_key_is_replaced(store: SqliteStore, tmp_path: Path) -> None:
    """The other one stays."""
    path = tmp_path / "portal.json"
    made = await portal_keys(store, path, "acme")
    once = Mutation("acme", "RevokeApiKey", "1", b"")
    await ApiKeys(store).revoke(once, "acme", made.portal.split("_")[1], lambda _key: b"")

    now = await portal_keys(store, path, "acme")

    assert now.portal != made.portal
    assert now.planner == made.planner


@pytest.mark.parametrize("text", ["", "{}", '{"portal": "slk_1"}', "[1]", '{"other": "key"}'])
async def test_a_file_that_says_nothing_is_written_anew(
    store: SqliteStore, tmp_path: Path, text: str
) -> None:
    """Half a file, or one of another shape, does not stop the start."""
    path = tmp_path / "portal.json"
    path.write_text(text)
    path.chmod(0o600)

    made = await portal_keys(store, path, "acme")

    assert await portal_keys(store, path, "acme") == made


async def test_a_file_that_others_may_read_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    """The message says what to do."""
    path = tmp_path / "portal.json"
    path.write_text("{}")
    path.chmod(0o640)

    with pytest.raises(KeyRingError, match="chmod 600"):
        await portal_keys(store, path, "acme")


async def test_a_company_that_is_not_there_gets_no_keys(store: SqliteStore, tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(NotFoundError):
        await portal_keys(store, tmp_path / "portal.json", "other")

    assert not (tmp_path / "portal.json").exists()


def _tenant(id: str) -> CreateTenantRequest:
    return CreateTenantRequest(tenant_id=id, tenant=Tenant(display_name=id), request_id=fresh_id())
