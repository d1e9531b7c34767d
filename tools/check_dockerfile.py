"""Lint the Dockerfile: the image's own rules, and hadolint where its binary is published.

    python tools/check_dockerfile.py [FILE]

No engine is needed. Prints one line for each finding and exits 1 if there is any.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Instruction(NamedTuple):
    """One instruction, its continuation lines joined."""

    keyword: str
    value: str


def instructions(text: str) -> list[Instruction]:
    """The Dockerfile's instructions in order, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    words = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return [Instruction(found[0].upper(), found[1] if found[1:] else "") for found in words]


def last_stage(found: list[Instruction]) -> list[Instruction]:
    """What the image that runs is made of."""
    starts = [at for at, instruction in enumerate(found) if instruction.keyword == "FROM"]
    return found[starts[-1] :]


def values(found: list[Instruction], keyword: str) -> list[str]:
    return [instruction.value for instruction in found if instruction.keyword == keyword]


def whole_file_findings(found: list[Instruction]) -> Iterator[str]:
    bases = [*values(found, "FROM"), *values(found, "ARG")]
    if len(values(found, "FROM")) < 2:
        yield "one stage only: build tools would end up in the image"
    if any("alpine" in base or "musl" in base for base in bases):
        yield "a musl base: the wheels of ortools and osrm-bindings need glibc"
    for run in values(found, "RUN"):
        for command in re.split(r"&&|;", run):
            is_open = re.search(r"\bpip install\b", command) and not re.search(
                r"--require-hashes|--no-index", command
            )
            if is_open:
                yield f"an unpinned install: {command.strip()}"


def last_stage_findings(found: list[Instruction]) -> Iterator[str]:
    users = values(found, "USER")
    if not users or users[-1].split(":")[0] in {"root", "0"}:
        yield "runs as root"
    elif not users[-1].split(":")[0].isdigit():
        yield "USER by name: an orchestrator can only check a number for non-root"
    for keyword in ("ENTRYPOINT", "CMD"):
        if any(not value.startswith("[") for value in values(found, keyword)):
            yield f"{keyword} in shell form: signals would not reach the service"
    if not any("CMD [" in re.sub(r"\s+", " ", value) for value in values(found, "HEALTHCHECK")):
        yield "no HEALTHCHECK in exec form"
    if not values(found, "VOLUME"):
        yield "no VOLUME: data would live in the container's layer"


def findings(text: str) -> list[str]:
    """Everything the image's own rules have against this Dockerfile."""
    found = instructions(text)
    return [*whole_file_findings(found), *last_stage_findings(last_stage(found))]


def hadolint(path: Path) -> list[str]:
    """hadolint's findings; none where its binary is not installed."""
    binary = Path(sysconfig.get_path("scripts")) / "hadolint"
    if not binary.exists():
        return []
    outcome = subprocess.run([binary, "--no-color", path], capture_output=True, text=True)
    return (outcome.stdout + outcome.stderr).splitlines()


def main(arguments: list[str]) -> int:
    path = Path(arguments[0]) if arguments else ROOT / "Dockerfile"
    found = [*findings(path.read_text()), *hadolint(path)]
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
