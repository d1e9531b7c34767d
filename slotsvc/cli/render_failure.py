"""A failure on the screen: one sentence, every violation, alternatives, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slotsvc.cli.as_json import echo_json
from slotsvc.cli.field_names import option_words, reason_words
from slotsvc.cli.screen import console, paragraph, show

if TYPE_CHECKING:
    from rich.text import Text

    from slotsvc.cli.failure import CommandError


def show_failure(failure: CommandError, as_json: bool) -> None:
    """JSON goes to stdout, text to stderr."""
    if as_json:
        echo_json(failure.as_json())
        return
    screen = console(stderr=True)
    show(failure_lines(failure, screen.width), screen)


def failure_lines(failure: CommandError, width: int) -> list[Text]:
    """The lines, at most ``width`` long where words allow."""
    from rich.text import Text

    lines = [Text(line, "bold red") for line in paragraph(failure.message, width)]
    for path, reason in failure.violations:
        text = f"{option_words(path)}: {reason_words(reason)}" if path else reason
        lines += [Text(line) for line in paragraph(text, width, 4, "  -")]
    lines += failure.lines
    if failure.alternatives:
        from slotsvc.cli.render_slots import slot_lines

        lines += slot_lines(failure.alternatives, failure.zone or ZoneInfo("UTC"), width)
    lines += [Text(line, "dim") for line in paragraph(failure.hint, width)]
    return lines
