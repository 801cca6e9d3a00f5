"""What will be served must load and pass its own self-test."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.checks.base import Evidence, Outcome, Verdict
from parcelcast.errors import ArtefactError


@dataclass(frozen=True)
class BundleSound:
    """Pass when `load` accepts the bundle: hashes, schema version and the forecasts of its self-test."""

    load: Callable[[Path], object]
    code: str = "bundle-sound"

    def judge(self, evidence: Evidence) -> Verdict:
        """Load the bundle as the server would."""
        try:
            self.load(evidence.bundle)
        except ArtefactError as error:
            return Verdict(self.code, Outcome.ISSUE, str(error))
        return Verdict(self.code, Outcome.PASS, "loads, hashes agree, self-test passes")
