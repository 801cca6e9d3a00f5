import csv
import gzip
import os
from pathlib import Path

import h3
import pytest

from parcelcast.calendar import holiday_dates
from parcelcast.cli import main
from parcelcast.errors import DataError
from parcelcast.place import Place, PlaceIndex, area_of, distance_km, region_of
from pipelines.parameters import read_section
from pipelines.places import PlacesParameters, read_places
from pipelines.places.geonames import read_geonames
from pipelines.places.making import make_table
from tests.pipelines.places.geonames_files import lines

ROOT = Path(__file__).parents[3]
COUNTRIES = ("AT", "BR", "CH", "DE", "US")
TEXT = lines("""
DE 80331 München BY 48.1345 11.571
DE 80333 München BY 48.1452 11.5668
""")


def written(folder):
    path = folder / "DE.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def geonames():
    folder = Path(os.environ.get("PARCELCAST_DATASETS", ROOT.parent / "shared" / "datasets")) / "geonames"
    if not folder.is_dir():
        pytest.skip(f"GeoNames' postal codes are not in {folder}; set PARCELCAST_DATASETS to the folder above them")
    return folder


@pytest.fixture(scope="module")
def places(geonames, tmp_path_factory):
    out = tmp_path_factory.mktemp("places") / "places.csv.gz"
    made = make_table([geonames / f"{country}.txt.gz" for country in COUNTRIES], out)
    assert made.countries == COUNTRIES
    assert not any(bad.total for bad in made.bad.values())
    return PlaceIndex.from_csv(out)


def test_the_same_files_make_the_same_table(tmp_path):
    made = [make_table([written(tmp_path)], tmp_path / name / "places.csv.gz") for name in ("one", "two")]

    assert made[0].table.read_bytes() == made[1].table.read_bytes()
    assert str(made[0]).endswith("rows; GeoNames' codes of DE")
    assert PlaceIndex.from_csv(made[0].table).find("DE", "80331").precision == "postal"


def test_a_broken_file_leaves_the_table_as_it_was(tmp_path):
    out = tmp_path / "places.csv.gz"
    make_table([written(tmp_path)], out)
    before = out.read_bytes()
    (tmp_path / "AT.txt").write_text("AT", encoding="utf-8")

    with pytest.raises(DataError, match=r"AT.txt: 1 of 1 lines cannot be used"):
        make_table([tmp_path / "DE.txt", tmp_path / "AT.txt"], out)
    assert out.read_bytes() == before


def test_the_default_parameters_are_our_own_table_with_iso_regions():
    places = read_places(PlacesParameters("iso", "prefix:2", None))

    assert places.find("DE", "80331") == PlaceIndex.default().find("DE", "80331")


def test_lanes_may_be_h3_cells_which_a_written_index_keeps(tmp_path):
    table = make_table([written(tmp_path)], tmp_path / "places.csv.gz").table
    places = read_places(PlacesParameters("h3:2", "h3:5", table))
    places.write_csv(tmp_path / "served.csv.gz")
    served = PlaceIndex.from_csv(tmp_path / "served.csv.gz", places.grouping)

    for code in ("80331", "80335", "04109", "?"):
        place = served.find("DE", code)
        assert place == places.find("DE", code)
        assert region_of(place) == h3.latlng_to_cell(place.latitude, place.longitude, 2)
        assert area_of(place) == h3.latlng_to_cell(place.latitude, place.longitude, 5)
    assert region_of(served.find("XX", "1")) == ""


def test_a_table_that_is_not_there_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"there is no such table of places\. To do: make it with ./run places FILES"):
        read_places(PlacesParameters("iso", "prefix:2", tmp_path / "places.csv.gz"))


@pytest.mark.parametrize("country", COUNTRIES)
def test_geonames_agrees_with_our_own_table_where_that_knows(geonames, places, country):
    """Regions are translated rightly: they agree for nearly all codes, and positions are near for nearly all."""
    ours = PlaceIndex.default()
    codes = sorted({entry.code for entry in read_geonames(geonames / f"{country}.txt.gz").entries})
    pairs = [(ours.find(country, code), places.find(country, code)) for code in codes]
    known = [(own, found) for own, found in pairs if own.region]

    assert all(found.precision == "postal" for _, found in pairs)
    assert not any((found.region or "").startswith("GN-") for _, found in pairs)
    assert sum(own.region == found.region for own, found in known) > 0.8 * len(known)
    assert sum(own.time_zone == found.time_zone for own, found in pairs) > 0.999 * len(pairs)
    near = sum((distance_km(own, found) or 0) < 500 for own, found in pairs)
    assert near > 0.95 * len(pairs)


def test_brazilian_customers_are_found_in_their_own_state(olist, places):
    with gzip.open(olist / "olist_customers_dataset.csv.gz", "rt", encoding="utf-8", newline="") as file:
        customers = list(csv.DictReader(file))
    found = [places.find("BR", row["customer_zip_code_prefix"].zfill(5)) for row in customers]
    by_city = [places.find("BR", None, row["customer_city"]) for row in customers]

    def share(right: list[Place]) -> float:
        told = [(place.region, row["customer_state"]) for place, row in zip(right, customers, strict=True)]
        known = [(region, state) for region, state in told if region]
        return sum(region == state for region, state in known) / len(known)

    assert share(found) > 0.999
    assert share(by_city) > 0.99
    assert sum(place.precision == "city" for place in by_city) > 0.9 * len(by_city)


def test_the_command_tells_what_it_made_and_what_it_set_aside(tmp_path, capsys):
    path = written(tmp_path)
    path.write_text(TEXT + "DE\t80335\n", encoding="utf-8")
    out = tmp_path / "places.csv.gz"

    assert main(["places", str(path), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert f"{out}: " in told
    assert f"{path}: set aside 1 with other than 12 columns, first in line 3" in told

    assert main(["places", str(tmp_path / "XX.zip"), "--out", str(out)]) == 1
    assert "To do: download the country's file again" in capsys.readouterr().err


def test_the_parameters_that_we_ship_change_nothing():
    parameters = read_section(PlacesParameters, "places", ROOT / "params.yaml")

    assert read_places(parameters).grouping == PlaceIndex.default().grouping
    assert parameters.table is None


def test_a_region_that_only_geonames_names_keeps_the_holidays_of_its_country():
    assert holiday_dates("NL", "GN-07", [2027]) == holiday_dates("NL", None, [2027])
    assert holiday_dates("ES", "GN-29", [2027]) == holiday_dates("ES", None, [2027])
