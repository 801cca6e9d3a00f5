"""Progress of long work on the terminal: a line per step with its time, and bars where the amount is known."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

Tell = Callable[[str], None]
Advance = Callable[[int], None]


def _silently(_: str) -> None:
    """Tell nobody: what library code passes on when nobody watches."""


SILENT: Tell = _silently


@contextmanager
def steps(title: str) -> Iterator[Tell]:
    """Give a function that names the step now running; finished steps stay on the screen with the time they took.

    Writes to standard error. Where that is no terminal, each finished step is one plain line.
    """
    with _progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        running: list[TaskID] = []

        def tell(step: str) -> None:
            finish()
            running.append(progress.add_task(f"{title}: {step}", total=None))

        def finish() -> None:
            for task in running[-1:]:
                progress.update(task, total=1, completed=1)

        yield tell
        finish()


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """Give a function that moves a bar of `total` units forward."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _progress(*columns) as progress:
        task = progress.add_task(title, total=total)
        yield lambda amount: progress.advance(task, amount)


def _progress(*columns: SpinnerColumn | TextColumn | BarColumn | MofNCompleteColumn | TimeElapsedColumn) -> Progress:
    return Progress(*columns, console=Console(file=sys.stderr))
