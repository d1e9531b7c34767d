"""Running the engine's compilers: ``osrm-extract``, then ``osrm-contract``."""

from __future__ import annotations

import re
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from slotsvc.travel.map_info import MapError, MapFiles
from slotsvc.travel.osrm_wheel import osrm_program
from slotsvc.travel.tied_child import spawn_tied, stop_child

Fraction = Callable[[float], None]

_PERCENT = re.compile(r"(\d{1,3})%")
_EXTRACT_PASSES = 5
_CONTRACT_PASSES = 2
_KEPT_LINES = 20


def compile_roads(pbf: Path, files: MapFiles, map_id: str, threads: int, told: Fraction) -> None:
    """Compile ``pbf`` with ``files.profile`` to ``files.roads``; each reply will name ``map_id``.

    ``told`` hears a fraction 0 to 1. Raises ``MapError`` with the compiler's own last words.
    """
    extract = ["-d", map_id, "-p", str(files.profile), "-o", str(files.roads), str(pbf)]
    _run("osrm-extract", threads, extract, _EXTRACT_PASSES, lambda part: told(part * 0.4))
    contract = [str(files.roads)]
    _run("osrm-contract", threads, contract, _CONTRACT_PASSES, lambda part: told(0.4 + part * 0.6))


def _run(program: str, threads: int, arguments: list[str], passes: int, told: Fraction) -> None:
    command = [str(osrm_program(program)), "-l", "INFO", "-t", str(threads), *arguments]
    child = spawn_tied(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert child.stdout is not None
    try:
        with child.stdout:
            last_words = _listen(child.stdout, passes, told)
        child.wait()
    finally:
        stop_child(child, grace_s=1.0)
    if child.returncode != 0:
        raise MapError(_explained(program, child.returncode, last_words))
    told(1.0)


def _listen(output: IO[bytes], passes: int, told: Fraction) -> list[str]:
    """Turn the percentages of ``passes`` passes into one growing fraction; the last lines."""
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    done, before, reached = 0, 0, 0.0
    for line in _lines(output):
        last.append(line)
        for percent in map(int, _PERCENT.findall(line)):
            done += percent < before
            before = percent
            reached = max(reached, min((done + percent / 100) / passes, 0.99))
            told(reached)
    return list(last)


def _lines(output: IO[bytes]) -> Iterator[str]:
    for raw in output:
        yield raw.decode("utf-8", "replace").strip()


def _explained(program: str, code: int, last_words: list[str]) -> str:
    text = " ".join(last_words).lower()
    if "no space left" in text:
        return "no space left on the disk for the compiled map"
    if "no edges remaining" in text or "no snappable edges" in text:
        return "the extract holds no road a car may use"
    loud = [line for line in last_words if "[error]" in line or "what()" in line] or last_words
    said = loud[-1].rpartition("] ")[2] if loud else "nothing"
    return f"{program} failed (exit {code}); it said: {said}"
