"""Somebody reads for long beside the service, and the write-ahead log cannot be folded in (F12)."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from prometheus_client import generate_latest
from pysqlite3 import dbapi2

from slotsvc.bootstrap.readiness import readiness_checks
from slotsvc.scheduling.ports import Event, WriteTx
from tests.service_fixtures import RunningService, running_service, settings_for

MB = 1024 * 1024
LONG_LOG = 6 * MB


def noise(tx: WriteTx) -> None:
    """About a quarter of a megabyte."""
    for number in range(12):
        tx.record("acme", Event("VAN_UPDATED", f"van-{number}", None, 0, {"x": "y" * 10_000}), "t")


async def written(service: RunningService, times: int) -> None:
    for _ in range(times):
        await service.store.write(noise)


def metric(service: RunningService, name: str) -> float:
    lines = generate_latest(service.metrics.registry).decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


async def test_a_long_reader_is_seen_and_leaves_no_trace(tmp_path: Path) -> None:
    """The log grows past its alarm while the reader stays, which is degraded and measured; when it
    has gone the log is folded in, and its room is used again."""
    settings = settings_for(tmp_path / "data")
    async with running_service(settings) as service:
        checks = readiness_checks(
            service.store, settings.database_file, {}, long_log=LONG_LOG, little_room=0
        )
        await written(service, 40)
        assert (await checks()).as_json()["state"] == "ok"

        with closing(dbapi2.connect(str(settings.database_file), isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM event").fetchone()
            await written(service, 60)
            told = (await checks()).as_json()
            assert (told["state"], told["degraded"]) == ("degraded", ["disk"])
            grown = metric(service, "slotsvc_database_wal_bytes")
            assert grown > LONG_LOG
            reader.execute("COMMIT")

        await written(service, 40)
        assert metric(service, "slotsvc_database_wal_bytes") <= grown
        assert metric(service, "slotsvc_database_free_bytes") > 0
