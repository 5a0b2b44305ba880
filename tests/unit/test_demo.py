"""The generated applications and the drawing of the demonstration."""

from __future__ import annotations

import csv
import io

import numpy as np
from rich.console import Console

from automl.spec import Spec
from automl.training.dataset import read_table
from automl.training.infer import infer
from demo.chart import chart
from demo.loans import TARGET, applications, as_csv
from demo.scene import Scene
from demo.screen import picture
from demo.story import Plan, spec
from demo.tally import Tally


def test_equal_seeds_give_equal_applications_and_others_others() -> None:
    first, second, other = (applications(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == second != other


def test_applications_have_every_type_and_missing_values() -> None:
    table = read_table(as_csv(applications(2000, np.random.default_rng(1))), "csv")
    signature = infer(table, Spec.from_json(spec("loans", Plan(), 1))).signature
    assert {feature.type for feature in signature.features} == {"number", "category", "boolean", "datetime"}
    assert signature.ignored == {}
    assert signature.classes == ("no", "yes")
    assert "" in table.columns["income"]
    assert "" in table.columns["job"]
    assert "" in table.columns["customer_since"]


def test_change_of_times_shows_in_the_outcome_alone() -> None:
    before, after = (applications(4000, np.random.default_rng(5), times_changed=changed) for changed in (False, True))
    turned = [one.pop(TARGET) != other.pop(TARGET) for one, other in zip(before, after, strict=True)]
    assert before == after
    assert 0.2 < sum(turned) / len(turned) < 0.6


def test_csv_holds_the_applications_cell_by_cell() -> None:
    rows = applications(20, np.random.default_rng(1))
    read = list(csv.DictReader(io.StringIO(as_csv(rows).decode())))
    assert [row["income"] for row in read] == ["" if row["income"] is None else str(row["income"]) for row in rows]
    assert [row["guarantor"] for row in read] == [str(row["guarantor"]).lower() for row in rows]


def test_band_holds_the_accuracy_and_narrows_with_answers() -> None:
    few, many = Tally(n=100, right=90).band, Tally(n=10_000, right=9000).band
    assert few[0] < many[0] < 0.9 < many[1] < few[1]


def test_chart_keeps_the_newest_stretches_and_what_happened_in_them() -> None:
    steps = [Tally(n=500, right=450)] * 30 + [Tally(n=500, right=300)] * 10
    lines = chart(steps, [(2, "X"), (30, "D"), (30, "A")], width=20, height=11)
    assert lines[-1].count("X") == 0
    assert "DA" in lines[-1]
    assert all(len(line) <= 26 for line in lines)
    assert sum(line.count("●") for line in lines) == 20


def test_picture_of_every_moment_can_be_drawn() -> None:
    console = Console(width=100, file=io.StringIO(), record=True)
    empty = Scene(model="demo")
    console.print(picture(empty, width=100, seconds=0.0))
    run = {"status": "running", "stage": "searching", "percent": 40.0, "trials": 3, "best_loss": 0.1}
    full = Scene(model="demo", steps=[Tally(n=600, right=500)], marks=[(0, "D")], run=run, scored=600, told=200)
    full.news.append((1.0, "Times change."))
    console.print(picture(full, width=100, seconds=9.0))
    text = console.export_text()
    assert "searching 40 %, 3 trials, best loss 0.1" in text
    assert "Times change." in text
