import gzip

import pandas as pd
import pytest

from parcelcast.errors import DataError
from pipelines.ingest.reading import Dialect, find_file, read_frame

TEXT = "id,city\n1,Köln\n2,\n"


def written(path, text=TEXT, encoding="utf-8"):
    raw = text.encode(encoding)
    path.write_bytes(gzip.compress(raw) if path.suffix.lower() == ".gz" else raw)
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_text_is_read_as_text_and_an_empty_field_is_missing(tmp_path, name):
    frame, left = read_frame(written(tmp_path / name), ["id"], ["city", "street"])
    assert frame["id"].tolist() == ["1", "2"]
    assert frame["city"].isna().tolist() == [False, True]
    assert left == []


def test_leading_zeros_stay(tmp_path):
    frame, _ = read_frame(written(tmp_path / "t.csv", "plz\n04109\n"), ["plz"])
    assert frame["plz"].tolist() == ["04109"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    frame, _ = read_frame(written(tmp_path / "t.csv", encoding="utf-8-sig"), ["id"])
    assert frame["id"].tolist() == ["1", "2"]


def test_columns_that_nobody_asked_for_are_named_and_not_read(tmp_path):
    frame, left = read_frame(written(tmp_path / "t.csv"), ["id"])
    assert list(frame) == ["id"]
    assert left == ["city"]


def test_parquet_keeps_its_types(tmp_path):
    pd.DataFrame({"id": [1], "on": pd.to_datetime(["2024-05-31"])}).to_parquet(tmp_path / "t.parquet")
    frame, _ = read_frame(tmp_path / "t.parquet", ["id", "on"])
    assert frame["on"].tolist() == [pd.Timestamp("2024-05-31")]


def test_a_quoted_text_may_hold_delimiters_and_line_ends(tmp_path):
    frame, _ = read_frame(written(tmp_path / "t.csv", 'id,note\n1,"a,\nb"\n2,c\n'), ["note"])
    assert frame["note"].tolist() == ["a,\nb", "c"]


def test_another_encoding_and_delimiter_can_be_stated(tmp_path):
    path = written(tmp_path / "t.csv", "id;city\n1;Köln\n", "windows-1252")
    frame, _ = read_frame(path, ["city"], dialect=Dialect(encoding="windows-1252", delimiter=";"))
    assert frame["city"].tolist() == ["Köln"]


def refused(path, *expected, columns=("id",), dialect=None):
    with pytest.raises(DataError) as caught:
        read_frame(path, columns, dialect=dialect or Dialect())
    message = str(caught.value)
    assert str(path) in message
    assert "To do:" in message
    for words in expected:
        assert words in message
    return caught.value


def test_an_absent_file_is_refused(tmp_path):
    refused(tmp_path / "t.csv", "no such file")


def test_an_empty_file_is_refused(tmp_path):
    refused(written(tmp_path / "t.csv", ""), "empty (0 bytes)")


def test_a_gz_of_nothing_is_refused(tmp_path):
    refused(written(tmp_path / "t.csv.gz", ""), "no text")


def test_a_header_without_rows_is_refused(tmp_path):
    refused(written(tmp_path / "t.csv", "id,city\n"), "header but no rows")


def test_a_truncated_gz_is_refused(tmp_path):
    path = written(tmp_path / "t.csv.gz", TEXT * 1000)
    path.write_bytes(path.read_bytes()[:-20])
    refused(path, "truncated", "fetch the file again")


def test_a_gz_that_is_plain_text_is_refused(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_text(TEXT, encoding="utf-8")
    refused(path, "not a sound gzip file", "name it .csv")


def test_a_truncated_parquet_file_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"id": range(1000)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-10])
    refused(path, "not a sound Parquet file")


def test_a_wrong_encoding_is_told_with_its_line_and_the_likely_one(tmp_path):
    path = written(tmp_path / "t.csv", "id,city\n1,Bonn\n2,Köln\n", "windows-1252")
    error = refused(path, "line 3 is not utf-8", "encoding: windows-1252")
    assert error.rows == (3,)


@pytest.mark.parametrize("stated", ["utf-8", "windows-1252"])
def test_a_two_byte_encoding_is_recognised(tmp_path, stated):
    path = written(tmp_path / "t.csv", encoding="utf-16")
    refused(path, "the file is utf-16", dialect=Dialect(encoding=stated))


def test_an_encoding_that_does_not_exist_is_refused(tmp_path):
    refused(written(tmp_path / "t.csv"), "unknown encoding 'klingon'", dialect=Dialect(encoding="klingon"))


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path):
    refused(written(tmp_path / "t.csv"), "column citty (is it 'city'?)", "mapping", columns=["id", "citty"])


def test_a_missing_column_of_a_parquet_file_is_named_too(tmp_path):
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "t.parquet")
    refused(tmp_path / "t.parquet", "column weight_g", columns=["weight_g"])


def test_a_column_that_occurs_twice_is_refused(tmp_path):
    refused(written(tmp_path / "t.csv", "id,id\n1,2\n"), "column id", "more than once")


def test_columns_without_a_name_under_a_title_are_told_as_such(tmp_path):
    refused(written(tmp_path / "t.csv", "Export,,\nid,city,on\n"), "column without a name", "lines above")


@pytest.mark.parametrize(("line", "words"), [("", "'blank'"), ("sep=,", "'sep=,'")])
def test_a_first_line_without_names_is_refused(tmp_path, line, words):
    refused(written(tmp_path / "t.csv", f"{line}\n{TEXT}"), f"the first line is {words}, expected the names")


def test_names_of_columns_are_the_same_however_their_umlauts_are_composed(tmp_path):
    frame, _ = read_frame(written(tmp_path / "t.csv", "fu\u0308r\n1\n"), ["f\u00fcr"])
    assert list(frame) == ["f\u00fcr"]


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\x1f\x8b\x08rest", "name it .csv.gz"),
        (b"PAR1rest", "name it .parquet"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_recognised(tmp_path, start, words):
    (tmp_path / "t.csv").write_bytes(start)
    refused(tmp_path / "t.csv", words)


def test_text_with_nul_characters_is_refused(tmp_path):
    refused(written(tmp_path / "t.csv", "id\n1\x00\n"), "NUL characters")


def test_another_delimiter_than_stated_is_recognised(tmp_path):
    refused(written(tmp_path / "t.csv", "id;city\n1;Ulm\n"), "one single column, 'id;city'", "`delimiter`")


def test_rows_with_too_few_fields_are_named(tmp_path):
    error = refused(written(tmp_path / "t.csv", "id,city\n1,Bonn\n2\n3,Ulm\n"), "1 row does not have the 2 fields")
    assert error.rows == (3,)


@pytest.mark.parametrize(
    "text",
    [
        'id,city\n1,Ulm\n2,"Bonn\n3,Köln\n4,Jena\n',  # the file ends inside
        'id,city\n1,Ulm\n2,"Bonn\n3,"Köln"\n4,Jena\n',  # the next one closes it
        'id,city\n1,Ulm\n"2,Bonn\n3,Köln\n4,Jena\n',  # and the row has too few fields
        'id,city\n1,Ulm\n2,"Bonn\n' + "3,Köln\n" * 100 + '4,27"\n',  # a mark of inches closes it far away
    ],
)
def test_a_quotation_mark_that_is_not_closed_is_told_with_its_line(tmp_path, text):
    error = refused(written(tmp_path / "t.csv", text), "line 3 opens a quotation mark that is not closed")
    assert error.rows == (3,)


def test_an_open_quotation_mark_that_takes_in_a_large_file_is_told_too(tmp_path):
    text = 'id,city\n1,"Ulm\n' + "2,Bonn am Rhein\n" * 3_000_000
    refused(written(tmp_path / "t.csv", text), "line 2 opens a quotation mark")


def test_the_one_file_of_a_table_is_found(tmp_path):
    assert find_file(tmp_path, "t") is None
    path = written(tmp_path / "t.csv.gz")
    assert find_file(tmp_path, "t") == path


@pytest.mark.parametrize("file", ["t.csv", "T.CSV", "t.CSV.GZ", "t.parquet"])
def test_a_file_may_be_named_in_full_and_its_case_does_not_matter(tmp_path, file):
    path = tmp_path / file
    pd.DataFrame({"id": ["1"]}).to_parquet(path) if "parquet" in file else written(path)
    assert find_file(tmp_path, "t") == find_file(tmp_path, file.lower()) == path
    assert read_frame(path, ["id"])[0]["id"].tolist()[0] == "1"


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder"):
        find_file(tmp_path / "nowhere", "t")
    with pytest.raises(DataError, match=r"t.csv: it is a file, expected a folder"):
        find_file(written(tmp_path / "t.csv"), "t")


def test_two_files_of_a_table_are_refused(tmp_path):
    written(tmp_path / "t.csv")
    written(tmp_path / "t.csv.gz")
    with pytest.raises(DataError, match=r"2 files for the table t .*leave one"):
        find_file(tmp_path, "t")
