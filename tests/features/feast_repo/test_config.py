import pytest
import yaml

from features.feast_repo.config import CONFIG, OnlineParameters, configuration, connection_string, write_configuration
from parcelcast.errors import InputError

SQLITE = OnlineParameters("sqlite", "SHOP_REDIS", "shop")
REDIS = OnlineParameters("redis", "SHOP_REDIS", "shop")


def test_the_password_of_a_redis_is_not_written_to_disk(tmp_path):
    config = configuration(REDIS, {"SHOP_REDIS": "redis://:s3cret%40@redis.example/3"})
    write_configuration(tmp_path, config, "SHOP_REDIS")

    written = (tmp_path / CONFIG).read_text()
    assert config["online_store"]["connection_string"] == "redis.example:6379,db=3,password=s3cret@"
    assert yaml.safe_load(written)["online_store"]["connection_string"] == (
        "redis.example:6379,db=3,password=${SHOP_REDIS_PASSWORD}"
    )


def test_files_are_named_relative_to_the_repository(tmp_path):
    write_configuration(tmp_path, configuration(SQLITE, {}), "SHOP_REDIS")

    assert str(tmp_path) not in (tmp_path / CONFIG).read_text()


@pytest.mark.parametrize("url", ["", "redis.example:6379", "http://redis.example", "redis://h:x/1", "redis://h/one"])
def test_an_address_that_is_no_redis_url_is_refused(url):
    with pytest.raises(InputError, match="Redis URL"):
        connection_string(url)


def test_a_password_that_feast_cannot_take_is_refused_without_telling_it():
    with pytest.raises(InputError, match="comma") as refused:
        connection_string("redis://:a,b@redis.example")
    assert "a,b" not in str(refused.value)


def test_redis_without_an_address_says_which_variable_to_set():
    with pytest.raises(InputError, match="SHOP_REDIS is not set"):
        configuration(REDIS, {})


def test_other_stores_are_refused():
    with pytest.raises(InputError, match="'dynamodb'; expected sqlite or redis"):
        configuration(OnlineParameters("dynamodb", "", ""), {})
