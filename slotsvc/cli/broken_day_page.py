"""What the broken day says: text while it goes, or one JSON object at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slotsvc.cli import demo_town as town
from slotsvc.cli.screen import console, paragraph, show
from slotsvc.cli.words import day_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from slotsvc.cli.broken_day_clock import SetClock

INDENT = 3


@dataclass
class Page:
    """Hears the story step by step."""

    clock: SetClock
    as_json: bool
    screen: Console = field(default_factory=console)
    told: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)

    def head(self, visits: int) -> None:
        """Where and when."""
        day = day_words(self.clock.day)
        self.told |= {"date": self.clock.day.isoformat(), "visits": visits}
        self._print(
            *paragraph(
                f"{day} in Monaco, {town.ATTRIBUTION}: {len(town.TECHNICIANS)} technicians, "
                f"{visits} visits, every day published. The clock is set by this story.",
                self.screen.width,
            )
        )

    def step(self, name: str, sentence: str) -> None:
        """A new step, at the time that it is now."""
        now = f"{self.clock.now().astimezone(self.clock.zone):%H:%M}"
        self.steps.append({"step": name, "time": now, "told": sentence, "lines": []})
        from rich.text import Text

        number = f"{len(self.steps)}."
        head = paragraph(f"{now}  {sentence}", self.screen.width, INDENT, number)
        self._print("", *(Text(line, "bold") for line in head))

    def say(self, *sentences: str) -> None:
        """Sentences of this step."""
        for words in sentences:
            self.steps[-1]["lines"].append(words)
            self._print(*paragraph(words, self.screen.width, INDENT))

    def show(self, lines: Sequence[Text]) -> None:
        """Lines as another command shows them, set in."""
        for line in lines:
            self.steps[-1]["lines"].append(line.plain.strip())
            line.pad_left(INDENT if line.plain else 0)
            self._print(line)

    @property
    def width(self) -> int:
        """For lines that ``show`` sets in."""
        return self.screen.width - INDENT

    def end(self) -> None:
        """All steps did what they should."""
        if self.as_json:
            from slotsvc.cli.as_json import echo_json

            echo_json({**self.told, "time_zone": self.clock.zone.key, "steps": self.steps})
        else:
            self._print("", "All six steps did what they should.")

    def _print(self, *lines: Any) -> None:
        if not self.as_json:
            show(lines, self.screen)
