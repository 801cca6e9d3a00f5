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


@pytest.mark.parametrize("number", ['"1,23457E+12"', "1.23457E+12"])
def test_a_number_that_a_spreadsheet_rounded_stops_the_file(database, tmp_path, number):
    with pytest.raises(DataError, match=r"column tracking_number: .* a spreadsheet rounded it.* as text"):
        read(database, csv(tmp_path / "scans.csv", line(1, number=number)))


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


def test_the_first_refused_rows_are_told_with_their_number_and_what_is_wrong(database, tmp_path):
    german = [f"dpd;0159001;24.11.2026 07:4{n};3" for n in range(7)]
    header = "carrier;tracking_number;occurred_at;raw_code"
    path = csv(tmp_path / "de.csv", "dpd;0159001;2026-11-22T07:30:00Z;3", "", *german, header=header)

    first, *told = str(read(database, path)[0]).splitlines()

    assert first == "de.csv: 1 new scans, 0 known, 7 refused"
    assert [one.split(",")[0] for one in told[:5]] == [f"  row {number}" for number in range(2, 7)]
    assert "occurred_at: got the time '24.11.2026 07:40'; expected ISO 8601" in told[0]
    assert told[5:] == ["  and 2 more"]


def test_rows_are_numbered_from_the_start_of_the_file_when_reading_goes_on(database, tmp_path):
    path = csv(tmp_path / "a.csv", *(line(n, "long " * 20) for n in range(1_000)), "")
    read(database, path)
    with path.open("a") as file:
        file.write("\n".join([line(1_000), "bad"]))

    told = str(read(database, path)[0])

    assert "  row 1002: got this row; another number of values than the header has" in told


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


@pytest.mark.parametrize("packed", [False, True])
def test_rows_that_were_sorted_in_before_the_old_end_are_read(database, tmp_path, packed):
    told = [line(n) for n in range(3_000)]
    path = csv(tmp_path / "a.csv", *told, "")
    late = [line(n) for n in (80_001, 80_002)]

    def give(*rows):
        content = "\n".join([HEADER, *rows, ""]).encode()
        target = tmp_path / "a.csv.gz" if packed else path
        target.write_bytes(gzip.compress(content) if packed else content)
        return read(database, target)[0]

    give(*told)
    again = give(*told[:2_500], *late, *told[2_500:], *map(line, range(3_000, 3_003)))

    assert (again.intake.accepted, again.intake.duplicates, again.began_at) == (5, 3_000, 0)
    assert len(scans(database)) == 3_005
    assert give(*told[:2_500], *late, *told[2_500:], *map(line, range(3_000, 3_003))).intake.received == 0


def test_a_changed_file_is_resumed_where_a_kill_stopped_it(database, tmp_path):
    told = [line(n) for n in range(6_000)]
    path = csv(tmp_path / "a.csv", *told, "")
    read(database, path)
    csv(path, *told[:3_000], line(80_001), *told[3_000:], "")

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(database, path, tell=stop)
    went_on = read(database, path)[0]

    assert (went_on.began_at, went_on.intake.accepted) == (files.BATCH_ROWS, 1)


def test_a_file_that_was_cut_off_and_grew_again_is_read_from_its_start(database, tmp_path):
    told = [line(n) for n in range(2_000)]
    path = csv(tmp_path / "a.csv", *told, "")
    read(database, path)
    csv(path, *told[:1_500])
    read(database, path)
    csv(path, *told[:1_500], *(line(n) for n in range(3_000, 4_000)))

    assert read(database, path)[0].intake.accepted == 1_000


def test_half_a_line_that_was_read_is_read_whole_when_it_is(database, tmp_path):
    told = [line(n) for n in range(1_500)]
    path = csv(tmp_path / "a.csv", *told, line(5_000)[:30])
    read(database, path)
    with path.open("a") as file:
        file.write(line(5_000)[30:] + "\n")

    assert read(database, path)[0].intake.accepted == 1


def test_a_file_that_an_older_version_read_is_read_again_once(database, tmp_path):
    path = csv(tmp_path / "a.csv", line(1), "")
    read(database, path)
    with database.writing() as connection:
        connection.exec_driver_sql("update drops set digest = null")

    assert [read(database, path)[0].intake.duplicates for _ in range(2)] == [1, 0]


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
        ("a.csv", f"{HEADER}\rdpd,1\r", "lines end in CR alone. To do: save the file with the line ends of Unix"),
        ("a.csv", "", "the first line is blank, or the file is empty"),
        ("a.xlsx", "", "cannot tell what .xlsx means"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_before_anything_is_read(database, tmp_path, name, header, message):
    good = csv(tmp_path / "good.csv", line(1))

    with pytest.raises(DataError, match=message):
        read(database, good, csv(tmp_path / name, header=header))
    assert scans(database) == ()


def test_a_missing_file_is_told(database, tmp_path):
    with pytest.raises(
        DataError, match=r"none\.csv: cannot be opened \(No such file or directory\). To do: name a file"
    ):
        read(database, tmp_path / "none.csv")


def test_a_name_that_is_not_utf8_is_told_and_kept_as_far_as_it_can_be(database, tmp_path):
    path = csv(tmp_path / "\udcff.csv", line(1))

    assert str(read(database, path)[0]) == "\ufffd.csv: 1 new scans, 0 known, 0 refused"
    assert read(database, path)[0].began_at == 1


def test_the_command_reads_files_and_tells_what_it_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PARCELCAST_DATABASE", f"sqlite:///{tmp_path / 'new.sqlite'}")
    path = str(csv(tmp_path / "a.csv", line(1), line(1)))

    assert main(["ingest", "scans", path]) == 0
    assert "a.csv: 1 new scans, 1 known, 0 refused" in capsys.readouterr().out
    assert main(["ingest", "scans", path]) == 0
    assert "rows before 2 were read earlier" in capsys.readouterr().out
    assert main(["ingest", "scans", str(tmp_path / "none.csv")]) == 1


def test_the_command_fails_when_no_row_of_a_file_is_a_scan(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PARCELCAST_DATABASE", f"sqlite:///{tmp_path / 'new.sqlite'}")
    useless = csv(tmp_path / "de.csv", line(1).replace("2026-11-22T", "22.11.2026 "))
    useful = csv(tmp_path / "a.csv", line(1), "bad")

    assert main(["ingest", "scans", str(useless), str(useful)]) == 1
    assert "a.csv: 1 new scans" in capsys.readouterr().out
    assert main(["ingest", "scans", str(useful)]) == 0
