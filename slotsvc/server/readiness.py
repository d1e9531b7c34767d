"""Ready, degraded or broken: what ``/readyz`` tells.

Degraded: every answer is right, some are slower, less exact or refused for a while; calls should go
on coming here. Broken: calls cannot be answered; they should go elsewhere. Whether the process is
alive is another question, which no dependency has a say in (``/livez``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import structlog

PATIENCE_S = 2.0
"""A dependency that takes longer to say how it is counts as not answering."""

_log = structlog.get_logger(__name__)


class State(IntEnum):
    """From good to bad."""

    OK = 0
    DEGRADED = 1
    BROKEN = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one dependency. ``text``: for people, no secrets."""

    state: State
    text: str = "ok"


FINE = Finding(State.OK)

type Probe = Callable[[], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Findings by what was looked at; the worst of them is the state of all."""

    findings: Mapping[str, Finding] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The worst."""
        return max((found.state for found in self.findings.values()), default=State.OK)

    @property
    def ready(self) -> bool:
        """Whether calls can be answered here."""
        return self.state is not State.BROKEN

    def as_json(self) -> dict[str, object]:
        """``ready``, ``state``, the texts by name, and which names are degraded or broken."""
        return {
            "ready": self.ready,
            "state": self.state.name.lower(),
            "checks": {name: found.text for name, found in self.findings.items()},
            "degraded": self._names(State.DEGRADED),
            "broken": self._names(State.BROKEN),
        }

    def _names(self, state: State) -> list[str]:
        return [name for name, found in self.findings.items() if found.state is state]


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something to look at. ``worst``: what it means when the probe fails or takes too long."""

    probe: Probe
    worst: State


class ReadinessChecks:
    """Looks at all dependencies at once, each for ``patience_s`` at most."""

    def __init__(
        self, dependencies: Mapping[str, Dependency], patience_s: float = PATIENCE_S
    ) -> None:
        self._dependencies = dict(dependencies)
        self._patience_s = patience_s

    async def __call__(self) -> Readiness:
        """Never raises: a failing probe is a finding."""
        found = await asyncio.gather(*(self._look(*one) for one in self._dependencies.items()))
        return Readiness(dict(zip(self._dependencies, found, strict=True)))

    async def _look(self, name: str, dependency: Dependency) -> Finding:
        try:
            async with asyncio.timeout(self._patience_s):
                return await dependency.probe()
        except Exception as error:
            _log.warning("readiness check failed", check=name, error=type(error).__name__)
            return Finding(dependency.worst, "does not answer")
