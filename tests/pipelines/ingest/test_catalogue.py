import re
import runpy
import sys
from pathlib import Path

import yaml

from parcelcast.tables import TABLES
from pipelines.ingest.catalogue import catalogue
from pipelines.ingest.mapping import read_mapping

PAGE = Path(__file__).parents[3] / "docs" / "data.md"


def test_the_page_is_up_to_date(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "pipelines.ingest.catalogue")
    runpy.run_module("pipelines.ingest.catalogue", run_name="__main__")
    assert PAGE.read_text(encoding="utf-8") == capsys.readouterr().out, (
        "python -m pipelines.ingest.catalogue > docs/data.md"
    )


def test_the_page_tells_each_column_of_each_table_once():
    for section in catalogue().split("\n## ")[1:]:
        name, *_ = re.findall(r"`(\w+)`", section)
        told = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
        assert told == list(TABLES[name].column_names)


def test_the_mapping_of_the_page_can_be_read():
    [example] = re.findall(r"```yaml\n(.*?)```", catalogue(), re.DOTALL)
    assert read_mapping(yaml.safe_load(example), "data.md").table("shipments").file == "orders"
