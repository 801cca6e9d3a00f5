import gzip

import numpy as np
import pytest

from models.journeys.legs import KINDS
from parcelcast.errors import DataError
from pipelines.ingest.cargo2000 import LEG_COLUMNS, read_cargo2000

HEADER = [f"{kind}_{column}" for kind in KINDS for column in LEG_COLUMNS]
ONE_SEGMENT = {"legid": 7, "rcs_p": 60, "rcs_e": 90, "dep_1_p": 120, "dep_1_e": 30, "dep_1_place": 700}
ONE_SEGMENT |= {"rcf_1_p": 600, "rcf_1_e": 660, "rcf_1_place": 128, "dlv_p": 3780, "dlv_e": 420}


def process(**legs):
    """Return a row of the file from the columns of its legs; all others are 0."""
    return {f"{kind}_{column}": value for kind, columns in legs.items() for column, value in columns.items()}


def write(folder, rows, header=HEADER, name="c2k.csv"):
    lines = [",".join(header), *(",".join(str(row.get(column, 0)) for column in header) for row in rows)]
    text = ("\n".join(lines) + "\n").encode()
    (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return folder


def test_minutes_become_hours_by_step(tmp_path):
    read = read_cargo2000(write(tmp_path, [process(i1=ONE_SEGMENT, o=ONE_SEGMENT | {"legid": 8})]))
    legs = read.legs
    assert legs.leg_id.tolist() == ["7", "8"]
    assert legs.kind.tolist() == ["i1", "o"]
    assert legs.process_id.tolist() == ["1", "1"]
    assert legs.planned[0].tolist() == [1.0, 2.0, 10.0, 0.0, 0.0, 0.0, 0.0, 63.0]
    assert legs.effective[0].tolist() == [1.5, 0.5, 11.0, 0.0, 0.0, 0.0, 0.0, 7.0]
    assert (legs.origin[0], legs.destination[0], legs.segments[0]) == (700, 128, 1)
    assert (read.rejected, read.noted) == ({}, {})


def test_the_destination_is_where_the_last_planned_segment_ends(tmp_path):
    more = {"dep_2_p": 90, "dep_2_e": 80, "dep_2_place": 128, "rcf_2_p": 300, "rcf_2_e": 310, "rcf_2_place": 485}
    legs = read_cargo2000(write(tmp_path, [process(i1=ONE_SEGMENT | more)])).legs
    assert (legs.segments[0], legs.destination[0]) == (2, 485)


def test_a_gzip_file_with_process_numbers_and_question_marks_is_the_same_data(tmp_path):
    unknown = dict.fromkeys(("dep_2_p", "dep_2_e", "dep_2_place"), "?")
    rows = [process(i1=ONE_SEGMENT | unknown) | {"nr": 41}]
    read = read_cargo2000(write(tmp_path, rows, ["nr", *HEADER], "c2k.csv.gz"))
    assert read.legs.process_id.tolist() == ["41"]
    assert read.legs.planned[0].sum() == 76.0


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"rcs_e": -5}, "not a whole number from 0"),
        ({"rcs_e": "soon"}, "not a whole number from 0"),
        ({"rcs_e": "nan"}, "not a whole number from 0"),
        ({"dlv_e": 1e12}, "not a whole number from 0"),
        ({"rcs_e": 1.5}, "not a whole number from 0"),
        ({"legid": "x"}, "not a whole number from 0"),
        ({"rcs_p": 0, "dep_1_p": 0, "rcf_1_p": 0, "dlv_p": 0}, "no planned step"),
        ({"legid": 7}, "leg id of an earlier leg"),
    ],
)
def test_a_broken_leg_is_counted_and_the_others_are_kept(tmp_path, broken, reason):
    rows = [process(i1=ONE_SEGMENT), process(i1=ONE_SEGMENT | {"legid": 8} | broken, o=ONE_SEGMENT | {"legid": 9})]
    read = read_cargo2000(write(tmp_path, rows))
    assert read.rejected == {reason: 1}
    assert read.legs.leg_id.tolist() == ["7", "9"]
    assert read.legs.process.tolist() == [0, 1]


def test_oddities_that_forecasts_live_with_are_noted(tmp_path):
    odd = [{"dlv_e": 0}, {"dep_1_e": 0}, {"dep_2_e": 20}, {"rcf_1_place": 0}, {"dlv_e": 60_000}]
    read = read_cargo2000(
        write(tmp_path, [process(o=ONE_SEGMENT | {"legid": n} | one) for n, one in enumerate(odd, 1)])
    )
    assert read.noted == {
        "no delivery recorded": 1,
        "planned step not recorded": 1,
        "step that was not planned": 1,
        "no destination airport": 1,
        "longer than 30 days": 1,
    }
    assert np.isfinite(read.legs.planned).all()


def test_a_folder_without_the_file_says_what_to_give(tmp_path):
    with pytest.raises(DataError, match=r"no such file.*give the folder that holds c2k"):
        read_cargo2000(tmp_path)


def test_a_file_without_a_column_names_it(tmp_path):
    with pytest.raises(DataError, match="o_dlv_e"):
        read_cargo2000(write(tmp_path, [process(i1=ONE_SEGMENT)], [name for name in HEADER if name != "o_dlv_e"]))


def test_a_file_of_broken_legs_only_is_refused(tmp_path):
    with pytest.raises(DataError, match="no leg is usable"):
        read_cargo2000(write(tmp_path, [process(i1=ONE_SEGMENT | {"rcs_p": "x"})]))
