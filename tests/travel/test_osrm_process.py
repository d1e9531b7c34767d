from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from slotsvc.scheduling.travel_port import TravelUnavailableError
from slotsvc.travel.osrm_process import LOOPBACK, OsrmProcess
from tests.road_fixtures import CompiledMap

PARENT = """
import sys, time
from pathlib import Path
from slotsvc.travel.osrm_process import OsrmProcess
process = OsrmProcess(Path(sys.argv[1]), map_id=sys.argv[2])
process.start()
print(process.port, process.pid, flush=True)
time.sleep(600)
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def until(condition: object, seconds: float = 5.0) -> bool:
    assert callable(condition)
    give_up = time.monotonic() + seconds
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.02)
    return bool(condition())


def test_it_answers_when_started_and_is_gone_when_stopped(demo_map: CompiledMap) -> None:
    """After start the port answers, after stop nobody listens, and both may be repeated."""
    process = OsrmProcess(demo_map.files.roads, map_id=demo_map.info.map_id)
    process.start()
    first = process.pid
    process.start()
    assert process.pid == first
    assert listens(process.port)
    process.stop()
    process.stop()
    assert process.pid is None
    assert not listens(process.port)


def test_no_engine_outlives_a_killed_parent(demo_map: CompiledMap) -> None:
    """kill -9 of the process that started the engine closes the engine's port."""
    command = [sys.executable, "-c", PARENT, str(demo_map.files.roads), demo_map.info.map_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_root()) as parent:
        assert parent.stdout is not None
        port, _pid = map(int, parent.stdout.readline().split())
        assert listens(port)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert until(lambda: not listens(port))


def _root() -> Path:
    return Path(__file__).parents[2]


def test_it_starts_from_the_main_thread_only(demo_map: CompiledMap) -> None:
    """Elsewhere it would die with a pool's thread: that is refused."""
    process = OsrmProcess(demo_map.files.roads)
    caught: list[BaseException] = []

    def start() -> None:
        try:
            process.start()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])
    assert process.pid is None


def test_a_map_that_is_not_there_is_explained(tmp_path: Path) -> None:
    """The error holds the engine's own words and nothing keeps running."""
    process = OsrmProcess(tmp_path / "none.osrm")
    with pytest.raises(TravelUnavailableError, match="did not start: Required files are missing"):
        process.start()
    assert process.pid is None


def test_another_map_than_promised_is_refused(demo_map: CompiledMap) -> None:
    """An engine that names another map is not ready, however well it answers."""
    process = OsrmProcess(demo_map.files.roads, map_id="another")
    with pytest.raises(TravelUnavailableError):
        process.start(timeout_s=0.5)
    assert not listens(process.port)


async def test_a_crashed_engine_is_started_again_on_its_port(demo_map: CompiledMap) -> None:
    """kill -9 of the engine: under supervision it answers again at the same address."""
    process = OsrmProcess(demo_map.files.roads, map_id=demo_map.info.map_id)
    await process.start_in_loop()
    supervision = asyncio.create_task(process.supervise(poll_s=0.02))
    try:
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert await asyncio.to_thread(until, lambda: process.pid not in (first, None))
        assert await asyncio.to_thread(until, lambda: listens(process.port))
        assert process.restarts == 1
    finally:
        supervision.cancel()
        await asyncio.gather(supervision, return_exceptions=True)
        process.stop()
    assert not listens(process.port)


async def test_an_engine_that_hangs_is_replaced_one_that_answers_is_not(
    demo_map: CompiledMap,
) -> None:
    """Suspected by its callers it is asked once more: only silence costs it its life."""
    process = OsrmProcess(demo_map.files.roads, map_id=demo_map.info.map_id)
    await process.start_in_loop()
    asked = 0

    def suspected() -> bool:
        nonlocal asked
        asked += 1
        return True

    supervision = asyncio.create_task(process.supervise(poll_s=0.02, suspected=suspected))
    try:
        first = process.pid
        assert first is not None
        assert await asyncio.to_thread(until, lambda: asked > 5)
        assert (process.pid, process.restarts) == (first, 0)
        os.kill(first, signal.SIGSTOP)
        assert await asyncio.to_thread(until, lambda: process.pid not in (first, None), 10.0)
        assert await asyncio.to_thread(until, lambda: listens(process.port))
    finally:
        supervision.cancel()
        await asyncio.gather(supervision, return_exceptions=True)
        process.stop()
    assert not listens(process.port)


async def test_supervision_survives_a_map_that_vanished(
    demo_map: CompiledMap, tmp_path: Path
) -> None:
    """When every restart fails, attempts go on with growing pauses instead of ending."""
    for part in demo_map.files.directory.glob("roads.osrm*"):
        (tmp_path / part.name).write_bytes(part.read_bytes())
    process = OsrmProcess(tmp_path / "roads.osrm", map_id=demo_map.info.map_id)
    await process.start_in_loop()
    (tmp_path / "roads.osrm.hsgr").unlink()
    supervision = asyncio.create_task(process.supervise(poll_s=0.02))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    assert await asyncio.to_thread(until, lambda: process.restarts >= 2)
    assert not supervision.done()
    supervision.cancel()
    await asyncio.gather(supervision, return_exceptions=True)
    process.stop()


def test_the_engine_sees_none_of_our_secrets(
    demo_map: CompiledMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child's environment holds what finds programs, nothing of the service's settings."""
    monkeypatch.setenv("SLOTSVC_SECRET", "hush")
    process = OsrmProcess(demo_map.files.roads)
    process.start()
    try:
        environment = Path(f"/proc/{process.pid}/environ")
        if environment.exists():
            assert b"hush" not in environment.read_bytes()
    finally:
        process.stop()


def test_the_engine_writes_no_coordinates(
    demo_map: CompiledMap, capfd: pytest.CaptureFixture[str]
) -> None:
    """A malformed request, which the engine reports with its address, leaves no trace."""
    process = OsrmProcess(demo_map.files.roads)
    process.start()
    with socket.create_connection((LOOPBACK, process.port), timeout=2) as client:
        client.sendall(b"GET /table/v1/driving/7.421,43.735;bad HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"400" in client.recv(4096)
    process.stop()
    written = capfd.readouterr()
    assert "7.421" not in written.out + written.err
