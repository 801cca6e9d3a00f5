"""Commands that the pages tell to run are understood as they stand there."""

import argparse
import re
import shlex

import pytest

from parcelcast.cli import parser
from tests.docs.pages import PAGES, Page

# `./run` passes these on, or runs them itself.
_OTHERS = {"test", "dvc", "mlflow"}
_VALUES = {"DATE": "2026-11-01", "WHAT": "serve"}


def _commands_of(page: Page) -> list[str]:
    """Command lines that begin with ./run: whole in blocks, and what stands in backticks."""
    blocks = "\n".join(page.blocks()).replace("\\\n", " ")
    lines = re.findall(r"\./run ([^\n)`]+)", blocks)
    return [*lines, *(term.removeprefix("./run ") for term in page.terms if term.startswith("./run "))]


def _parser_of(words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser of a command and the words that are left for it."""
    found = parser()
    while (forms := next((a for a in found._actions if isinstance(a, argparse._SubParsersAction)), None)) and words:
        if words[0] not in forms.choices:
            break
        found, words = forms.choices[words[0]], words[1:]
    return found, words


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_and_their_options_exist(page: Page):
    for command in _commands_of(page):
        words = [_VALUES.get(word, word) for word in shlex.split(command, comments=True) if word not in {"&", "..."}]
        if words[0] in _OTHERS or words == ["--help"]:
            continue
        found, rest = _parser_of(words)
        assert found.prog != "./run", command
        if not rest:
            continue  # only named
        for action in found._actions:
            action.required = False  # "..." stands for what is left out
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(found, "error", lambda message, told=command: pytest.fail(f"./run {told}: {message}"))
            found.parse_args(rest)
