"""Copy what browsers load from npm packages into the repository, or check what stands there.

    python tools/vendor_assets.py            npm ci, copy, write web/vendor.json (needs npm)
    python tools/vendor_assets.py --check    no network, no npm: exit 1 and name every difference

Versions are exact in web/package.json, packages are held to their sha512 by the lock file, copied
files to their sha256 by web/vendor.json. The copies are committed: installing needs no npm.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
RECORD = WEB / "vendor.json"
PAGES = "slotsvc/portal/web/static/vendor"
TESTS = "tests/portal/vendor"

# package -> where its files go -> which files
WANTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "htmx.org": (f"{PAGES}/htmx", ("dist/htmx.min.js", "LICENSE")),
    "maplibre-gl": (
        f"{PAGES}/maplibre",
        (
            "dist/maplibre-gl.mjs",
            "dist/maplibre-gl-worker.mjs",
            "dist/maplibre-gl.css",
            "LICENSE.txt",
        ),
    ),
    "@event-calendar/build": (
        f"{PAGES}/event-calendar",
        ("dist/event-calendar.min.js", "dist/event-calendar.min.css"),
    ),
    "axe-core": (f"{TESTS}/axe-core", ("axe.min.js", "LICENSE", "LICENSE-3RD-PARTY.txt")),
}
# packages that come without the text of their licence
LICENCES = {f"{PAGES}/event-calendar/LICENSE": WEB / "event-calendar-LICENSE.txt"}


def read(path: Path) -> dict[str, Any]:
    """A JSON object from a file; an empty one where there is no file."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def targets(package: str) -> list[str]:
    """Where the files of a package stand, as paths from the repository's root."""
    directory, files = WANTED[package]
    own = [f"{directory}/{Path(file).name}" for file in files]
    return own + [path for path in LICENCES if path.startswith(f"{directory}/")]


def locked(package: str) -> dict[str, Any]:
    """Version, licence and integrity of a package, as the lock file has them."""
    entry = read(WEB / "package-lock.json")["packages"].get(f"node_modules/{package}", {})
    return {key: entry.get(key) for key in ("version", "license", "integrity")}


def copy(modules: Path) -> None:
    """Replaces every copied file by the package's."""
    for top in (PAGES, TESTS):
        shutil.rmtree(ROOT / top, ignore_errors=True)
    for package, (directory, files) in WANTED.items():
        for file in files:
            put(modules / package / file, f"{directory}/{Path(file).name}")
    for path, licence in LICENCES.items():
        put(licence, path)


def put(source: Path, path: str) -> None:
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def recorded() -> dict[str, Any]:
    """What web/vendor.json says of the files that stand there now."""
    return {
        package: locked(package)
        | {"files": {path: sha256(ROOT / path) for path in targets(package)}}
        for package in sorted(WANTED)
    }


def vendor() -> None:
    """Installs the locked packages in a directory of its own, copies and records."""
    with tempfile.TemporaryDirectory() as directory:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(WEB / name, Path(directory) / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=directory, check=True)
        copy(Path(directory) / "node_modules")
    RECORD.write_text(json.dumps(recorded(), indent=2) + "\n")


def findings() -> Iterator[str]:
    """What differs between package.json, the lock file, vendor.json and the files."""
    package_json, record = read(WEB / "package.json"), read(RECORD)
    asked = package_json["dependencies"] | package_json["devDependencies"]
    if "resolved" in (WEB / "package-lock.json").read_text():
        yield "web/package-lock.json names the registry it was made with"
    if set(asked) != set(WANTED) or set(record) != set(WANTED):
        yield "web/package.json, web/vendor.json and this tool name different packages"
        return
    for package, version in asked.items():
        yield from package_findings(package, version, record[package])
    yield from strays()


def package_findings(package: str, version: str, record: dict[str, Any]) -> Iterator[str]:
    """What differs for one package, asked for in ``version``."""
    lock = locked(package)
    if version != lock["version"]:
        yield f"{package}: {version} is asked for, {lock['version']} is locked"
    if lock != {key: record.get(key) for key in lock}:
        yield f"{package}: web/vendor.json is of another version than the lock file"
    files: dict[str, str] = record["files"]
    if set(files) != set(targets(package)):
        yield f"{package}: web/vendor.json lists other files than this tool copies"
    for path, digest in files.items():
        if not (ROOT / path).is_file():
            yield f"{path} is missing"
        elif sha256(ROOT / path) != digest:
            yield f"{path} was changed by hand"


def strays() -> Iterator[str]:
    """Files among the copied ones that no package brought."""
    known = {path for package in WANTED for path in targets(package)}
    for top in (PAGES, TESTS):
        paths = (path for path in (ROOT / top).rglob("*") if path.is_file())
        yield from (
            f"{path} was not copied by this tool"
            for path in sorted(found.relative_to(ROOT).as_posix() for found in paths)
            if path not in known
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; name differences")
    if not parser.parse_args().check:
        vendor()
    differences = list(findings())
    for difference in differences:
        print(difference)
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
