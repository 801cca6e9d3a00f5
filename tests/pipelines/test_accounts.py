from pathlib import Path

import pandas as pd
import yaml

from pipelines import stages
from pipelines.accounts import ingest_account
from pipelines.ingest.evidence import Findings
from pipelines.ingest.report import Report


def test_an_ingest_tells_rows_reasons_and_words_that_it_did_not_know():
    report, findings = Report("canonical"), Findings()
    report.read("orders.csv", 4000)
    findings.quarantine([3], "ordered_at: 'soon' is not a time")
    findings.repair([4, 5], "weight_g: 'heavy' is not a number")
    report.rejected("shipments", findings)
    report.codes("shipments", "status", pd.Series(["lost", "weg", "weg"]), pd.Series([True, False, False]))
    assert ingest_account(report).splitlines() == [
        "read orders.csv 4,000 (rows)",
        "shipments: 1 row set aside, 2 with a value taken out: weight_g 2, ordered_at 1",
        "words that no code table knows: shipments.status: weg 2",
    ]


def test_the_stages_end_with_what_was_read_and_found(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    order = {"shipment_id": "p", "order_id": "o", "merchant_id": "m", "origin_id": "w", "origin_country": "DE"}
    told = {"destination_country": "DE", "ordered_at": "2024-05-31T09:00:00Z", "dispatched_at": "2024-06-02T09:00:00Z"}
    Path("export").mkdir()
    pd.DataFrame([{**order, **told, "ready_at": "2024-06-03T09:00:00Z"}]).to_csv("export/shipments.csv", index=False)
    given = {"source": "canonical", "data": "export", "mapping": None, "critical_share": 0.05}
    Path("params.yaml").write_text(yaml.safe_dump({"ingest": given, "validate": {"critical_share": 0.05}}))
    stages.run("ingest")
    stages.run("validate")
    assert capsys.readouterr().out.splitlines() == [
        "read shipments.csv 1 (rows)",
        "passed origins 1 of 1, shipments 1 of 1",
        "found shipments: dispatched_before_ready 1",
        "every rule with examples: data/validated/data_docs/index.html",
    ]
