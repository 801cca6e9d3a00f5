import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.codes import CodeTables, read_table
from parcelcast.errors import DataError
from parcelcast.scan import CODES

TABLES = CodeTables.default()


@pytest.mark.parametrize(
    ("carrier", "raw_code", "code", "reason", "party"),
    [
        ("dhl_paket", "ZU", "delivered", None, None),
        ("dhl_paket", "DLVRF/DMGED", "exception", "damaged", "carrier"),
        ("dpd", "3", "out_for_delivery", None, None),
        ("hermes", "nicht_angetroffen_2", "delivery_attempted", "absent", "recipient"),
        ("gls", "DELIVEREDPS", "at_pickup_point", None, None),
        ("ups", "011", "delivered", None, None),
        ("usps", "27", "return_started", "not_collected", "recipient"),
        ("postnl", "Y65", "exception", "weather", "nature"),
        ("x12_214", "SD/AO", "exception", "weather", "nature"),
        ("x12_214", "D1/NS", "delivered", None, None),
        ("aftership", "Exception_013", "exception", "lost", "carrier"),
        ("easypost", "failure/lost", "exception", "lost", "carrier"),
        ("easypost", "in_transit/a_new_detail", "handed_over", None, None),
    ],
)
def test_codes_mean_what_their_carriers_say(carrier, raw_code, code, reason, party):
    assert TABLES.map(carrier, raw_code)[:3] == (code, reason, party)


def test_a_mapped_code_tells_the_version_of_its_table_and_an_unknown_one_is_not_guessed():
    assert TABLES.map("DPD ", " 13 ").map_version == "dpd-1"
    assert TABLES.map("dpd", "no such code") is None
    assert TABLES.map("no such carrier", "13") is None
    assert TABLES.map("dpd", "") is None


@given(st.text() | st.sampled_from(sorted(TABLES.tables)), st.text(max_size=3))
def test_whatever_comes_is_mapped_to_the_vocabulary(carrier, raw_code):
    mapped = TABLES.map(carrier, raw_code)
    assert mapped is None or mapped.code in CODES
    assert mapped is None or mapped.map_version == TABLES.tables[carrier.strip().casefold()].map_version


@given(st.sampled_from(sorted(TABLES.tables)).flatmap(
    lambda carrier: st.tuples(st.just(carrier), st.sampled_from(sorted(TABLES.tables[carrier].rows)))
))  # fmt: skip
def test_case_and_blanks_do_not_matter(pair):
    carrier, raw_code = pair
    assert TABLES.map(carrier, f" {raw_code.upper()}\n") == TABLES.map(carrier, raw_code)


def test_a_shop_brings_its_own_table_or_replaces_one_of_ours(tmp_path):
    (tmp_path / "dpd.csv").write_text(
        "# carrier: dpd\n# version: shop-7\n# source A: https://example.org/ours\n"
        "raw_code,code,reason,party,source,note\n77,exception,capacity,merchant,A,our own\n"
    )
    tables = CodeTables.load(tmp_path)
    assert tables.map("dpd", "77") == ("exception", "capacity", "merchant", "dpd-shop-7")
    assert tables.map("dpd", "13") is None


def test_everything_wrong_with_a_table_is_told_at_once(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        "# carrier: bad\n# version: 1\n# source A: https://example.org\nraw_code,code,reason,party,source,note\n"
        "1,deliverd,,,A,\n2,delivered,,,B,\n3,exception,wether,,A,\n3,exception,,nobody,A,\n*/4,delivered,,,A,\n5,,,,A,\n"
    )
    with pytest.raises(DataError) as told:
        read_table(path)
    for part in (
        "'deliverd'",
        "'2': no source",
        "'wether'",
        "'3': stands twice",
        "'nobody'",
        "'*/4': code",
        "'5': code",
    ):
        assert part in str(told.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"raw_code,code,reason,party,source,note\n", "no line '# carrier: ...'"),
        (b"# carrier: x\n# version: 1\nraw_code,code\n", "no column reason"),
        (b"# carrier: x\n# version: 1\n# width: two\nraw_code,code,reason,party,source,note\n", "width 'two'"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_that_is_no_code_table_is_refused(tmp_path, content, problem):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=problem):
        read_table(path)
