"""Progress of long work on the terminal: a line per step with its time, and bars where the amount is known."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Protocol

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


class TellShare(Protocol):
    """Names the step now running and, where that is known, the share of it that is done (0 to 1)."""

    def __call__(self, step: str, share: float | None = None, /) -> None:
        """Begin a step, or tell how far the one that runs has come."""
        ...


def _silently(_: str, __: float | None = None, /) -> None:
    """Tell nobody: what library code passes on when nobody watches."""


SILENT: TellShare = _silently


@contextmanager
def steps(title: str) -> Iterator[TellShare]:
    """Give a function that names the step now running; finished steps stay on the screen with the time they took.

    Writes to standard error. Where that is no terminal, each step is one plain line when it begins, with the time since
    the first one.
    """
    if not sys.stderr.isatty():
        yield from _plain_steps(title)
        return
    with _progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
        running: list[TaskID] = []
        names: list[str] = []

        def tell(step: str, share: float | None = None, /) -> None:
            if names[-1:] != [step]:
                finish()
                names.append(step)
                running.append(progress.add_task(f"{title}: {step}", total=None))
            elif share is not None:
                progress.update(running[-1], description=f"{title}: {step} {share:.0%}")

        def finish() -> None:
            for task in running[-1:]:
                progress.update(task, description=f"{title}: {names[-1]}", total=1, completed=1)

        yield tell
        finish()


def _plain_steps(title: str) -> Iterator[TellShare]:
    began = monotonic()
    names: list[str] = []

    def tell(step: str, _: float | None = None, /) -> None:
        if names[-1:] != [step]:
            names.append(step)
            sys.stderr.write(f"{title}: {step} {timedelta(seconds=int(monotonic() - began))}\n")
            sys.stderr.flush()

    yield tell
    tell("done")


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """Give a function that moves a bar of `total` units forward."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _progress(*columns) as progress:
        task = progress.add_task(title, total=total)
        yield lambda amount: progress.advance(task, amount)


def _progress(*columns: SpinnerColumn | TextColumn | BarColumn | MofNCompleteColumn | TimeElapsedColumn) -> Progress:
    return Progress(*columns, console=Console(file=sys.stderr))
