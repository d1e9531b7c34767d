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

NEVER = 1 << 29


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
        # read when the class is made, before there is a Technician
        Optional["Technician"],  # noqa: UP037, UP045
        InverseRelationShadowVariable(source_variable_name="stops"),
    ] = field(default=None)


@planning_entity
@dataclass
class Technician:
    """``drive``: seconds between the nodes of the day, row by row, ``size`` each. ``lunch``:
    seconds, 0: none; it begins from ``lunch_opens`` to ``lunch_closes``."""

    id: Annotated[int, PlanningId]
    drive: list[int]
    size: int
    end: int
    lunch_opens: int
    lunch_closes: int
    lunch: int
    stops: Annotated[list[Stop], PlanningListVariable] = field(default_factory=list)

    def missed(self) -> int:
        """Stops, and the way home, that come too late. Two clocks: lunch to come (never: there is
        none), and lunch taken."""
        hungry = 0 if self.lunch > 0 else NEVER
        fed = NEVER if self.lunch > 0 else 0
        here = 0
        left = len(self.stops) + 1
        for stop in self.stops:
            node = stop.node if stop.node >= 0 else self.size - 1
            leg = self.drive[here * self.size + node]
            fed = self.after_lunch(hungry, fed, leg)
            hungry = hungry + leg
            hungry = hungry if hungry > stop.opens else stop.opens
            fed = fed if fed > stop.opens else stop.opens
            hungry = hungry + stop.service if hungry <= stop.closes else NEVER
            fed = fed + stop.service if fed <= stop.closes else NEVER
            if hungry >= NEVER and fed >= NEVER:
                return left
            left = left - 1
            here = node
        home = self.after_lunch(hungry, fed, self.drive[here * self.size + 1])
        return 0 if home <= self.end else left

    def after_lunch(self, hungry: int, fed: int, leg: int) -> int:
        """Arrival with lunch taken, on the way if that is sooner."""
        arrival = fed + leg
        if hungry <= self.lunch_closes:
            paused = hungry + leg
            paused = (paused if paused > self.lunch_opens else self.lunch_opens) + self.lunch
            arrival = paused if paused < arrival else arrival
        return arrival

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
    score: Annotated[HardSoftScore | None, PlanningScore] = field(default=None)


@constraint_provider
def constraints(factory: ConstraintFactory) -> list[Any]:
    """Windows before driving."""
    return [
        factory.for_each(Technician)
        .filter(lambda technician: technician.missed() > 0)
        .penalize(HardSoftScore.ONE_HARD, lambda technician: technician.missed())
        .as_constraint("missed"),
        factory.for_each(Technician)
        .penalize(HardSoftScore.ONE_SOFT, lambda technician: technician.driving())
        .as_constraint("driving"),
    ]


def _plan(days: list[dict[str, Any]]) -> Plan:
    technicians: list[Technician] = []
    stops: list[Stop] = []
    for number, day in enumerate(days):
        size = len(day["opens"])
        own = [
            Stop(
                len(stops) + i, node, day["opens"][node], day["closes"][node], day["service"][node]
            )
            for i, node in enumerate(range(2, size - 1))
        ]
        stops.extend(own)
        lunch = day["lunch"]
        technicians.append(Technician(number, day["travel"], size, day["end"], *lunch, own))
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
