"""Files, modules, headings and variables that the pages name exist."""

import ast
import importlib.util
import re

import pytest

from parcelcast.settings import Settings
from pipelines.parameters import flattened, read_all
from tests.docs.pages import PAGES, ROOT, Page

# Folders of the repository whose files nobody has to make first.
_KEPT = (
    "parcelcast/",
    "features/",
    "models/",
    "pipelines/",
    "serving/",
    "tests/",
    "docs/",
    "examples/",
    "requirements/",
)
_MODULE = re.compile(
    r"(?!.*\.(?:md|py)$)(parcelcast|features|models|pipelines|serving)\.[a-z_]+(\.[a-z_]+)*(\.[A-Z]\w+)?"
)
# Names of the event bus, and parameters, that look like modules.
_SUBJECTS = (Settings().bus_scans, Settings().bus_events)
_PARAMETERS = flattened(read_all(ROOT / "params.yaml"))


def _slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Page):
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.text):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = (page.path.parent / path).resolve() if path else page.path
        headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        if not found.exists() or (anchor and anchor not in map(_slug, headings)):
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_files_of_the_repository_exist(page: Page):
    terms = {term for term in page.terms if term.startswith((*_KEPT, "data/reference/"))}
    patterns = {term: re.sub(r"<\w+>", "*", term) for term in terms if " " not in term}
    assert [term for term, pattern in patterns.items() if not any(ROOT.glob(pattern))] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_modules_exist(page: Page):
    named = {term for term in page.terms if _MODULE.fullmatch(term) and not term.startswith(_SUBJECTS)}
    for term in named - _PARAMETERS.keys():
        module, _, member = term.rpartition(".") if term.rpartition(".")[2][0].isupper() else (term, "", "")
        assert importlib.util.find_spec(module) is not None, term
        assert not member or hasattr(importlib.import_module(module), member), term


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_examples_import_what_there_is(page: Page):
    for block in page.blocks("python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                found = importlib.import_module(node.module or "")
                assert [one.name for one in node.names if not hasattr(found, one.name)] == []
