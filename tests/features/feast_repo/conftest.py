import os
from uuid import uuid4

import pytest
import redis

from features.feast_repo.config import OnlineParameters
from features.feast_repo.store import Repository

_URL = os.environ.get("PARCELCAST_TEST_REDIS_URL", "redis://127.0.0.1:6379/13")


@pytest.fixture(scope="session")
def redis_url() -> str:
    with redis.Redis.from_url(_URL) as client:
        try:
            client.ping()
        except redis.ConnectionError as error:
            reason = f"no Redis answers at {_URL} ({error}); start one, or name it in PARCELCAST_TEST_REDIS_URL"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
    return _URL


@pytest.fixture(params=["sqlite", "redis"])
def repository(request, tmp_path):
    """Return a function that opens the same repository, as each run of the stage does."""
    environ = {"ADDRESS": request.getfixturevalue("redis_url")} if request.param == "redis" else {}
    parameters = OnlineParameters(request.param, "ADDRESS", f"test{uuid4().hex}")

    def opened() -> Repository:
        return Repository(tmp_path / "online", parameters, environ)

    yield opened
    opened().tear_down()
