"""What every store must do. One suite for all engines: a subclass says how to open one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from slotsvc.scheduling.ports import Clock, Store
from tests.store.access_contract import AccessContract
from tests.store.backlog_contract import BacklogContract
from tests.store.calendar_contract import CalendarContract
from tests.store.concurrency_contract import ConcurrencyContract
from tests.store.expected_contract import ExpectedContract
from tests.store.job_contract import JobContract
from tests.store.measure_contract import MeasureContract
from tests.store.record_contract import RecordContract
from tests.store.route_contract import RouteContract
from tests.store.samples import FrozenClock
from tests.store.sweep_contract import SweepContract
from tests.store.visit_contract import VisitContract


class ClosableStore(Store):
    """A store as its engine hands it out."""

    def close(self) -> None:
        """Ends it."""


class StoreContract(
    CalendarContract,
    RouteContract,
    VisitContract,
    ExpectedContract,
    MeasureContract,
    BacklogContract,
    RecordContract,
    AccessContract,
    ConcurrencyContract,
    JobContract,
    SweepContract,
):
    """The whole suite."""

    @abstractmethod
    def open(self, where: Path, clock: Clock | None) -> ClosableStore:
        """A new, empty store with its tables, kept in the directory ``where``."""

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def store(self, tmp_path: Path, clock: FrozenClock) -> Iterator[ClosableStore]:
        store = self.open(tmp_path, clock)
        yield store
        store.close()
