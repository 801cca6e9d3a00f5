"""Files of scans read into a database."""

import gzip
from datetime import UTC, datetime

import orjson
import pytest

from parcelcast.cli import main
from parcelcast.codes.mapping import CodeTables
from parcelcast.errors import DataError
from parcelcast.tracking.scan import Number
from serving.scans import files
from serving.scans.files import read_files
from serving.scans.lines import MAX_LINE_BYTES
from serving.stores.database import Database
from serving.stores.parcels import NewParcel, read_parcels, register_parcels
from tests.serving.scans.reports import rows

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HEADER = "carrier,tracking_number,occurred_at,code,raw_text,leg"


@pytest.fixture
def database(tmp_path):
    found = Database(f"sqlite:///{tmp_path / 'parcels.sqlite'}")
    found.migrate()
    told = {"shipment_id": "S-1", "order_id": "O-1", "ordered_at": NOW, "destination_country": "DE"}
    with found.writing() as connection:
        register_parcels(connection, [NewParcel(told, (Number("dpd", "0159001"),))], NOW)
    yield found
    found.close()


def read(database, *paths, tell=lambda *_: None):
    return list(read_files(database, paths, CodeTables.default(), lambda: NOW, tell))


def scans(database):
    with database.reading() as connection:
        return read_parcels(connection, ["S-1"])["S-1"].scans


def refused(database):
    with database.reading() as connection:
        return connection.exec_driver_sql("select content, problem from refused order by seq").all()


def csv(path, *lines, header=HEADER):
    path.write_bytes("\n".join([header, *lines]).encode("utf-8", "surrogateescape"))
    return path


def line(n, text="x", number="0159001"):
    return f"dpd,{number},2026-11-22T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z,hub_arrival,{text},"


def test_csv_has_the_names_of_json(database, tmp_path):
    header = "\ufeff" + HEADER.replace(",", ";")
    told = [
        'dpd;0159001;2026-11-22T10:00:00Z;hub_arrival;"a ""text""\nof two lines; and more";2',
        "dpd;0159001;2026-11-22T11:00:00Z;hub_departure;;",
        "",
    ]
    (found,) = read(database, csv(tmp_path / "a.csv", *told, header=header))

    assert str(found) == "a.csv: 2 new scans, 0 known, 0 refused"
    first, second = scans(database)
    assert (first.raw_text, first.leg, first.source) == ('a "text"\nof two lines; and more', 2, "file")
    assert (second.raw_text, second.leg) == (None, None)


def test_json_lines_may_be_packed(database, tmp_path):
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(b"\r\n".join(orjson.dumps(row) for row in rows(20))))

    assert read(database, path)[0].intake.accepted == 20


def test_json_lines_may_begin_with_a_byte_order_mark(database, tmp_path):
    path = tmp_path / "bom.ndjson"
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(orjson.dumps(row) for row in rows(2)))

    assert str(read(database, path)[0]) == "bom.ndjson: 2 new scans, 0 known, 0 refused"


def test_bad_rows_cost_no_good_ones(database, tmp_path):
    told = [
        line(1),
        "dpd,0159001",
        line(2, '"never closed'),
        *(line(n) for n in range(3, 20)),
        line(20, '5" wide'),
        line(21),
        line(22, '6" wide'),
        line(23, "bad \udcff text"),
        line(24, "y" * 70_000),
        line(25).replace("hub_arrival", "teleported"),
        line(26).removesuffix(",") + ",second",
        line(27),
    ]
    (found,) = read(database, csv(tmp_path / "a.csv", *told))

    bad = {2, 23, 24, 25, 26}
    assert {scan.occurred_at.second for scan in scans(database)} == set(range(1, 28)) - bad
    assert found.intake.refused == len(bad) + 1
    problems = [problem for _, problem in refused(database)]
    assert any(f"more than {MAX_LINE_BYTES} bytes" in problem for problem in problems)
    assert sum("another number of values" in problem for problem in problems) == 2


def test_clocks_that_are_ahead_are_told(database, tmp_path):
    ahead = line(2).replace("2026-", "2062-")
    (found,) = read(database, csv(tmp_path / "a.csv", line(1), ahead))

    assert (found.intake.accepted, found.intake.clocks_ahead) == (2, 1)
    assert "2 new scans, 0 known, 0 refused, 1 from clocks that are ahead" in str(found)
    assert "ahead" not in str(read(database, csv(tmp_path / "b.csv", line(1)))[0])


def test_what_was_read_is_not_read_again(database, tmp_path):
    path = csv(tmp_path / "a.csv", *map(line, range(5_000)), "bad", *map(line, range(5_000, 5_100)))
    first = read(database, path)[0]
    again = read(database, path)[0]

    assert (first.intake.accepted, first.intake.refused, first.began_at) == (5_100, 1, 0)
    assert (again.intake.received, again.began_at) == (0, 5_101)
    assert len(refused(database)) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_reading_goes_on_where_it_was_stopped(database, tmp_path, packed):
    path = csv(tmp_path / "a.csv", "bad", *(line(n) for n in range(6_000)), "bad")
    if packed:
        content = gzip.compress(path.read_bytes())
        path = tmp_path / "a.csv.gz"
        path.write_bytes(content)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(database, path, tell=stop)
    assert len(scans(database)) == files.BATCH_ROWS - 1

    went_on = read(database, path)[0]

    assert went_on.began_at == files.BATCH_ROWS
    assert went_on.intake.accepted == 6_002 - files.BATCH_ROWS - 1
    assert (len(scans(database)), len(refused(database))) == (6_000, 2)


def test_a_batch_that_was_not_committed_leaves_no_trace(database, tmp_path, monkeypatch):
    path = csv(tmp_path / "a.csv", "bad", *(line(n) for n in range(3_000)))
    real, turns = files.keep_drop, []

    def killed(*given):
        turns.append(1)
        if len(turns) == 2:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(files, "keep_drop", killed)
    with pytest.raises(KeyboardInterrupt):
        read(database, path)
    monkeypatch.undo()

    assert len(scans(database)) == files.BATCH_ROWS - 1
    assert read(database, path)[0].intake.duplicates == 0
    assert (len(scans(database)), len(refused(database))) == (3_000, 1)


def test_a_file_that_grew_goes_on(database, tmp_path):
    path = csv(tmp_path / "a.csv", *(line(n, "long " * 20) for n in range(1_000)), "")
    read(database, path)
    with path.open("a") as file:
        file.write("\n".join(line(n) for n in range(1_000, 1_010)))

    assert read(database, path)[0].intake.received == 10


def test_a_packed_file_that_is_cut_off_keeps_what_came(database, tmp_path):
    path = tmp_path / "a.ndjson.gz"
    whole = gzip.compress(b"\n".join(orjson.dumps(row) for row in rows(20_000)), 1)
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(DataError, match=r"a\.ndjson\.gz: cannot be read"):
        read(database, path)
    assert len(scans(database)) >= files.BATCH_ROWS

    path.write_bytes(whole)
    read(database, path)
    assert len(scans(database)) == 20_000


@pytest.mark.parametrize(
    ("name", "header", "message"),
    [
        ("a.csv", "carrier,recipient,occurred_at", "column recipient: no scan has this column"),
        ("a.csv", "carrier,tracking_number,code", "no column occurred_at"),
        ("a.csv", "carrier,occurred_at,code", "no column tracking_number or shipment_id"),
        ("a.csv", "carrier,occurred_at,code,code,shipment_id", "names a column twice"),
        ("a.csv", ",a,b", "without a name"),
        ("a.csv", "", "no column occurred_at"),
        ("a.xlsx", "", "cannot tell what .xlsx means"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_before_anything_is_read(database, tmp_path, name, header, message):
    good = csv(tmp_path / "good.csv", line(1))

    with pytest.raises(DataError, match=message):
        read(database, good, csv(tmp_path / name, header=header))
    assert scans(database) == ()


def test_a_missing_file_is_told(database, tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read(database, tmp_path / "none.csv")


def test_the_command_reads_files_and_tells_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PARCELCAST_DATABASE", f"sqlite:///{tmp_path / 'new.sqlite'}")
    path = str(csv(tmp_path / "a.csv", line(1), line(1)))

    assert main(["ingest", "scans", path]) == 0
    assert "a.csv: 1 new scans, 1 known, 0 refused" in capsys.readouterr().out
    assert main(["ingest", "scans", path]) == 0
    assert "rows before 2 were read earlier" in capsys.readouterr().out
    assert main(["ingest", "scans", str(tmp_path / "none.csv")]) == 1
