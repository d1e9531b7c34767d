"""``python -m benchmarks.broken_process NUMBER MODULE ARGS``: a module run on broken code.

The modules that a mutant changes are read from their files, changed in memory, and imported so;
nothing is written, and machine code that is compiled already is used.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import runpy
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

from benchmarks.booking_mutants import MUTANTS, Edit, mutated


class Breaking(importlib.abc.MetaPathFinder):
    """Finds the modules that are to be broken before anybody else does."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """None: not ours to break."""
        edits = [edit for edit in self._edits if edit.module == name]
        if not edits:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None
        spec.loader = _Broken(name, str(edits[0].path), edits)
        return spec


class _Broken(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        """Of the changed source; kept nowhere."""
        source = self.get_source(fullname)
        assert source is not None
        return compile(mutated(source, self._edits), self.path, "exec")


def main() -> None:
    """Runs the module as if it was started by itself."""
    number, module, *told = sys.argv[1:]
    if number:
        sys.meta_path.insert(0, Breaking(MUTANTS[int(number)].edits))
    sys.argv = [module, *told]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
