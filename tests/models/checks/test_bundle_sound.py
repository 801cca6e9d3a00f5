from pathlib import Path

from models.checks import BundleSound, Outcome
from parcelcast.errors import ArtefactError


def test_a_bundle_that_loads_passes(evidence_with):
    loaded = []

    verdict = BundleSound(load=loaded.append).judge(evidence_with(bundle=Path("here")))

    assert verdict.outcome is Outcome.PASS
    assert loaded == [Path("here")]


def test_a_broken_bundle_is_an_issue_with_its_reason(evidence_with):
    def refuse(path: Path) -> None:
        raise ArtefactError("hazard.txt has another hash than the manifest")

    verdict = BundleSound(load=refuse).judge(evidence_with())

    assert verdict.outcome is Outcome.ISSUE
    assert verdict.explanation == "hazard.txt has another hash than the manifest"
