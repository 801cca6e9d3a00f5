"""The data docs: one HTML page that tells what the gates found, complete in itself; opening it fetches nothing."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from pipelines.gates.door import Verdict
    from pipelines.gates.outcomes import Judged

_EXAMPLES = 5

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2733; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1.5rem; }
th, td { text-align: left; padding: 0.3rem 0.6rem; border-bottom: 1px solid #d9e0e7; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: 0.9em; }
.passed { color: #1a7f4b; } .stop, .quarantine { color: #b3261e; } .repair { color: #9a5b00; } .warn { color: #6a5b00; }
tr.clean td { color: #7b8794; }
"""


def write_docs(
    folder: Path,
    summary: Mapping[str, Any],
    judged: Mapping[str, Judged],
    evidence: Mapping[str, pd.DataFrame],
    results: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write `index.html`, and beside it the suites' own results as `<table>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, result in results.items():
        text = json.dumps(result, indent=2, default=str, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    sections = [_section(name, one, summary["tables"][name], evidence[name]) for name, one in judged.items()]
    (folder / "index.html").write_text(_page(summary, sections), encoding="utf-8")


def _page(summary: Mapping[str, Any], sections: Iterable[str]) -> str:
    verdict = "passed" if summary["success"] else "stop"
    told = "The data may be used." if summary["success"] else "The stage was stopped: see the rules marked as such."
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8"><title>Data validation</title>'
        f"<style>{_STYLE}</style></head><body>\n"
        f'<h1>Data validation</h1><p class="{verdict}"><strong>{told}</strong></p>\n'
        f"<p>A rule that sets aside more than {summary['critical_share']:.0%} of a table stops the stage. Rows that "
        "were set aside or repaired are in the quarantine folder, each with its reasons.</p>\n"
        f"{_overview(summary['tables'])}{''.join(sections)}</body></html>\n"
    )


def _overview(tables: Mapping[str, Mapping[str, Any]]) -> str:
    counts = ("rows", "passed", "quarantined", "repaired", "noted_while_reading")
    head = "".join(f'<th class="number">{name.replace("_", " ")}</th>' for name in counts)
    body = "".join(
        f'<tr><td><a href="#{escape(name)}">{escape(name)}</a></td>'
        + "".join(f'<td class="number">{table[count]:,}</td>' for count in counts)
        + "</tr>"
        for name, table in tables.items()
    )
    return f"<table><tr><th>table</th>{head}</tr>{body}</table>\n"


def _section(name: str, judged: Judged, counts: Mapping[str, Any], evidence: pd.DataFrame) -> str:
    stops = {verdict.rule.name for verdict in judged.stops}
    # what was found comes first, rules that nothing broke last
    verdicts = sorted(judged.verdicts, key=lambda verdict: -len(verdict.bad))
    rows = "".join(_row(verdict, stopped=verdict.rule.name in stops) for verdict in verdicts)
    return (
        f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{counts["rows"]:,} rows, {counts["passed"]:,} passed.</p>'
        '<table><tr><th>rule</th><th>what is wrong with a row</th><th>what happens</th><th class="number">rows</th>'
        f'<th class="number">share</th><th>expectation</th></tr>{rows}</table>\n{_examples(judged, evidence)}'
    )


def _row(verdict: Verdict, *, stopped: bool) -> str:
    rule = verdict.rule
    action = "stop" if stopped else rule.action
    style = "" if len(verdict.bad) else ' class="clean"'
    arguments = ", ".join(f"{key}={value!r}" for key, value in rule.arguments.items())
    return (
        f"<tr{style}><td>{escape(rule.name)}</td><td>{escape(rule.reason)}</td>"
        f'<td class="{action if len(verdict.bad) else ""}">{action}</td><td class="number">{len(verdict.bad):,}</td>'
        f'<td class="number">{verdict.share:.2%}</td>'
        f"<td><code>{escape(rule.expectation)}({escape(arguments)})</code></td></tr>"
    )


def _examples(judged: Judged, evidence: pd.DataFrame) -> str:
    if evidence.empty:
        return ""
    keys = list(judged.table.key)
    # one example of each kind of reason tells more than five of the commonest
    kinds = evidence["reasons"].map(lambda reasons: reasons[0].split(":")[0])
    shown = evidence.groupby(kinds.to_numpy(), sort=False).head(_EXAMPLES)
    body = "".join(
        f"<tr><td>{escape(', '.join(str(row[key]) for key in keys))}</td><td>{escape(row['outcome'])}</td>"
        f"<td>{'<br>'.join(escape(reason) for reason in row['reasons'])}</td></tr>"
        for _, row in shown.iterrows()
    )
    head = f"<tr><th>{escape(', '.join(keys))}</th><th>outcome</th><th>reasons</th></tr>"
    return f"<h3>Examples</h3><table>{head}{body}</table>\n"
