"""The shape of the code: who imports whom, how long things are, what a start loads."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from grimp import build_graph
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "slotsvc"

LONGEST_FILE = 400
MEDIAN_FUNCTION = 10


def written_files() -> list[Path]:
    """The package's modules that people write: all but the generated ones."""
    generated = PACKAGE / "pb"
    return sorted(path for path in PACKAGE.rglob("*.py") if generated not in path.parents)


def functions() -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for path in written_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement to the last, the docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


def test_the_import_contracts_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every layer imports only what lies below it, and every module has a layer."""
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))

    status = lint_imports(config_filename="pyproject.toml", no_cache=True)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_imports_go_in_circles() -> None:
    """No module needs itself by way of others, not even for its types."""
    graph = build_graph("slotsvc", cache_dir=None)
    above = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
        if not module.startswith("slotsvc.pb")
    }
    while lowest := [m for m, needs in above.items() if not needs & above.keys()]:
        for module in lowest:
            del above[module]
    # what is left lies in a circle, or above one
    assert sorted(above) == []


def test_no_file_is_longer_than_its_budget() -> None:
    """A module fits on a few screens, so that a stranger reads it in one go."""
    lengths = {path: len(path.read_text().splitlines()) for path in written_files()}

    too_long = {
        str(path.relative_to(ROOT)): length
        for path, length in lengths.items()
        if length > LONGEST_FILE
    }

    assert too_long == {}


def test_the_usual_function_is_short() -> None:
    """Half of all functions have a body of ten lines or fewer."""
    assert statistics.median(map(body_lines, functions())) <= MEDIAN_FUNCTION


def test_the_domain_imports_the_standard_library_only() -> None:
    """The words of the field depend on no package, so nothing can change them from outside."""
    imported = set()
    for path in (PACKAGE / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").partition(".")[0])

    assert imported - sys.stdlib_module_names <= {"slotsvc"}


@pytest.mark.parametrize("module", ["slotsvc.cli.main", "slotsvc.domain"])
def test_a_start_does_not_load_the_heavy_libraries(module: str) -> None:
    """The command line and the domain are there at once: no OR-Tools, no pandas."""
    program = f"import {module}, sys; print(*sys.modules)"
    start = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )

    assert start.returncode == 0, start.stderr
    assert not {"ortools", "pandas"} & set(start.stdout.split())
