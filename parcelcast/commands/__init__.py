"""The commands of the command line, one module for each noun; what a command needs is imported only when it runs."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

Handler = Callable[[argparse.Namespace], int]
