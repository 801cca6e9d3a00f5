from datetime import UTC, datetime, timedelta, timezone
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import insert, make_url, select, text

from parcelcast.errors import InputError
from serving.errors import StoreRefusedError, StoreUnavailableError
from serving.stores.database import MIGRATIONS, Database
from serving.stores.migrations.versions import v0001_parcels
from serving.stores.schema import deliveries, links, metadata, numbers, refused, scans, shipments, work
from tests.serving.stores.outbox import add_endpoint, event, tell

NOON = datetime(2027, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def _refuse(connection, source="test", received_at=NOON):
    connection.execute(
        insert(refused), {"received_at": received_at, "source": source, "content": b"\xff", "problem": "no JSON"}
    )


def _sources(database):
    with database.reading() as connection:
        return connection.execute(select(refused.c.source).order_by(refused.c.seq)).scalars().all()


def _differences(database):
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)


def test_migrations_lead_to_the_schema(database):
    assert _differences(database) == []


@pytest.fixture
def first(database_url):
    """A database of the first schema."""
    found = Database(database_url)
    with found.writing() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            v0001_parcels.upgrade()
        context.stamp(ScriptDirectory(MIGRATIONS), "0001")
    yield found
    found.close()


def test_the_first_schema_is_brought_up_to_date_with_its_rows(first):
    add_endpoint(first, "hook")
    told = tell(first, [event(1), event(2)])
    assert _differences(first) != []

    first.migrate()

    assert _differences(first) == []
    with first.reading() as connection:
        assert connection.execute(select(deliveries.c.seq).order_by(deliveries.c.seq)).scalars().all() == told


def test_numbers_under_a_carriers_other_name_are_found_under_ours_too(first):
    parcel = {"shipment_id": "S-1", "order_id": "O-1", "merchant_id": "default", "facts": "{}"}
    link = {"predecessor_carrier": "dhl-germany", "predecessor": "A", "successor_carrier": "post nl", "successor": "B"}
    told = [{"shipment_id": "S-1", "carrier": name, "tracking_number": "A"} for name in ("dhl", "dhl-germany", "gls")]
    with first.writing() as connection:
        connection.execute(insert(shipments), {**parcel, "registered_at": NOON, "updated_at": NOON})
        connection.execute(insert(numbers), [{**one, "recorded_at": NOON} for one in told])
        connection.execute(insert(links), {**link, "recorded_at": NOON})
        stray = {"scan_id": "1", "carrier": "dhl_paket", "tracking_number": "A", "code": "delivered"}
        connection.execute(insert(scans), {**stray, "occurred_at": NOON, "recorded_at": NOON})

    first.migrate()

    with first.reading() as connection:
        assert connection.execute(select(work.c.shipment_id, work.c.revision)).all() == [("S-1", 1)]
        found = connection.execute(select(numbers.c.carrier).order_by(numbers.c.carrier)).scalars().all()
        ends = connection.execute(select(links.c.predecessor_carrier, links.c.successor_carrier)).all()
    assert found == ["dhl", "dhl-germany", "dhl_paket", "gls"]
    assert set(ends) == {(one, other) for one in ("dhl-germany", "dhl_paket") for other in ("post nl", "postnl")}


def test_a_newer_schema_is_left_alone(database):
    with database.writing() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(StoreUnavailableError, match="9999"):
        database.migrate()


def test_migrating_twice_changes_nothing(database):
    with database.writing() as connection:
        _refuse(connection)

    database.migrate()

    assert _sources(database) == ["test"]


def test_instants_come_back_in_utc_to_the_microsecond(database):
    with database.writing() as connection:
        _refuse(connection, received_at=NOON.astimezone(timezone(timedelta(hours=9))))

    with database.reading() as connection:
        found = connection.execute(select(refused.c.received_at)).scalar_one()

    assert found == NOON
    assert found.utcoffset() == timedelta(0)


def _fail(database):
    with database.writing() as connection:
        _refuse(connection)
        raise KeyError


def test_a_transaction_that_raises_leaves_nothing(database):
    with pytest.raises(KeyError):
        _fail(database)

    assert _sources(database) == []


def test_many_threads_write_without_losing_anything(database):
    def write(number):
        for turn in range(10):
            with database.writing() as connection:
                _refuse(connection, f"{number}-{turn}")

    threads = [Thread(target=write, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(_sources(database)) == sorted(f"{number}-{turn}" for number in range(8) for turn in range(10))


def test_errors_of_the_driver_are_translated_and_tell_no_values(database):
    row = dict.fromkeys(links.columns.keys(), "secret") | {"recorded_at": NOON}
    with database.writing() as connection:
        connection.execute(insert(links), row)

    with pytest.raises(StoreRefusedError) as caught, database.writing() as connection:
        connection.execute(insert(links), row)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_value_that_postgresql_names_is_not_told(database):
    with (
        pytest.raises(StoreRefusedError, match="InvalidTextRepresentation") as caught,
        database.reading() as connection,
    ):
        connection.execute(text("select cast('secret' as integer)"))

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"host": "127.0.0.1", "port": 1}, "Connection refused"),
        ({"host": "db.invalid"}, "failed to resolve host"),
        ({"database": "nowhere"}, "does not exist"),
        ({"username": "nobody"}, "does not exist|authentication"),
    ],
)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_a_database_that_is_not_there_it_is_told_why_but_not_where(database_url, change, why):
    address = make_url(database_url).set(**change)
    with pytest.raises(StoreUnavailableError, match=why) as caught:
        Database(address.render_as_string(hide_password=False)).check()

    told = str(caught.value)
    for part in (address.host, f"port {address.port}", address.database, address.username):
        assert str(part) not in told


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(
        InputError, match=r"the folder of the database, .*/file/sub, cannot be made \(Not a directory\)"
    ):
        Database(f"sqlite:///{tmp_path}/file/sub/parcels.sqlite")


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/d", "nonsense"])
def test_other_addresses_are_refused_without_their_password(url):
    with pytest.raises(InputError, match="expected sqlite:///FILE") as caught:
        Database(url)

    assert "secret" not in str(caught.value)
