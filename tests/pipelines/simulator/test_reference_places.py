import pytest

from parcelcast.place import PlaceIndex


@pytest.mark.parametrize(
    ("country", "code", "region", "time_zone"),
    [
        ("DE", "63739", "BY", "Europe/Berlin"),
        ("DE", "63065", "HE", "Europe/Berlin"),
        ("AT", "6900", "8", "Europe/Vienna"),
        ("FR", "67000", "6AE", "Europe/Paris"),
        ("FR", "97400", "974", "Indian/Reunion"),
        ("BR", "68900-000", "AP", "America/Belem"),
        ("BR", "69300-000", "RR", "America/Boa_Vista"),
        ("BR", "69900-000", "AC", "America/Rio_Branco"),
        ("BR", "72850-000", "GO", "America/Sao_Paulo"),
        ("BR", "70040-010", "DF", "America/Sao_Paulo"),
        ("BR", "76800-000", "RO", "America/Porto_Velho"),
        ("BR", "53990-000", "PE", "America/Noronha"),
        ("BR", "01310-100", "SP", "America/Sao_Paulo"),
        ("US", "79901", "TX", "America/Denver"),
        ("US", "96813", "HI", "Pacific/Honolulu"),
        ("ES", "35001", "CN", "Atlantic/Canary"),
    ],
)
def test_a_postal_code_tells_region_and_time_zone(country, code, region, time_zone):
    place = PlaceIndex.default().find(country, code)
    assert (place.region, place.time_zone) == (region, time_zone)


@pytest.mark.parametrize("country", "DE AT CH NL BE LU FR PL CZ DK IT BR US GB ES PT SE IE".split())
def test_every_country_of_the_table_answers_for_an_unknown_postal_code(country):
    place = PlaceIndex.default().find(country, None)
    assert place.precision == "country"
    assert place.latitude is not None
