from __future__ import annotations

import json

from click.testing import CliRunner

from benchmarks import growth, rank

SMALL = ("--synthetic", "--team", "2x3x4", "--requests", "2", "--peer-requests", "0")


def test_rank_prints_tables() -> None:
    """Head, our rankings with and without lunch, and the row for the table of versions."""
    done = CliRunner().invoke(rank.main, SMALL)
    assert done.exit_code == 0, done.output
    assert done.output.count("| top 10, default weights") == 3
    assert "NOT ALL" not in done.output
    assert "commit" in done.output


def test_rank_gives_all_figures_as_json() -> None:
    """The same seed measures the same cells."""
    runs = [CliRunner().invoke(rank.main, [*SMALL, "--json"]).output for _ in range(2)]
    counted = [
        [
            (name, figures["cells"], figures["evaluated"], figures["pruned"])
            for team in json.loads(run)["teams"]
            for name, figures in team["ours"].items()
        ]
        for run in runs
    ]
    assert counted[0] == counted[1]
    assert counted[0][0][1] == 2 * 3 * 4


def test_a_point_of_growth_has_its_figures() -> None:
    """One team's size, times and memory."""
    done = CliRunner().invoke(growth.main, ["--synthetic", "--point", "3x2", "--requests", "2"])
    figures = json.loads(done.output)
    assert (figures["technicians"], figures["days"], figures["routes"]) == (3, 2, 6)
    assert figures["proven"] is True
    assert min(figures[f"{name}_ms"] for name in ("scan", "top_10", "changed_route")) > 0


def test_an_unknown_size_is_refused() -> None:
    """A team is technicians x days x visits."""
    done = CliRunner().invoke(rank.main, ["--synthetic", "--team", "50"])
    assert done.exit_code == 2
    assert "50x14x5" in done.output
