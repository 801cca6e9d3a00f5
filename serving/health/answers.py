"""What a load balancer and an operator get."""

from datetime import datetime
from typing import Literal

from serving.bundles import Loaded
from serving.promises.answers import Said


class Alive(Said):
    """The process answers."""

    status: Literal["ok"] = "ok"


class BundleAnswer(Said):
    """The model bundle in use; version "none" answers from quotes and calendars."""

    version: str
    as_of: datetime | None
    loaded_at: datetime | None

    @classmethod
    def of(cls, loaded: Loaded) -> "BundleAnswer":
        """Describe a bundle in use."""
        return cls(version=loaded.bundle.version, as_of=loaded.bundle.as_of, loaded_at=loaded.loaded_at)


class Readiness(Said):
    """Ready: answers from the newest bundle. Degraded: answers, but from an older one or from quotes alone."""

    status: Literal["ready", "degraded"]
    bundle: BundleAnswer
    last_error: str | None
