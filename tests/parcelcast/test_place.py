import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.address import fold_city, normalise_country, normalise_postal_code
from parcelcast.errors import DataError
from parcelcast.place import Place, PlaceIndex, area_of, distance_km, region_of
from parcelcast.place_table import COLUMNS, read_rows
from parcelcast.regions import Grouping

TABLE = """\
country,postal_prefix,city,region,time_zone,latitude,longitude
DE,,Germany,,Europe/Berlin,51.2,10.4
DE,8,South,BY,Europe/Berlin,48.5,11.0
DE,80,Munich,by,Europe/Berlin,48.14,11.58
DE,88,Lake Constance,BW,Europe/Berlin,47.8,9.6
DE,80331,Munich old town,BY,Europe/Berlin,48.135,11.57
US,,United States,,America/New_York,,
US,967,Honolulu,HI,Pacific/Honolulu,21.31,-157.86
NZ,,New Zealand,,Pacific/Auckland,-36.85,174.76
"""


@pytest.fixture
def index(tmp_path):
    return PlaceIndex.from_csv(written(tmp_path, TABLE))


def written(folder, text, encoding="utf-8"):
    path = folder / "places.csv"
    path.write_bytes(text.encode(encoding))
    return path


def place(latitude, longitude):
    return Place("DE", "", None, "UTC", latitude, longitude, "country")


@pytest.mark.parametrize(
    ("country", "code", "region", "precision"),
    [
        ("DE", "80331", "BY", "postal"),
        ("DE", "80999", "BY", "prefix"),
        ("DE", "88045", "BW", "prefix"),
        ("DE", "8", "BY", "postal"),
        ("de", " D-88 045 ", "BW", "prefix"),
        ("DE", 88045, "BW", "prefix"),
        ("DE", "01067", None, "country"),
        ("DE", "", None, "country"),
        ("DE", None, None, "country"),
        ("DE", "80331" * 99, None, "country"),
        ("FR", "75001", None, "unknown"),
    ],
)
def test_finds_the_longest_known_prefix(index, country, code, region, precision):
    found = index.find(country, code)

    assert (found.region, found.precision) == (region, precision)


def test_a_place_tells_its_time_zone_position_and_full_postal_code(index):
    assert index.find("us", "96701-1234") == Place(
        "US", "967011234", "HI", "Pacific/Honolulu", 21.31, -157.86, "prefix"
    )
    assert index.find("US", "10001") == Place("US", "10001", None, "America/New_York", None, None, "country")


def test_an_unknown_country_is_in_utc_and_keeps_what_was_said(index):
    assert index.find("fr", "75001") == Place("FR", "75001", None, "UTC", None, None, "unknown")
    assert index.find("Narnia", "1") == Place("ZZ", "1", None, "UTC", None, None, "unknown")


@given(country=st.none() | st.text(), code=st.none() | st.integers() | st.text())
def test_never_fails_and_normalises_once(country, code):
    index = PlaceIndex([dict(zip(COLUMNS, ("DE", "", "", "", "Europe/Berlin", "", ""), strict=True))])

    found = index.find(country, code)

    assert index.find(found.country, found.postal_code) == found
    assert len(found.country) == 2
    assert found.postal_code == "" or (found.postal_code.isascii() and found.postal_code.isalnum())


@pytest.mark.parametrize(
    ("country", "code", "normal"),
    [
        ("DE", "D-04109", "04109"),
        ("DE", "DE-04109", "04109"),
        ("DE", "DE04109", "04109"),
        ("DE", "04109 ", "04109"),
        ("DE", "０４１０９", "04109"),
        ("NL", "NL-1012 ab", "1012AB"),
        ("PL", "00-950", "00950"),
        ("BR", "01310-100", "01310100"),
        ("GB", "de1 1aa", "DE11AA"),
        ("LU", "L - 1234", "1234"),
        ("IE", "D02 X285", "D02X285"),
        ("CA", "K1A-0B1", "K1A0B1"),
        ("DE", "-", ""),
        ("DE", "München", "MNCHEN"),
        ("DE", "1234567890123", ""),
    ],
)
def test_postal_codes_are_capitals_and_digits_without_the_country(country, code, normal):
    assert normalise_postal_code(country, code) == normal


def test_countries_are_two_capitals():
    assert [normalise_country(c) for c in ("de", " At ", "uk", "EL", "DEU", "", None, "D1", "ßa")] == [
        "DE", "AT", "GB", "GR", "ZZ", "ZZ", "ZZ", "ZZ", "ZZ",
    ]  # fmt: skip


def test_distance_is_the_great_circle():
    leipzig, munich = place(51.34, 12.37), place(48.14, 11.58)
    auckland, honolulu = place(-36.85, 174.76), place(21.31, -157.86)

    assert distance_km(leipzig, munich) == pytest.approx(360, abs=2)
    assert distance_km(auckland, honolulu) == pytest.approx(7_090, abs=15)  # over the date line
    assert distance_km(leipzig, leipzig) == 0.0
    assert distance_km(place(0, 0), place(0, 180)) == pytest.approx(20_015, abs=1)
    assert distance_km(leipzig, place(None, None)) is None


def test_reads_a_file_with_a_byte_order_mark(tmp_path):
    assert PlaceIndex.from_csv(written(tmp_path, TABLE, "utf-8-sig")).find("DE", "80331").region == "BY"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("postal_prefix", "prefix"), r"missing postal_prefix \(rows 2\)"),
        (("DE,88,", "DE,80,"), r"column postal_prefix: prefix '80' of DE appears again \(rows 5\)"),
        (("DE,8,", "DEU,8,"), r"column country: country 'DEU' is no ISO"),
        (("Pacific/Honolulu", "Pacific/Honululu"), r"column time_zone: time zone 'Pacific/Honululu' is unknown"),
        (("48.14", "148.14"), "column latitude: '148.14' is no latitude"),
        (("-157.86", "west"), "column longitude: 'west' is no longitude"),
        (("NZ,,", "NZ,10,"), "no row for the country itself: NZ"),
        (("Munich old town", "Munich, old town"), r"\(rows 6\)"),
        ((TABLE, TABLE[:63]), "no rows"),
        ((TABLE, ""), "no rows"),
    ],
)
def test_refuses_a_broken_table_by_file_column_and_row(tmp_path, change, message):
    path = written(tmp_path, TABLE.replace(*change))
    with pytest.raises(DataError, match=message) as refusal:
        PlaceIndex.from_csv(path)
    assert str(path) in str(refusal.value)


def test_refuses_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read .* To do: give a UTF-8 CSV file"):
        PlaceIndex.from_csv(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="cannot be read"):
        PlaceIndex.from_csv(written(tmp_path, TABLE.replace("Munich", "München"), "latin-1"))


def test_the_table_of_the_project_knows_its_countries():
    index = PlaceIndex.default()

    assert index is PlaceIndex.default()
    assert index.find("DE", "80331").region == "BY"
    assert index.find("BR", "01310-100").region == "SP"
    assert index.find("BR", "69005-000").time_zone == "America/Manaus"
    assert index.find("AT", "1010").time_zone == "Europe/Vienna"
    for country in ("AT", "CH", "NL", "BE", "LU", "FR", "PL", "CZ", "DK", "IT", "GB", "ES", "PT", "US"):
        assert index.find(country, None).precision == "country"


def test_a_city_is_found_by_name_when_the_postal_code_is_not_known(index):
    found = index.find("DE", "?", " MÜNICH ")

    assert (found.region, found.latitude, found.precision) == ("BY", 48.14, "city")
    assert index.find("DE", "88045", "Munich").region == "BW"  # the postal code says more
    assert index.find("US", None, "Munich").precision == "country"
    assert index.find("FR", None, "Munich").precision == "unknown"


def test_a_name_that_cities_of_several_regions_share_finds_none(tmp_path):
    table = (
        TABLE + "US,04,Portland,ME,America/New_York,43.66,-70.26\nUS,97,Portland,OR,America/Los_Angeles,45.5,-122.7\n"
    )
    index = PlaceIndex.from_csv(written(tmp_path, table))

    assert index.find("US", None, "Portland").precision == "country"
    assert index.find("US", None, "honolulu").region == "HI"


def test_a_city_is_found_though_its_umlauts_are_written_out(tmp_path):
    table = TABLE + "DE,50,Köln,NW,Europe/Berlin,50.94,6.96\nDE,45,Moers,NW,Europe/Berlin,51.45,6.63\n"
    index = PlaceIndex.from_csv(written(tmp_path, table + "DE,00,Mors,SH,Europe/Berlin,54.0,9.0\n"))

    assert index.find("DE", None, "KOELN") == index.find("DE", None, "Köln")
    assert index.find("DE", None, "Koeln").region == "NW"
    assert index.find("DE", None, "Moers").region == "NW"  # what is a name as it stands is no other


def test_written_out_umlauts_are_no_way_around_a_name_of_several_regions(tmp_path):
    several = "DE,31,Bühl,NI,Europe/Berlin,52,9\nDE,77,Bühl,BW,Europe/Berlin,48,8\n"
    index = PlaceIndex.from_csv(written(tmp_path, TABLE + several))

    assert index.find("DE", None, "Buehl").precision == "country"


@pytest.mark.parametrize(
    ("written_as", "name"),
    [
        ("SÃO PAULO", "sao paulo"),
        ("São Paulo", "sao paulo"),
        ("Łódź", "lodz"),
        ("Ærøskøbing", "aeroskobing"),
        ("St.-Étienne", "st etienne"),
        ("Straßburg", "strassburg"),
        ("  Bad   Tölz ", "bad tolz"),
        ("St. John's", "st johns"),
        ("St John’s", "st johns"),
        ("ST JOHNS", "st johns"),
        ("King`s Lynn", "kings lynn"),
        ("'s-Hertogenbosch", "s hertogenbosch"),
        ("L'Haÿ-les-Roses", "l hay les roses"),
        ("L HAY LES ROSES", "l hay les roses"),
        ("東京", "東京"),
        ("...", ""),
    ],
)
def test_names_of_cities_fold(written_as, name):
    assert fold_city(written_as) == name
    assert fold_city(name) == name


def test_lanes_count_by_iso_regions_and_two_characters_unless_told_otherwise(tmp_path):
    path = written(tmp_path, TABLE)
    usual = PlaceIndex.from_csv(path)
    other = PlaceIndex.from_csv(path, Grouping.parse("prefix:1", "prefix:3"))

    def groups(place):
        return region_of(place), area_of(place)

    assert groups(usual.find("DE", "80331")) == ("BY", "80")
    assert groups(usual.find("DE", "01067")) == ("", "01")
    assert groups(other.find("DE", "80331")) == ("8", "803")
    assert groups(other.find("FR", "75001")) == ("7", "750")
    assert groups(PlaceIndex.from_csv(path, Grouping.parse("prefix:1", "iso")).find("DE", "80331")) == ("8", "BY")
    assert other.find("DE", "80331").region == "BY"  # whose holidays count
    with pytest.raises(DataError, match="missing area_cell"):
        PlaceIndex.from_csv(path, Grouping.parse("iso", "h3:5"))


@pytest.mark.parametrize("groups", [("iso", "prefix:2"), ("prefix:1", "h3:4"), ("h3:2", "iso"), ("h3:2", "h3:4")])
@pytest.mark.parametrize("name", ["copy.csv", "copy.csv.gz"])
def test_a_written_index_answers_the_same(tmp_path, groups, name):
    cells = ({"region_cell": f"wide {number}", "area_cell": f"narrow {number}"} for number in range(99))
    rows = [row | cell for row, cell in zip(read_rows(written(tmp_path, TABLE)), cells, strict=False)]
    index = PlaceIndex(rows, grouping=Grouping.parse(*groups))
    index.write_csv(tmp_path / name)
    again = PlaceIndex.from_csv(tmp_path / name, index.grouping)

    asked = [("DE", "80331", None), ("DE", "89", None), ("US", "", "Honolulu"), ("DE", None, "munich"), ("FR", "1", "")]
    assert [again.find(*one) for one in asked] == [index.find(*one) for one in asked]
    again.write_csv(tmp_path / f"again-{name}")
    assert (tmp_path / f"again-{name}").read_bytes() == (tmp_path / name).read_bytes()


def test_refuses_a_truncated_gzip(tmp_path):
    path = tmp_path / "places.csv.gz"
    path.write_bytes(gzip.compress(TABLE.encode())[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        PlaceIndex.from_csv(path)
