"""Random tests are the same on every run, unless more examples than usual are asked for."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

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


class ChaosApart(LoadScopeScheduling):
    """Each file in one worker, for files start servers of their own; all chaos in the same one: two
    campaigns at once leave no processor to the tests beside them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "tests/chaos" if file.startswith("tests/chaos/") else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What depends on how fast this machine is just now is tried once more, and reported as such.
    Nothing else is: where truth is at stake, a failure in a thousand runs is a failure."""
    for item in items:
        browses = "browser" in getattr(item, "fixturenames", ())
        if browses or item.get_closest_marker("machine_speed"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ChaosApart:
    """Whatever ``--dist`` says."""
    return ChaosApart(config, log)
