"""Generate slotsvc/pb from proto/slotsvc/v1, or check that it is up to date.

    python tools/generate_protos.py            write slotsvc/pb/v1
    python tools/generate_protos.py --check    exit 1 and name every file that differs

The proto package is ``slotsvc.v1``; the Python package is ``slotsvc.pb.v1``, since
``slotsvc`` is also the code's own name. protoc knows nothing of that, so the import lines
of the generated modules and stubs are moved. Descriptor names and method paths stay.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO_ROOT = ROOT / "proto"
PROTO_PACKAGE = Path("slotsvc/v1")
TARGET = ROOT / "slotsvc/pb/v1"

_IMPORT_LINE = re.compile(r"^(\s*(?:from|import)\s+)slotsvc\.v1\b", re.MULTILINE)
_SERVICE = re.compile(r"^service\s", re.MULTILINE)
_QUALIFIED_NAME = re.compile(r"\bslotsvc\.v1\.(?=\w+_pb2\b)")


def sources() -> list[str]:
    """The protos to compile, as paths from ``proto/``, sorted."""
    found = (PROTO_ROOT / PROTO_PACKAGE).glob("*.proto")
    return sorted(path.relative_to(PROTO_ROOT).as_posix() for path in found)


def run_protoc(out: Path) -> None:
    """Compile every source into `out`: messages, services, and the stubs of both."""
    import grpc_tools
    from grpc_tools import protoc

    # mypy-protobuf's plugins stand beside this interpreter, which may not be on PATH
    os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTO_ROOT}", f"-I{well_known}"]
    arguments += [f"--python_out={out}", f"--grpc_python_out={out}"]
    arguments += [f"--mypy_out=quiet:{out}", f"--mypy_grpc_out=quiet:{out}"]
    if protoc.main([*arguments, *sources()]) != 0:
        raise SystemExit("protoc failed")


def is_hollow(path: Path) -> bool:
    """Whether `path` is a service module of a proto without a service."""
    name, is_service_module, _ = path.name.partition("_pb2_grpc")
    proto = PROTO_ROOT / PROTO_PACKAGE / f"{name}.proto"
    return bool(is_service_module) and not _SERVICE.search(proto.read_text())


def in_place(text: str) -> str:
    """The generated `text` with its imports moved below ``slotsvc.pb``."""
    text = _IMPORT_LINE.sub(r"\1slotsvc.pb.v1", text)
    return _QUALIFIED_NAME.sub("slotsvc.pb.v1.", text)


def generate() -> dict[str, str]:
    """Every generated file's text by its name, the package's ``__init__.py`` with them."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory)
        run_protoc(out)
        made = [path for path in (out / PROTO_PACKAGE).iterdir() if not is_hollow(path)]
        files = {path.name: in_place(path.read_text()) for path in made}
    return files | {"__init__.py": ""}


def committed() -> dict[str, str]:
    """The files that stand in slotsvc/pb/v1, by name."""
    paths = (path for path in TARGET.glob("*") if path.suffix in {".py", ".pyi"})
    return {path.name: path.read_text() for path in paths}


def differences(fresh: dict[str, str], old: dict[str, str]) -> Iterator[str]:
    """One line for each file that is missing, left over or different."""
    for name in sorted(fresh.keys() | old.keys()):
        if name not in old:
            yield f"{name}: missing"
        elif name not in fresh:
            yield f"{name}: left over"
        elif fresh[name] != old[name]:
            yield f"{name}: differs"


def write(fresh: dict[str, str]) -> None:
    """Put the `fresh` files in place and take away what no proto makes any more."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in committed().keys() - fresh.keys():
        (TARGET / name).unlink()
    for name, text in fresh.items():
        (TARGET / name).write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    fresh = generate()
    stale = list(differences(fresh, committed()))
    if not check:
        write(fresh)
        print(f"slotsvc/pb/v1: {len(fresh)} files from {len(sources())} protos")
        return 0
    for line in stale:
        print(f"slotsvc/pb/v1/{line}; run `make proto`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
