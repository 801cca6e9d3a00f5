from pathlib import Path

import pytest

from parcelcast.errors import InputError
from parcelcast.settings import Settings


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"PORT": "1", "PARCELCAST_DATASETS": "elsewhere"}) == Settings()


def test_every_field_is_read_from_its_variable():
    read = Settings.from_env(
        {
            "PARCELCAST_BUNDLE": "bundles/a",
            "PARCELCAST_PORT": "9000",
            "PARCELCAST_CORS_ORIGINS": "https://a.example, https://b.example,",
            "PARCELCAST_SERVICE_LEVEL": "0.95",
        }
    )

    assert read.bundle == Path("bundles/a")
    assert read.port == 9000
    assert read.cors_origins == ("https://a.example", "https://b.example")
    assert read.service_level == 0.95


def test_a_value_that_does_not_fit_is_refused_by_name():
    with pytest.raises(InputError, match="PARCELCAST_PORT is 'http'; expected a value of type int"):
        Settings.from_env({"PARCELCAST_PORT": "http"})


@pytest.mark.parametrize(("text", "expected"), [("false", False), ("0", False), ("Yes", True), ("on", True)])
def test_switches_are_read_from_words(text, expected):
    assert Settings.from_env({"PARCELCAST_WORKER": text}).worker is expected


def test_a_switch_that_is_neither_is_refused():
    with pytest.raises(InputError, match="PARCELCAST_WORKER is 'perhaps'; expected a value of type bool"):
        Settings.from_env({"PARCELCAST_WORKER": "perhaps"})
