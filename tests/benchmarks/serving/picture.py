"""The picture of `docs/benchmarks/serving.json` for the README.

    .venv-bench/bin/python -m tests.benchmarks.serving.picture docs/benchmarks/serving.json serving.svg

Three charts: requests per second by connections, rows per second by rows a request, and what the log costs.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

COLORS = {
    "FastAPI + joblib + pandas": "#b0b7c3",
    "floor": "#5b6675",
    "Evergreen, log off": "#2e8b57",
    "log off": "#2e8b57",
    "async": "#6fb98f",
    "durable": "#1d5a8a",
    "one append a request, 8 blobs": "#b0b7c3",
    "one append a request, 1 blob": "#d9dde3",
}
_BARS = 0.8
_GRID = {"color": "#e3e6ea", "linewidth": 0.8}


def draw(document: Mapping[str, Any]) -> Figure:
    """The figure of one run of all parts."""
    mpl.rcParams.update({"svg.hashsalt": "evergreen", "font.size": 9, "font.family": "DejaVu Sans"})
    contenders, log = document["measured"]["contenders"], document["measured"]["log"]
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    charts: Sequence[Any] = figure.subplots(1, 3)
    one = {name: found for name, found in contenders.items() if name.startswith("1 rows")}
    many = {name: found for name, found in contenders.items() if name not in one}
    _bars(charts[0], _by(one, 1), "requests_per_s")
    charts[0].set(title="One row a request", ylabel="requests/s", xlabel="connections")
    _bars(charts[1], _by(many, 0), "rows_per_s")
    charts[1].set(title="Many rows a request", ylabel="rows/s", xlabel="rows a request, 1 connection")
    _bars(charts[2], _by(log, 0), "requests_per_s")
    charts[2].set(title="The prediction log, on Azurite", ylabel="requests/s", xlabel="connections")
    about = document["machine"]
    figure.suptitle("LightGBM, 300 trees × 31 leaves, one worker: higher is better", fontweight="bold")
    figure.supxlabel(
        f"{about['table']} · {about['cores']} cores shared with the load generator, storage and other work · "
        f"Python {about['python']} · {about['at'][:10]}",
        fontsize=8,
        color="#5b6675",
    )
    return figure


def _by(groups: Mapping[str, Any], place: int) -> dict[str, Any]:
    """The groups by one number of their names: `100 rows, 1 connections` is `100` or `1`; others are no groups."""
    return {re.findall(r"\d+", name)[place]: found for name, found in groups.items() if name[0].isdigit()}


def _bars(chart: Any, groups: Mapping[str, Mapping[str, Any]], number: str) -> None:
    """Groups of bars on a logarithmic axis, one bar a contender, its number written above it."""
    names = [name for name, found in next(iter(groups.values())).items() if isinstance(found, dict)]
    width = _BARS / len(names)
    smallest = min(found[name][number] for found in groups.values() for name in names)
    for place, name in enumerate(names):
        at = [group - _BARS / 2 + width * (place + 0.5) for group in range(len(groups))]
        heights = [found[name][number] for found in groups.values()]
        drawn = chart.bar(at, heights, width * 0.94, label=name, color=COLORS[name])
        chart.bar_label(drawn, [_short(height) for height in heights], padding=1, fontsize=6.5)
    chart.set_yscale("log")
    chart.set_ylim(
        bottom=10 ** math.floor(math.log10(smallest)), top=chart.get_ylim()[1] * (12 if len(names) > 4 else 3)
    )
    chart.set_xticks(range(len(groups)), list(groups))
    chart.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    chart.yaxis.set_minor_formatter(NullFormatter())
    chart.grid(axis="y", **_GRID)
    chart.set_axisbelow(True)
    chart.spines[["top", "right"]].set_visible(False)
    chart.legend(
        fontsize=7,
        frameon=False,
        loc="upper left",
        ncols=1 if len(names) > 4 else 2,
        columnspacing=1.0,
        handlelength=1.2,
    )


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value / 1000:.1f}k" if value >= 1000 else f"{value:.0f}"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    drawn = draw(json.loads(source.read_text(encoding="utf-8")))
    drawn.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None, dpi=110)
