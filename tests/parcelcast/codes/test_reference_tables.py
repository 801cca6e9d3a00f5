import hashlib
import re

import pytest

from parcelcast.codes import PARTIES, REASONS, CodeTables, read_table
from parcelcast.codes.mapping import REFERENCE
from parcelcast.codes.table import normalised
from parcelcast.scan import CODES

# A table that says something else has to be called something else: scans keep the version that mapped them.
VERSIONS = {
    "aftership-1": "677faa1dbada",
    "dhl_express-1": "60104166f7b8",
    "dhl_paket-1": "61bc61d0ef88",
    "dpd-1": "8dfbe426f73e",
    "easypost-1": "30c0bafa44ce",
    "fedex-2": "52e3444f7254",
    "gls-1": "4995008c8da1",
    "hermes-1": "b150c4da91f1",
    "postnl-1": "f2f327143f26",
    "ups-1": "6e638075e82e",
    "upu_emsevt-2": "803663439441",
    "usps-1": "4c108f1cec9f",
    "x12_214-1": "807fd7f2693f",
}

TABLES = CodeTables.default().tables
PATHS = sorted(REFERENCE.glob("*.csv"))


def test_every_carrier_that_we_promise_has_a_table():
    assert set(TABLES) == {
        "dhl_paket", "dhl_express", "dpd", "gls", "hermes", "ups", "fedex", "usps", "postnl",
        "x12_214", "upu_emsevt", "aftership", "easypost",
    }  # fmt: skip
    assert [path.stem for path in PATHS] == sorted(TABLES)


@pytest.mark.parametrize("carrier", sorted(TABLES))
def test_every_row_is_canonical_and_rests_on_a_source(carrier):
    for key, row in TABLES[carrier].rows.items():
        assert key == normalised(row.raw_code, TABLES[carrier].width)
        assert row.code in {None, *CODES}
        assert row.reason in {None, *REASONS}
        assert row.party in {None, *PARTIES}
        assert (row.reason is None) == (row.party is None)
        assert re.search(r"https://\S|\(\S+\.\S+", row.source), row.source
        assert row.note


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_table_that_changed_has_a_new_version(path):
    rows = [(row.raw_code, row.code, row.reason, row.party) for row in read_table(path).rows.values()]
    digest = hashlib.sha256(repr(sorted(rows, key=str)).encode()).hexdigest()[:12]
    assert VERSIONS[read_table(path).map_version] == digest, "give the table a new version, and write it here"


@pytest.mark.parametrize("carrier", sorted(TABLES))
def test_every_table_knows_the_ends_of_a_journey(carrier):
    codes = {row.code for row in TABLES[carrier].rows.values()}
    assert codes >= {"handed_over", "out_for_delivery", "delivered"}
    assert codes & {"exception", "delivery_attempted"}


def test_what_a_post_holds_is_held_wherever_that_is():
    told = [CodeTables.default().map("upu_emsevt", code) for code in ("EXD", "EDA", "EDF")]
    assert {(mapped.code, mapped.reason) for mapped in told} == {("exception", "held")}


def test_fedex_is_out_for_delivery_when_it_is_on_the_way_to_the_address():
    assert {CodeTables.default().map("fedex", code).code for code in ("OD", "ED")} == {"out_for_delivery"}


def test_not_delivered_is_never_read_as_delivered():
    for table in TABLES.values():
        for row in table.rows.values():
            if re.search(r"not.?deliver|nicht|undeliver|unsuccess", row.raw_code, re.IGNORECASE):
                assert row.code not in {"delivered", "delivered_to_neighbour"}, row
