"""The commands of the command line, one module for each noun; what a command needs is imported only when it runs."""

import argparse
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

Handler = Callable[[argparse.Namespace], int]


def day(text: str) -> date:
    """Read an option's day; ArgumentTypeError, which argparse tells, for one that is not written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected YYYY-MM-DD, such as 2026-05-01") from error
