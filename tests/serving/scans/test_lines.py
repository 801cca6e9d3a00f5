import tracemalloc
from io import BytesIO
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from serving.scans.lines import Lines, LongLine, lines_of

texts = st.lists(st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"")), max_size=8)


@given(told=texts, cuts=st.lists(st.integers(0, 100), max_size=5))
def test_lines_do_not_depend_on_how_a_stream_is_cut(told, cuts):
    content = b"\n".join(told)
    places = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    lines = Lines(limit=9)

    found = [line for start, end in pairwise(places) for line in lines.feed(content[start:end])]
    found += lines.finish()

    assert found == [
        LongLine(line[:9]) if len(line) > 9 else line.strip() for line in told if line.strip() or len(line) > 9
    ]


@given(told=texts)
def test_lines_of_a_file_have_all_its_bytes(told):
    content = b"\n".join(told)

    assert sum(line.size for line in lines_of(BytesIO(content), limit=5)) == len(content)


def test_of_a_long_line_little_is_held():
    lines, piece = Lines(), b"x" * 65_536
    tracemalloc.start()
    try:
        for _ in range(160):  # 10 MB
            assert list(lines.feed(piece)) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000
    assert [type(line) for line in lines.finish()] == [LongLine]
