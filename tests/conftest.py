"""Random tests are the same on every run, unless more examples than usual are asked for."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.examples import MULTIPLIER
from tests.postgres_fixtures import empty_postgres_url, postgres, postgres_url

__all__ = ["empty_postgres_url", "postgres", "postgres_url"]

settings.register_profile(
    "slotsvc",
    deadline=None,  # a shared machine is slow now and then
    derandomize=MULTIPLIER == 1,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("slotsvc")
