"""``slotsvc verify`` in words."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from pysqlite3 import dbapi2

from slotsvc.cli.main import main
from slotsvc.cli.verify import lines
from slotsvc.scheduling.judged_routes import Judged
from slotsvc.store.examination import Examination


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """No company yet, and the first key of its operator."""
    made = CliRunner().invoke(main, ["key", "first", "--data-dir", str(tmp_path)])
    assert made.exit_code == 0, made.output
    return tmp_path


def test_the_operators_trail_is_no_company(data: Path) -> None:
    """It is looked over like theirs, and told apart."""
    told = CliRunner().invoke(main, ["verify", "--data-dir", str(data)])
    found = json.loads(
        CliRunner().invoke(main, ["verify", "--data-dir", str(data), "--json"]).stdout
    )

    assert told.stdout.startswith("0 companies and the operator's trail, 1 audit entry, 1 event, ")
    assert (found["tenants"], found["operators_trail"], found["troubles"]) == (0, True, [])


def test_damage_of_the_operators_trail_is_named(data: Path) -> None:
    """By whose it is, though it has no company's name."""
    with closing(dbapi2.connect(str(data / "slotsvc.db"))) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET hash = 'x'")
        connection.commit()

    told = CliRunner().invoke(main, ["verify", "--data-dir", str(data)])

    assert told.exit_code == 1
    assert "WRONG  audit chain: the operator's trail, entry 1: " in told.stdout


def test_one_is_one() -> None:
    """One company, one route, one thing wrong; nobody's trail where no operator did anything."""
    first, second, *_ = lines(Examination(tenants=1, routes=1, judged=Judged(routes=1)))
    assert first == "1 company, 0 audit entries, 0 events, 1 route, epoch 0."
    assert second.startswith("1 route with visits: 1 judged anew, ")
