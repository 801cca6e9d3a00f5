import pytest

from parcelcast.errors import ArtefactError, DataError, InputError, NotFound, ParcelcastError


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ParcelcastError, 500, "internal-error"),
        (InputError, 422, "invalid-input"),
        (NotFound, 404, "not-found"),
        (DataError, 422, "unusable-data"),
        (ArtefactError, 503, "broken-artefact"),
    ],
)
def test_each_error_has_a_status_and_a_problem_slug(error, status, code):
    assert (error.status, error.code) == (status, code)
    assert issubclass(error, ParcelcastError)


def test_a_data_error_names_file_column_rows_and_remedy():
    error = DataError("weights are negative", file="a.csv", column="weight_g", rows=range(9), remedy="use grams.")

    assert str(error) == "a.csv, column weight_g: weights are negative (rows 0, 1, 2, 3, 4, ...). To do: use grams."
    assert error.rows == tuple(range(9))


def test_a_data_error_tells_only_what_is_known():
    assert str(DataError("it is empty")) == "it is empty"
    assert str(DataError("it is empty", file="a.csv")) == "a.csv: it is empty"
    assert str(DataError("it is empty", column="x", rows=[3])) == "column x: it is empty (rows 3)"
