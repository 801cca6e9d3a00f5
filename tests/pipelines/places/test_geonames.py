import gzip
import io
import zipfile

import pytest

from parcelcast.errors import DataError
from pipelines.places.geonames import Entry, read_geonames
from tests.pipelines.places.geonames_files import line, lines

TEXT = lines("""
DE 80331 München BY 48.1345 11.571
BR 01000-000 São_Paulo 27 -23.627 -46.635
""")
ENTRIES = [
    Entry("DE", "80331", "München", "BY", 48.1345, 11.571),
    Entry("BR", "01000000", "São Paulo", "27", -23.627, -46.635),
]


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.txt", text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("XX.txt", TEXT.encode()),
        ("XX.txt", TEXT.encode("utf-8-sig").replace(b"\n", b"\r\n")),
        ("XX.txt.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("XX.zip", zipped(XX=TEXT, readme="Each line ...")),
    ],
)
def test_reads_text_gzip_and_zip(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    read = read_geonames(tmp_path / name)

    assert read.entries == ENTRIES
    assert read.bad.total == 0


def test_sets_single_bad_lines_aside_and_says_why(tmp_path):
    bad = [
        "DE\t80331\tMünchen\n".encode(),
        line("DE", "80332", "München", "BY", "48.1", "11.5").encode("latin-1"),
        line("Germany", "80333", "Mitte", "BY", "48.1", "11.5").encode(),
        line("DE", "", "Mitte", "BY", "48.1", "11.5").encode(),
        line("DE", "80334", "Mitte", "BY", "148.1", "11.5").encode(),
        line("DE", "80335", "Mitte", "BY", "48.1", "east").encode(),
        line("DE", "80336", "Mitte", "BY", "nan", "11.5").encode(),
        line("DE", "80337", "Mitte", "BY", "", "").encode(),
    ]
    (tmp_path / "DE.txt").write_bytes(TEXT.encode() + b"\n" + b"".join(bad))

    read = read_geonames(tmp_path / "DE.txt")

    assert read.entries == ENTRIES
    assert str(read.bad) == (
        "1 with other than 12 columns, first in line 4; 1 with bytes that are not UTF-8, first in line 5; "
        "1 with no ISO 3166-1 country, first in line 6; 1 with no postal code, first in line 7; "
        "4 with coordinates that are no degrees, first in line 8"
    )


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("missing.txt", None, r"cannot be read \(.*No such file"),
        ("empty.txt", b"", "the file is empty"),
        ("blank.txt", b"\n \n", "the file is empty"),
        ("empty.txt.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        (
            "cut.txt.gz",
            gzip.compress(TEXT.encode() * 9000, mtime=0)[:-30],
            r"cannot be read after line \d+ \(Compressed file",
        ),
        ("broken.txt.gz", TEXT.encode(), r"cannot be read \(Not a gzipped file"),
        ("broken.zip", TEXT.encode(), r"cannot be read \(File is not a zip file"),
        ("two.zip", zipped(DE=TEXT, AT=TEXT), r"holds 2 files of postal codes \(DE.txt, AT.txt\); expected one"),
        ("none.zip", zipped(readme="Each line ..."), "holds 0 files of postal codes"),
        ("places.csv", b"country,code\nDE,80331\n", "2 of 2 lines cannot be used: 2 with other than 12 columns, first"),
        (
            "latin.txt",
            TEXT.encode("latin-1") * 20,
            "40 of 40 lines cannot be used: 40 with bytes that are not UTF-8, first in line 1",
        ),
    ],
)
def test_refuses_a_broken_file_by_name_line_and_remedy(tmp_path, name, content, problem):
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=problem) as refusal:
        read_geonames(tmp_path / name)

    assert refusal.value.file == str(tmp_path / name)
    assert "https://download.geonames.org/export/zip/" in str(refusal.value)


def test_a_damaged_zip_is_refused_where_it_breaks(tmp_path):
    content = bytearray(zipped(DE=TEXT))
    content[content.index("München".encode())] ^= 1
    (tmp_path / "DE.zip").write_bytes(content)

    with pytest.raises(DataError, match=r"cannot be read .*Bad CRC-32"):
        read_geonames(tmp_path / "DE.zip")
