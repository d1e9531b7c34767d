"""The repository keeps its promises: pins, generated code, checks, setting up, packing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from slotsvc.config import unknown_variables

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
REQUIREMENTS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# what git would not keep, and what is only copied here
NOT_OURS = {".git", ".venv", "build", "dist", "__pycache__"}


def run(*command: str | Path, **keywords: object) -> subprocess.CompletedProcess[str]:
    """The outcome of a command in the repository, its output in one text."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command,
        **{"cwd": ROOT, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        | keywords,
    )


def kept_files() -> list[Path]:
    """The files of the repository: git's where it is a checkout, else all that lie there."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard")
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.splitlines()]
    else:
        paths = [path for path in ROOT.rglob("*") if not NOT_OURS & set(path.parts)]
    return [path for path in paths if path.is_file()]


def kept_texts() -> dict[Path, str]:
    """Every kept file that is text, with its text."""
    texts = {}
    for path in kept_files():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            texts[path.relative_to(ROOT)] = data.decode(errors="replace")
    return texts


def pins(name: str) -> dict[str, Version]:
    """Package -> pinned version of one requirements file."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", (REQUIREMENTS / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in found}


def group(name: str) -> list[Requirement]:
    """A dependency group of pyproject.toml, its included groups with it."""
    found: list[Requirement] = []
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            found.append(Requirement(entry))
        else:
            found += group(entry["include-group"])
    return found


def wanted(name: str) -> list[Requirement]:
    """What pyproject.toml asks of one requirements file."""
    runtime = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    return {
        "runtime.txt": runtime,
        "build.txt": group("build"),
        "dev.txt": runtime + group("dev"),
        "bench.txt": runtime + group("build") + group("bench"),
        "timefold.txt": group("timefold"),
    }[name]


PINNED = ("runtime.txt", "build.txt", "dev.txt", "bench.txt", "timefold.txt")


@pytest.mark.parametrize("name", PINNED)
def test_the_pins_satisfy_what_the_project_asks_for(name: str) -> None:
    """Every dependency of pyproject.toml is pinned to a version within its range."""
    pinned = pins(name)

    unsatisfied = [
        str(requirement)
        for requirement in wanted(name)
        if canonicalize_name(requirement.name) not in pinned
        or pinned[canonicalize_name(requirement.name)] not in requirement.specifier
    ]

    assert unsatisfied == []


@pytest.mark.parametrize("name", PINNED)
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    """pip can check every file it fetches, wherever the user's index is."""
    text = (REQUIREMENTS / name).read_text()
    blocks = re.split(r"\n(?=[\w.-]+==)", text)[1:]

    assert blocks
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert re.findall(r"^-.*|\w+://\S*", text, re.MULTILINE) == []


@pytest.mark.parametrize("name", ["dev.txt", "bench.txt"])
def test_developers_run_the_users_versions(name: str) -> None:
    """The pins for developers and for benchmarks are those for users, and more."""
    developers = pins(name)

    assert pins("runtime.txt").items() <= developers.items()
    assert pins("build.txt").items() <= developers.items()


def test_no_file_names_this_machine() -> None:
    """Nothing that is committed knows where it was written or who wrote it there."""
    places = {str(ROOT), str(Path.home())}
    # a one-word path such as /app may stand in a text for good reasons
    patterns = [re.escape(place) + r"\b" for place in places if place.count("/") > 1]
    # the lookbehind keeps web addresses out
    patterns.append(r"(?<![\w./])/(?:root|home/\w+|Users/\w+)/")
    here = re.compile("|".join(patterns))

    named = {str(path): here.findall(text) for path, text in kept_texts().items()}

    assert {path: found for path, found in named.items() if found} == {}


def test_no_file_says_where_packages_come_from() -> None:
    """The package index is the user's own setting, so no file sets or names one."""
    option = re.compile(
        r"--(?:extra-)?index-url[ =]\S*:|^\s*(?:extra-)?index-url\s*=", re.MULTILINE
    )
    host = re.compile(r"\b(?:files\.python" + r"hosted|py" + r"pi|registry\.npm" + r"js)\.org\b")

    named = {
        str(path): option.findall(text) + host.findall(text) for path, text in kept_texts().items()
    }

    assert {path: found for path, found in named.items() if found} == {}


def test_the_generated_code_is_that_of_the_protos() -> None:
    """`make proto` would change nothing."""
    outcome = run(sys.executable, "tools/generate_protos.py", "--check")

    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    "command",
    [
        [SCRIPTS / "ruff", "format", "--check", "."],
        [SCRIPTS / "ruff", "check", "."],
        [SCRIPTS / "buf", "lint"],
        [sys.executable, "tools/check_dockerfile.py"],
    ],
    ids=["format", "style", "protos", "Dockerfile"],
)
def test_the_quick_checks_of_make_check_pass(command: list[str | Path]) -> None:
    """What takes less than a second of `make check` is a test too."""
    outcome = run(*command)

    assert outcome.returncode == 0, outcome.stdout


def test_the_types_hold() -> None:
    """mypy --strict finds nothing in the package and its tools."""
    outcome = run(sys.executable, "-m", "mypy")

    assert outcome.returncode == 0, outcome.stdout


def test_a_bad_dockerfile_is_found_out(tmp_path: Path) -> None:
    """The image's own rules name root, shell form, musl and unpinned installs."""
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python:3.13-alpine\nRUN pip install slotsvc\nCMD slotsvc serve\n")

    outcome = run(sys.executable, "tools/check_dockerfile.py", bad)

    assert outcome.returncode == 1
    for finding in ("runs as root", "shell form", "musl", "unpinned", "HEALTHCHECK", "VOLUME"):
        assert finding in outcome.stdout


def test_the_changelog_is_ready_for_the_next_change() -> None:
    """There is a place for unreleased changes, and one for the current version."""
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert any("Unreleased" in heading for heading in headings)


def test_every_make_target_is_explained() -> None:
    """Each target has its line in `make help`, and a word in README or CONTRIBUTING."""
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):(?!=)", text, re.MULTILINE)
    helped = run("make", "help").stdout
    read = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()

    assert "demo" in targets
    assert [target for target in targets if f"make {target} " not in helped] == []
    assert [target for target in targets if not re.search(rf"make {target}\b", read)] == []


def command_folder(folder: Path, **scripts: str) -> Path:
    """A folder for PATH with the usual shell commands and `scripts`, and no Python."""
    folder.mkdir()
    for name in ("sh", "bash", "env", "dirname", "mktemp", "rm", "tee", "grep", "tail", "cat"):
        (folder / name).symlink_to(shutil.which(name) or name)
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def test_setting_up_without_a_python_says_what_to_install(tmp_path: Path) -> None:
    """With only a broken Python on PATH (a pyenv shim), one line tells what is missing."""
    path = command_folder(tmp_path / "bin", python3="echo 'version not installed' >&2; exit 127")

    outcome = run(
        ROOT / "tools/make_venv.sh",
        tmp_path / "venv",
        env={"PATH": str(path), "HOME": str(tmp_path)},
    )

    assert outcome.returncode == 1
    assert len(outcome.stdout.splitlines()) == 1
    assert "Python 3.12" in outcome.stdout


@pytest.mark.parametrize(
    ("closing", "status", "expected"),
    [
        ("===== 3 passed, 1 warning in 0.10s =====", 0, 0),
        ("===== 2 failed, 3 passed in 61.00s (0:01:01) =====", 2, 2),
        ("===== no tests ran in 0.01s =====", 5, 5),
        ("===== no tests ran in 0.01s =====", 0, 5),
        ("===== 4 deselected in 0.01s =====", 0, 5),
        ("make: Nothing to be done for 'test'.", 0, 5),
    ],
)
def test_ci_fails_when_no_test_ran(
    tmp_path: Path, closing: str, status: int, expected: int
) -> None:
    """`.ci/run` ends as pytest ended, but never well without a passed test."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    path = command_folder(tmp_path / "bin", make=f"echo '{closing}'; exit {status}")

    outcome = run(tmp_path / ".ci/run", env={"PATH": str(path)})

    assert outcome.returncode == expected, outcome.stdout
    if " in " in closing and "no tests" not in closing:
        assert outcome.stdout.splitlines()[-1] == closing


def test_the_wheel_carries_everything_the_code_reads(tmp_path: Path) -> None:
    """Types, generated code, migrations and the demo town reach an installed slotsvc."""
    source = [path for path in kept_files() if path.is_relative_to(ROOT / "slotsvc")]

    outcome = run(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        tmp_path,
    )

    assert outcome.returncode == 0, outcome.stdout
    [wheel] = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {str(path.relative_to(ROOT)) for path in source} - packed == set()
    for part in ("slotsvc/py.typed", "slotsvc/pb/v1/types_pb2.py"):
        assert part in packed
    assert any(name.startswith("slotsvc/store/migrations/") for name in packed)
    assert any(re.match(r"slotsvc/travel/data/.*\.osm\.pbf", name) for name in packed)


def test_the_image_and_compose_use_settings_that_exist() -> None:
    """A service that refuses unknown variables is not given any."""
    texts = (ROOT / "Dockerfile").read_text() + (ROOT / "compose.yaml").read_text()
    used = set(re.findall(r"\bSLOTSVC_[A-Z_]+", texts))

    assert used
    assert unknown_variables(dict.fromkeys(used, "")) == []
