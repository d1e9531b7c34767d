"""The contract files are no test modules, but their assertions shall explain themselves too."""

from __future__ import annotations

import pytest

for name in ("calendar", "concurrency", "job", "record", "route", "sweep", "visit"):
    pytest.register_assert_rewrite(f"tests.store.{name}_contract")
pytest.register_assert_rewrite("tests.store.many_writers")
