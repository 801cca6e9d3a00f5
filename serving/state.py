"""What a running server owns, made once in the lifespan and typed."""

from dataclasses import dataclass
from typing import Annotated, TypedDict, cast

from fastapi import Depends, Request

from parcelcast.codes.mapping import CodeTables
from parcelcast.settings import Settings
from serving.background import Background
from serving.bundles import Bundles
from serving.clock import Clock
from serving.keys import KeyRing
from serving.promises.memory import Memory
from serving.promises.service import PromiseService
from serving.scans.reading import ReadingDesk
from serving.scans.recorder import Recorder
from serving.store import PromiseStore
from serving.stores.database import Database
from serving.webhooks.desk import WebhookDesk


@dataclass(frozen=True)
class Services:
    """Everything that endpoints use."""

    settings: Settings
    clock: Clock
    keys: KeyRing
    bundles: Bundles
    store: PromiseStore
    promises: PromiseService
    memory: Memory
    database: Database
    background: Background
    tables: CodeTables
    reading_desk: ReadingDesk
    recorder: Recorder
    webhooks: WebhookDesk


class State(TypedDict):
    """The lifespan state."""

    services: Services


def services_of(request: Request) -> Services:
    """Return the services of the application that serves this request."""
    return cast(Services, request.scope["state"]["services"])


Serving = Annotated[Services, Depends(services_of)]
