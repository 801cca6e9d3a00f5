"""The pages that people read, taken apart."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_DATE = re.compile(r"'\$\(date -u -d '(\d) days? ago' \+%F(.*?)\)'")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A page in Markdown."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def terms(self) -> list[str]:
        """What stands in backticks, on one line."""
        return [" ".join(term.split()) for term in re.findall(r"`([^`]+)`", self.prose)]

    def blocks(self, language: str = "") -> list[str]:
        """Fenced blocks of a language; those without one are commands and pictures."""
        return [content for named, content in _FENCE.findall(self.text) if named == language]

    def rows(self, first: str) -> list[list[str]]:
        """The cells of the table whose header begins with a cell."""
        table = re.search(rf"^\| *{re.escape(first)} *\|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", self.text, re.MULTILINE)
        assert table is not None, f"no table {first!r} in {self}"
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def page(name: str) -> Page:
    return Page(ROOT / name)


PAGES = [
    *map(page, ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/notifier/README.md")),
    *map(Page, sorted((ROOT / "docs").rglob("*.md"))),
]


def dated(block: str) -> str:
    """Commands with the shell's dates as of 23 November 2026."""
    return _DATE.sub(lambda ago: f"2026-11-{23 - int(ago[1])}{ago[2]}", block)


def quoted(cell: str) -> list[str]:
    """What stands in backticks in a cell of a table."""
    return re.findall(r"`([^`]+)`", cell)
