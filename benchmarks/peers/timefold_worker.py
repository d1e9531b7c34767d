"""Timefold's Python build in a process and a Python of its own (3.10 to 3.12, with Java 17).

Reads one slot per line (JSON: the days of its technicians, the request last in each), puts the
request where the construction heuristic likes it best, and writes the added driving or null.
Committed visits stay where they are: ``SolutionManager.recommend_fit`` is what one would call, but
in the Python build it only raises ``NotImplementedError``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Annotated, Any, Optional

from timefold.solver import SolverFactory
from timefold.solver.config import EnvironmentMode, ScoreDirectorFactoryConfig, SolverConfig
from timefold.solver.domain import (
    InverseRelationShadowVariable,
    PlanningEntityCollectionProperty,
    PlanningId,
    PlanningListVariable,
    PlanningScore,
    ValueRangeProvider,
    planning_entity,
    planning_solution,
)
from timefold.solver.score import ConstraintFactory, HardSoftScore, constraint_provider


@planning_entity
@dataclass
class Stop:
    """``node``: its row in its technician's driving; -1: the last row of whoever gets it."""

    id: Annotated[int, PlanningId]
    node: int
    opens: int
    closes: int
    service: int
    technician: Annotated[
        Optional["Technician"], InverseRelationShadowVariable(source_variable_name="stops")
    ] = field(default=None)


@planning_entity
@dataclass
class Technician:
    """``drive``: seconds between the nodes of his day, row by row, ``size`` each."""

    id: Annotated[int, PlanningId]
    drive: list[int]
    size: int
    end: int
    stops: Annotated[list[Stop], PlanningListVariable] = field(default_factory=list)

    def late(self) -> int:
        """Seconds by which windows and the shift are missed."""
        now = 0
        here = 0
        missed = 0
        for stop in self.stops:
            node = stop.node if stop.node >= 0 else self.size - 1
            now = now + self.drive[here * self.size + node]
            if now < stop.opens:
                now = stop.opens
            if now > stop.closes:
                missed = missed + now - stop.closes
            now = now + stop.service
            here = node
        now = now + self.drive[here * self.size + 1]
        if now > self.end:
            missed = missed + now - self.end
        return missed

    def driving(self) -> int:
        """Seconds behind the wheel."""
        here = 0
        total = 0
        for stop in self.stops:
            node = stop.node if stop.node >= 0 else self.size - 1
            total = total + self.drive[here * self.size + node]
            here = node
        return total + self.drive[here * self.size + 1]


@planning_solution
@dataclass
class Plan:
    """One day of a team."""

    technicians: Annotated[list[Technician], PlanningEntityCollectionProperty]
    stops: Annotated[list[Stop], PlanningEntityCollectionProperty, ValueRangeProvider]
    score: Annotated[Optional[HardSoftScore], PlanningScore] = field(default=None)


@constraint_provider
def constraints(factory: ConstraintFactory) -> list[Any]:
    """Windows before driving."""
    return [
        factory.for_each(Technician)
        .filter(lambda technician: technician.late() > 0)
        .penalize(HardSoftScore.ONE_HARD, lambda technician: technician.late())
        .as_constraint("late"),
        factory.for_each(Technician)
        .penalize(HardSoftScore.ONE_SOFT, lambda technician: technician.driving())
        .as_constraint("driving"),
    ]


def _plan(days: list[dict[str, Any]]) -> Plan:
    technicians, stops = [], []
    for number, day in enumerate(days):
        size = len(day["opens"])
        own = [
            Stop(len(stops) + i, node, day["opens"][node], day["closes"][node], day["service"][node])
            for i, node in enumerate(range(2, size - 1))
        ]
        stops.extend(own)
        technicians.append(Technician(number, day["travel"], size, day["end"], own))
    day = days[0]
    request = Stop(len(stops), -1, day["opens"][-1], day["closes"][-1], day["service"][-1])
    return Plan(technicians, [*stops, request])


def main() -> None:
    """Answers until its input ends."""
    config = SolverConfig.create_from_xml_text("<solver><constructionHeuristic/></solver>")
    config.solution_class = Plan
    config.entity_class_list = [Technician, Stop]
    config.environment_mode = EnvironmentMode.NO_ASSERT
    config.score_director_factory_config = ScoreDirectorFactoryConfig(
        constraint_provider_function=constraints
    )
    factory = SolverFactory.create(config)
    for line in sys.stdin:
        slot = json.loads(line)
        solved = factory.build_solver().solve(_plan(slot["days"]))
        score = solved.score
        fits = score.hard_score == 0
        print(json.dumps(-score.soft_score - slot["without"] if fits else None), flush=True)


if __name__ == "__main__":
    main()
