"""Random tests are the same on every run, unless more examples than usual are asked for."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# No test modules, but their assertions shall explain themselves too. Before anybody imports them.
for name in ("calendar", "concurrency", "job", "record", "route", "sweep", "visit"):
    pytest.register_assert_rewrite(f"tests.store.{name}_contract")
pytest.register_assert_rewrite("tests.store.many_writers")

from tests.examples import MULTIPLIER  # noqa: E402
from tests.postgres_fixtures import (  # noqa: E402
    empty_postgres_url,
    postgres,
    postgres_url,
)

__all__ = ["empty_postgres_url", "postgres", "postgres_url"]

settings.register_profile(
    "slotsvc",
    deadline=None,  # a shared machine is slow now and then
    derandomize=MULTIPLIER == 1,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("slotsvc")
