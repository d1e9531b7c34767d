"""Progress of long work, on stderr: a bar on a terminal, one line where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from slotsvc.cli.screen import console


@contextmanager
def staged(title: str, *, quiet: bool = False) -> Iterator[Callable[[str, float], None]]:
    """Gives a function that is told (stage, fraction 0 to 1); the bar goes when the work ends."""
    screen = console(stderr=True)
    if quiet or not screen.is_terminal:
        if not quiet:
            screen.print(f"{title} …")
        yield lambda stage, fraction: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(30), TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(), TextColumn("{task.fields[stage]}", style="dim"),
    )  # fmt: skip
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task(title, total=1.0, stage="")

        def told(stage: str, fraction: float) -> None:
            progress.update(task, completed=fraction, stage=stage)

        yield told
