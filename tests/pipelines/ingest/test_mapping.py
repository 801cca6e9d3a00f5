import pytest

from parcelcast.errors import DataError
from pipelines.ingest.mapping import ColumnMapping, load_mapping, read_mapping


def shipments(**columns):
    return {"tables": {"shipments": {"columns": columns}}}


def problem(document, *expected):
    with pytest.raises(DataError) as caught:
        read_mapping(document, "shop.yaml")
    message = str(caught.value)
    assert message.startswith("shop.yaml: ")
    assert "example.yaml" in message
    for words in expected:
        assert words in message


def test_without_a_file_every_column_has_its_own_name():
    table = load_mapping(None).table("shipments")
    assert table.file == "shipments"
    assert table.of("weight_g") == ColumnMapping(column="weight_g")


def test_a_column_is_a_name_or_a_description():
    mapping = read_mapping(shipments(order_id="Nr", weight_g={"column": "kg", "unit": "kg"}), "shop.yaml")
    table = mapping.table("shipments")
    assert table.of("order_id").column == "Nr"
    assert table.of("weight_g") == ColumnMapping(column="kg", unit="kg")


def test_numbers_as_codes_are_read_as_text():
    mapping = read_mapping(shipments(service={"column": "s", "codes": {1: "express"}}), "shop.yaml")
    assert mapping.table("shipments").of("service").codes == {"1": "express"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "mapping: is empty"),
        ([], "mapping: is a list"),
        ({"table": {}}, "unknown key 'table'; did you mean 'tables'?"),
        ({"tables": {"shipment": {}}}, "tables: unknown key 'shipment'; did you mean 'shipments'?"),
        ({"tables": {"shipments": {"colums": {}}}}, "tables.shipments: unknown key 'colums'; did you mean 'columns'?"),
        (shipments(weight_kg="w"), "tables.shipments.columns: unknown key 'weight_kg'; did you mean 'weight_g'?"),
        (shipments(weight_g={"column": "w", "units": "kg"}), "weight_g: unknown key 'units'; did you mean 'unit'?"),
        (shipments(weight_g={"column": "w", "unit": "stone"}), "unknown unit 'stone'; expected one of g, kg, lb, oz"),
        (shipments(status={"column": "s", "unit": "kg"}), "status has no unit to convert"),
        (shipments(weight_g={"unit": "kg"}), "either `column`"),
        (shipments(weight_g={"column": "w", "constant": "5"}), "either `column`"),
        (shipments(origin_country={"constant": False}), "YAML reads this word as False; put it in quotes"),
        (shipments(order_id={"column": ["a"]}), "columns.order_id.column: is a list; expected a text"),
        (shipments(ordered_at={"column": "t", "time_zone": "Berlin"}), "'Berlin' is unknown; expected an IANA name"),
        (shipments(order_id={"column": "o", "time_zone": "UTC"}), "order_id is no instant"),
        (shipments(ordered_at={"column": "t", "format": "dd.mm.yyyy"}), "strptime pattern"),
        (shipments(weight_g={"column": "w", "format": "%d"}), "strptime pattern"),
        (shipments(status={"column": "s", "codes": {"x": "delivred"}}), "did you mean 'delivered'?"),
        (shipments(status={"column": "s", "codes": ["delivered"]}), "status.codes: is a list"),
        (shipments(weight_g={"column": "w", "plausible": [5, 1]}), "expected [lowest, highest]"),
        (shipments(status={"column": "s", "plausible": [1, 5]}), "expected [lowest, highest]"),
        (shipments(ordered_at={"column": "t", "format": "%d.%m.%Y %H:%Q"}), "%Q' is no strptime pattern"),
        (shipments(origin_postal_code={"constant": 567}), "reads this as the number 567; put the text in quotes"),
        ({"tables": {"shipments": {"delimiter": "\\t"}}}, 'expected one character such as ";", or "\\t" for a tab'),
        ({"tables": {"shipments": {"delimiter": ";;"}}}, "shipments.delimiter: ';;'"),
        ({"tables": {"shipments": {"decimal": ";"}}}, "shipments.decimal: ';'; expected"),
        (shipments(weight_kg="w"), "1 mistake in the mapping"),
        (shipments(carrier="Empfänger Name"), "looks like a person's name, street or contact"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_what_was_expected(document, words):
    problem(document, words)


def test_a_number_may_be_the_constant_of_a_column_of_numbers():
    mapping = read_mapping(shipments(weight_g={"constant": 500}), "shop.yaml")
    assert mapping.table("shipments").of("weight_g").constant == "500"


def test_foreign_names_are_the_same_however_their_umlauts_are_composed():
    mapping = read_mapping(shipments(order_id="fu\u0308r"), "shop.yaml")
    assert mapping.table("shipments").of("order_id").column == "f\u00fcr"


def test_all_mistakes_are_told_at_once():
    problem(shipments(weight_kg="w", order_id={}), "2 mistakes", "weight_kg", "order_id")


def test_a_file_that_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text("tables: [", encoding="utf-8")
    with pytest.raises(DataError, match=r"shop.yaml: cannot be read as YAML"):
        load_mapping(path)


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"shop.yaml: cannot be read \(No such file"):
        load_mapping(tmp_path / "shop.yaml")
