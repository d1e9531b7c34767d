"""The best order of one day by CP-SAT: a model of its own, for days too long for brute force.

Written from the rules of ``brute_force``, not from the search. One literal per leg makes the order;
each pause is before the first visit, between two visits, inside a pausable one, or after the last.
Times may be later than they must be, but for the first start, which is what it is: idle time before
it is free. Being late never helps elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from ortools.sat.python import cp_model

from slotsvc.solver.params import Weights
from tests.solver.compiled_brute import NEVER, NO_ROAD, Plain

HOME_AGAIN = "after the last visit"


@dataclass(frozen=True)
class Proven:
    """``cost``: of the best order; None: there is none. ``proven``: False when the effort ended."""

    cost: int | None
    order: tuple[int, ...]
    proven: bool


class DayModel:
    """One day. Nodes as in ``compiled_brute.Plain``."""

    def __init__(self, day: Plain, weights: Weights) -> None:
        self.day, self.weights = day, weights
        self.model = cp_model.CpModel()
        self.visits = range(1, len(day.services) + 1)
        self.home = len(day.services) + 1
        self.latest = int(day.limits[1])
        self.legs = self._legs()
        self.starts = {v: self._start(v) for v in self.visits}
        self.finishes = {v: self._time(f"finish {v}") for v in self.visits}
        self.back = self._time("back home")
        self.breaks = [tuple(int(n) for n in row) for row in day.breaks]
        self.before = [self.model.new_bool_var(f"pause {k} before") for k in self._pauses]
        self.places = [self._places(k) for k in self._pauses]
        self.begins = [self._begin(k) for k in self._pauses]
        self._first()
        self._between()
        self._inside()
        self._last()
        self._price()

    @property
    def _pauses(self) -> range:
        return range(len(self.day.breaks))

    def _time(self, name: str) -> cp_model.IntVar:
        return self.model.new_int_var(0, max(self.latest, 0), name)

    def _legs(self) -> dict[tuple[int, int], cp_model.IntVar]:
        ends = [0, *self.visits], [*self.visits, self.home]
        return {
            (i, j): self.model.new_bool_var(f"leg {i} {j}")
            for i, j in product(*ends)
            if i != j and (i, j) != (0, self.home) and self.day.driving[i, j] < NO_ROAD
        }

    def _start(self, visit: int) -> cp_model.IntVar:
        opens, end = (int(n) for n in self.day.windows[visit - 1])
        start = self._time(f"start {visit}")
        self.model.add_linear_constraint(start, opens, end - 1)
        return start

    def _places(self, k: int) -> dict[object, cp_model.IntVar]:
        """Where a pause may be: behind a visit, inside one, or after the last."""
        new, inside = self.model.new_bool_var, self.day.pausable
        places: dict[object, cp_model.IntVar] = {v: new(f"{k} behind {v}") for v in self.visits}
        places |= {("in", v): new(f"{k} in {v}") for v in self.visits if inside[v - 1]}
        places[HOME_AGAIN] = new(f"{k} at the end")
        self.model.add_exactly_one([self.before[k], *places.values()])
        return places

    def _begin(self, k: int) -> cp_model.IntVar:
        opens, end, _ = self.breaks[k]
        return self.model.new_int_var(opens, max(end - 1, opens), f"pause {k}")

    def _first(self) -> None:
        """Straight to the first visit, with the first so many pauses on the way or before it."""
        for k in self._pauses[1:]:
            self.model.add_implication(self.before[k], self.before[k - 1])
        for (i, j), leg in self.legs.items():
            if i != 0:
                continue
            for taken in range(len(self.breaks) + 1):
                here = [leg, *self.before[:taken], *(~b for b in self.before[taken:])]
                start = self._first_start(j, taken)
                if start is None:
                    self.model.add_bool_or([~literal for literal in here])
                else:
                    self.model.add(self.starts[j] == start).only_enforce_if(here)
        for k, early in enumerate(self.before):
            for v in self.visits:  # what comes later comes after the first visit
                if (0, v) in self.legs:
                    late = [self.legs[0, v], ~early]
                    self.model.add(self.begins[k] >= self.starts[v]).only_enforce_if(late)

    def _first_start(self, visit: int, taken: int) -> int | None:
        clock, left = int(self.day.limits[0]), int(self.day.working[0, visit])
        for opens, end, length in self.breaks[:taken]:
            ahead = min(left, max(0, opens - clock))
            clock, left = max(clock, opens), left - ahead
            if clock >= end:
                return None
            clock += length
        opens, end = (int(n) for n in self.day.windows[visit - 1])
        start = max(clock + left, opens)
        return start if start < end and start <= self.latest else None

    def _between(self) -> None:
        """From one visit to the next, with the pauses behind the one."""
        for (i, j), leg in self.legs.items():
            if i > 0 and j < self.home:
                paused = sum(self.breaks[k][2] * self.places[k][i] for k in self._pauses)
                drive = int(self.day.working[i, j])
                self.model.add(self.starts[j] >= self.finishes[i] + drive + paused).only_enforce_if(
                    leg
                )
                for k, (_, _, length) in enumerate(self.breaks):
                    here = [leg, self.places[k][i]]
                    later = sum(
                        self.breaks[m][2] * self.places[m][i] for m in self._pauses if m > k
                    )
                    self.model.add(self.begins[k] >= self.finishes[i]).only_enforce_if(here)
                    self.model.add(
                        self.starts[j] >= self.begins[k] + length + later
                    ).only_enforce_if(here)
        for i in self.visits:  # behind the last one nothing is "between"
            if (i, self.home) in self.legs:
                for k in self._pauses:
                    self.model.add_implication(self.legs[i, self.home], ~self.places[k][i])
        for k in self._pauses[1:]:
            earlier = self.begins[k - 1] + self.breaks[k - 1][2]
            self.model.add(self.begins[k] >= earlier).only_enforce_if(~self.before[k])
            self.model.add_implication(self.places[k - 1][HOME_AGAIN], self.places[k][HOME_AGAIN])

    def _inside(self) -> None:
        """A pause begins while the work is being done, or at its very end."""
        for v in self.visits:
            service = int(self.day.services[v - 1])
            inner = {k: p[("in", v)] for k, p in enumerate(self.places) if ("in", v) in p}
            paused = sum(self.breaks[k][2] * place for k, place in inner.items())
            self.model.add(self.finishes[v] >= self.starts[v] + service + paused)
            for k, place in inner.items():
                before = sum(self.breaks[m][2] * inner[m] for m in inner if m < k)
                self.model.add(self.begins[k] >= self.starts[v]).only_enforce_if(place)
                over = self.starts[v] + service + before
                self.model.add(self.begins[k] <= over).only_enforce_if(place)

    def _last(self) -> None:
        """Home, with every pause that is left on the way or there."""
        for i in self.visits:
            if (i, self.home) not in self.legs:
                continue
            leg, drive = self.legs[i, self.home], int(self.day.working[i, self.home])
            paused = sum(self.breaks[k][2] * self.places[k][HOME_AGAIN] for k in self._pauses)
            self.model.add(self.back >= self.finishes[i] + drive + paused).only_enforce_if(leg)
            for k, (_, _, length) in enumerate(self.breaks):
                here = [leg, self.places[k][HOME_AGAIN]]
                later = sum(self.breaks[m][2] for m in self._pauses if m > k)
                self.model.add(self.begins[k] >= self.finishes[i]).only_enforce_if(here)
                self.model.add(self.back >= self.begins[k] + length + later).only_enforce_if(here)

    def _price(self) -> None:
        day, legs = self.day, self.legs
        self.model.add_circuit(
            [*((i, j, leg) for (i, j), leg in legs.items()), (self.home, 0, True)]
        )
        driving = sum(int(day.driving[leg]) * used for leg, used in legs.items())
        if day.limits[3] < NEVER:
            self.model.add(driving <= int(day.limits[3]))
        span = self.model.new_int_var(-self.latest, self.latest, "first start to last finish")
        first, last = self._time("first start"), self._time("last finish")
        for v in self.visits:
            if (0, v) in legs:
                self.model.add(first == self.starts[v]).only_enforce_if(legs[0, v])
            if (v, self.home) in legs:
                self.model.add(last == self.finishes[v]).only_enforce_if(legs[v, self.home])
        self.model.add(span == last - first)
        inner = [leg for leg in legs if leg[0] > 0 and leg[1] < self.home]
        busy = sum(int(day.working[leg]) * legs[leg] for leg in inner)
        busy += sum(int(n) for n in day.services)
        for k, (_, _, length) in enumerate(self.breaks):
            busy += length * sum(at for name, at in self.places[k].items() if name != HOME_AGAIN)
        late = self.model.new_int_var(0, self.latest, "overtime")
        self.model.add(late >= self.back - int(day.limits[2]))
        alpha, beta, gamma = self.weights
        self.model.minimize(alpha * driving + beta * (span - busy) + gamma * late)

    def solve(self, effort: float) -> Proven:
        """The best order. One worker and effort instead of a clock: there is no chance in it."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = effort
        status = solver.solve(self.model)
        if status == cp_model.INFEASIBLE:
            return Proven(None, (), proven=True)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Proven(None, (), proven=False)
        after = {i: j for (i, j), leg in self.legs.items() if solver.value(leg)}
        order, here = [], after[0]
        while here != self.home:
            order.append(here)
            here = after[here]
        cost = round(solver.objective_value)
        return Proven(cost, tuple(order), proven=status == cp_model.OPTIMAL)


def best_by_cp_sat(day: Plain, weights: Weights, effort: float = 60.0) -> Proven:
    """The best order of a day with at least one visit, proven with so much effort (about as many
    seconds) or said not to be."""
    return DayModel(day, weights).solve(effort)
