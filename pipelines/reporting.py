"""The report of an evaluation: one HTML page that needs nothing else, and its pictures beside it."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from features.assembly import Assembled
from models.evaluation import Evaluation
from pipelines.plots import pictures
from pipelines.scoreboard import NAMES

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left }
img { max-width: 30rem; width: 100% } figure { display: inline-block; margin: 0 }
"""
_COLUMNS = {
    "parcels": ("parcels", "{:,.0f}"),
    "crps_days": ("CRPS, days", "{:.3f}"),
    "mae_median_days": ("MAE of median, days", "{:.2f}"),
    **{f"coverage_{level}": (f"in the {level} % interval", "{:.1%}") for level in (50, 80, 90, 95)},
    "late_share": ("late", "{:.1%}"),
    "mean_lead_days": ("days to promise", "{:.1f}"),
    **{
        f"{key}_at_{level}": (f"{words} at {level} %", form)
        for level in (80, 90, 95)
        for key, words, form in (("late_share", "late", "{:.1%}"), ("mean_lead_days", "days", "{:.1f}"))
    },
}

_STAGE_COLUMNS = {key: _COLUMNS[key] for key in ("parcels", "crps_days", "mae_median_days", "coverage_90")} | {
    "late_share": ("missed the shop's promise", "{:.1%}"),
    "delay_average_precision": ("average precision of that risk", "{:.3f}"),
}


def write_report(out: Path, metrics: Mapping[str, Any], evaluation: Evaluation, assembled: Assembled) -> None:
    """Write `report.html` and its pictures (`reliability.png`, ...) to the folder `out`."""
    drawn = pictures(evaluation, assembled)
    for name, png in drawn.items():
        (out / f"{name}.png").write_bytes(png)
    (out / "report.html").write_text(report_page(metrics, drawn), encoding="utf-8")


def report_page(metrics: Mapping[str, Any], drawn: Mapping[str, bytes]) -> str:
    """Return the page, pictures inside."""
    start, end = metrics["window"]
    trained, as_of = metrics["trained"], metrics["trained"]["as_of"]
    sections = [
        f"<h1>Orders placed from {escape(start)} until before {escape(end)}</h1>",
        f"<p>{metrics['orders']:,} orders forecast, {metrics['delivered']:,} of them delivered and scored.</p>",
        f"<p>Trained on orders from {escape(trained['first_order'])} and what was recorded until {escape(as_of)}.</p>",
        *_optimism(metrics.get("weather", {})),
        "<h2>All orders</h2>",
        _table(metrics["overall"]),
        *_stages(metrics.get("stages", {})),
        *(figure(name, png) for name, png in drawn.items()),
        "<h2>By month of the order</h2>",
        *(f"<h3>{escape(name)}</h3>{_table(part)}" for name, part in metrics["by_month"].items()),
        "<h2>By deliveries recorded on the order's own lane</h2>",
        *(f"<h3>{escape(name)}</h3>{_table(part)}" for name, part in metrics["by_evidence"].items()),
    ]
    head = f"<meta charset=utf-8><title>Backtest {escape(start)}</title><style>{STYLE}</style>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(sections)}</body></html>\n'


def _optimism(weather: Mapping[str, Any]) -> list[str]:
    """Return a warning where the model was told more than a forecast of the weather could have known."""
    if not weather.get("optimistic"):
        return []
    told = f"The weather was observed, not forecast ({escape(weather['forecast'])})"
    return [f"<p><strong>{told}: no forecast is that good. Compare these figures with no others.</strong></p>"]


def _stages(stages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the scores of the same parcels at each stage."""
    if not stages:
        return []
    heads = "".join(f"<th>{escape(words)}</th>" for words, _ in _STAGE_COLUMNS.values())
    rows = "".join(
        f"<tr><td>{escape(stage)}</td>{''.join(_cell(figures, key, _STAGE_COLUMNS) for key in _STAGE_COLUMNS)}</tr>"
        for stage, figures in stages.items()
    )
    return ["<h2>The same delivered parcels, by stage</h2>", f"<table><tr><th></th>{heads}</tr>{rows}</table>"]


def figure(name: str, png: bytes) -> str:
    """Return a picture as part of a page."""
    words = name.replace("_", " ")
    return f'<figure><img alt="{escape(words)}" src="data:image/png;base64,{b64encode(png).decode()}"></figure>'


def _table(part: Mapping[str, Mapping[str, Any]]) -> str:
    heads = "".join(f"<th>{escape(words)}</th>" for words, _ in _COLUMNS.values())
    rows = "".join(
        f"<tr><td>{escape(NAMES[name])}</td>{''.join(_cell(figures, key) for key in _COLUMNS)}</tr>"
        for name, figures in part.items()
    )
    return f"<table><tr><th></th>{heads}</tr>{rows}</table>"


def _cell(figures: Mapping[str, Any], key: str, columns: Mapping[str, tuple[str, str]] = _COLUMNS) -> str:
    value = figures.get(key)
    return "<td></td>" if value is None else f"<td>{columns[key][1].format(value)}</td>"
