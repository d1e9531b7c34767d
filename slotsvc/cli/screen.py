"""Text on a terminal: tables and paragraphs that fit its width; plain text when piped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP = 2
READABLE = 100
"""Sentences are broken at the terminal's width, but never run longer than this."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``gives``: it may be cut to fit the screen; at most one does."""

    title: str
    align: Literal["left", "right"] = "left"
    style: str = ""
    gives: bool = False


def console(*, stderr: bool = False) -> Console:
    """Never wraps by itself; no colours unless it is a terminal that wants them."""
    from rich.console import Console

    return Console(stderr=stderr, soft_wrap=True, highlight=False, emoji=False, markup=False)


def show(lines: Iterable[Text | str], screen: Console | None = None) -> None:
    """Prints the lines as they are."""
    target = screen or console()
    for line in lines:
        target.print(line)


def paragraph(text: str, width: int, indent: int = 0, first: str = "") -> list[str]:
    """Breaks a sentence between words; ``first`` starts the first line in the indent's place."""
    margin = " " * indent
    return textwrap.wrap(
        text,
        min(width, READABLE),
        initial_indent=first.ljust(indent) if first else margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int,
    notes: Sequence[Sequence[str]] = (),
    indent: int = 0,
) -> list[Text]:
    """A head, then the rows; ``notes[i]`` are lines under row i. Lines are at most ``width``."""
    from rich.text import Text

    widths = _widths(columns, rows, width - indent)
    lines = [_line(columns, [column.title for column in columns], widths, indent, head=True)]
    for index, row in enumerate(rows):
        lines.append(_line(columns, row, widths, indent))
        lines += [Text(note, "dim") for note in (notes[index] if notes else ())]
    return lines


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Sequence[int]:
    from rich.cells import cell_len

    cells = [[column.title for column in columns], *rows]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(columns))]
    spare = width - sum(widths) - GAP * (len(columns) - 1)
    return [
        max(size + min(spare, 0), 6) if column.gives else size
        for size, column in zip(widths, columns, strict=True)
    ]


def _line(
    columns: Sequence[Column],
    row: Sequence[str],
    widths: Sequence[int],
    indent: int,
    *,
    head: bool = False,
) -> Text:
    from rich.text import Text

    line = Text(" " * indent)
    for index, (column, value, width) in enumerate(zip(columns, row, widths, strict=True)):
        cell = Text(value, "bold" if head else column.style)
        cell.truncate(width, overflow="ellipsis")
        cell.align(column.align, width)
        line.append_text(cell)
        line.append(" " * GAP if index < len(columns) - 1 else "")
    line.rstrip()
    return line
