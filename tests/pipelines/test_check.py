import json

import pytest

from models.checks import Outcome, Verdict
from models.tracking import CHAMPION, Version
from pipelines.check import judge, write_judgement


class FakeRegistry:
    def __init__(self) -> None:
        self.names: dict[str, Version] = {CHAMPION: Version("1", "old")}
        self.notes: dict[str, str] = {}

    def annotate(self, version, notes) -> None:
        self.notes |= notes

    def give_name(self, alias, version) -> None:
        self.names[alias] = version


class Always:
    def __init__(self, code: str, outcome: Outcome) -> None:
        self.code = code
        self._outcome = outcome

    def judge(self, evidence) -> Verdict:
        return Verdict(self.code, self._outcome, f"{evidence} says so")


CHALLENGER = Version("2", "new")
SOUND = Always("sound", Outcome.PASS)
ABSENT = Always("absent", Outcome.NOT_APPLICABLE)
WRONG = Always("wrong", Outcome.ISSUE)


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def test_a_challenger_without_issues_becomes_champion(registry):
    judgement = judge(registry, CHALLENGER, "evidence", [SOUND, ABSENT])

    assert judgement.promoted
    assert registry.names[CHAMPION] == CHALLENGER


def test_one_issue_keeps_the_old_champion(registry):
    judgement = judge(registry, CHALLENGER, "evidence", [SOUND, WRONG])

    assert not judgement.promoted
    assert registry.names[CHAMPION] == Version("1", "old")
    assert "ISSUE wrong: evidence says so" in str(judgement)


def test_verdicts_stay_with_the_version(registry):
    judge(registry, CHALLENGER, "evidence", [SOUND, WRONG])

    assert registry.notes == {"check.sound": "pass: evidence says so", "check.wrong": "issue: evidence says so"}


def test_the_report_has_numbers_beside_the_words(registry, tmp_path):
    write_judgement(judge(registry, CHALLENGER, "evidence", [SOUND, WRONG]), tmp_path / "checks.json")

    report = json.loads((tmp_path / "checks.json").read_text())
    assert report["promoted"] == 0
    assert report["checks"]["wrong"] == {"outcome": "issue", "passed": 0, "explanation": "evidence says so"}
