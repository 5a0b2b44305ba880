"""`evergreen inspect`: what a table holds, and that training sees it alike."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from automl.spec import Spec
from automl.training.dataset import read_table
from automl.training.infer import infer
from demo.loans import applications, as_csv
from tests.cli.conftest import Run
from tests.support.tables import shared_table

ODD = """id,when,city,flag,same,amount,leak,note,half,target
""" + "".join(
    f"{row},2026-01-{row % 27 + 1:02},{'ABC'[row % 3]},{'yes' if row % 2 else 'no'},x,{row * 1.5 % 7},"
    f"{'p' if row % 4 == 0 else 'q'},{'word ' * 9}{row},{'' if row % 5 else 7},{'a' if row % 4 == 0 else 'b'}\n"
    for row in range(200)
)


def found(evergreen: Run, path: Path, *options: str) -> dict[str, dict[str, str]]:
    result = evergreen("inspect", path, "--json", *options)
    assert result.exit_code == 0, result.output
    return {column["name"]: column for column in json.loads(result.stdout)["columns"]}


def test_columns_are_told_apart_and_what_is_odd_is_remarked(evergreen: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(ODD)
    columns = found(evergreen, path, "--target", "target")
    assert {name: column["type"] for name, column in columns.items()} == {
        "id": "left out",
        "when": "datetime",
        "city": "category",
        "flag": "boolean",
        "same": "left out",
        "amount": "number",
        "leak": "category",
        "note": "left out",
        "half": "number",
        "target": "category",
    }
    assert "identifier" in columns["id"]["remark"]
    assert "the same" in columns["same"]["remark"]
    assert "free text" in columns["note"]["remark"]
    assert "mostly missing" in columns["half"]["remark"]
    assert [name for name, column in columns.items() if "gives the target away" in column["remark"]] == ["leak"]


@pytest.mark.parametrize(
    ("name", "target"), [("adult.csv", "income"), ("bike_hour.csv", "cnt"), ("elec.csv", "class")]
)
def test_types_are_those_that_training_takes(evergreen: Run, tmp_path: Path, name: str, target: str) -> None:
    path = tmp_path / name
    path.write_bytes(shared_table(name))
    signature = infer(read_table(path.read_bytes(), "csv"), Spec.from_json({"name": "t", "target": target})).signature
    columns = found(evergreen, path, "--target", target)
    told = {name: column["type"] for name, column in columns.items() if name != target}
    taken = {feature.name: str(feature.type) for feature in signature.features}
    assert told == taken | dict.fromkeys(signature.ignored, "left out")


def test_generated_applications_are_taken_alike_by_both(evergreen: Run, tmp_path: Path) -> None:
    path = tmp_path / "loans.csv"
    path.write_bytes(as_csv(applications(800, np.random.default_rng(1))))
    signature = infer(
        read_table(path.read_bytes(), "csv"), Spec.from_json({"name": "t", "target": "repaid"})
    ).signature
    told = {name: column["type"] for name, column in found(evergreen, path).items() if name != "repaid"}
    assert told == {feature.name: str(feature.type) for feature in signature.features}


def test_spec_it_writes_is_one_that_the_server_takes(evergreen: Run, tmp_path: Path) -> None:
    path, spec = tmp_path / "odd.csv", tmp_path / "odd.toml"
    path.write_text(ODD)
    result = evergreen("inspect", path, "--target", "target", "--spec", spec)
    assert result.exit_code == 0, result.output
    read = Spec.from_json(tomllib.loads(spec.read_text()))
    assert (read.name, read.target, read.columns.drop) == ("odd", "target", ("leak",))
    bare = "\n".join(line.removeprefix("# ") for line in spec.read_text().splitlines() if "Types are" not in line)
    assert Spec.from_json(tomllib.loads(bare)).columns.types["when"] == "datetime"
    assert evergreen("inspect", path, "--spec", spec).exit_code == 2


def test_target_that_is_no_column_is_wrong_use(evergreen: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(ODD)
    result = evergreen("inspect", path, "--target", "tarket")
    assert result.exit_code == 2
    assert "has no column 'tarket'" in result.stderr


def test_rows_that_training_would_put_aside_are_counted_with_their_lines(evergreen: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("a;b\n1;2\n3\n4;5\n", encoding="utf-16")
    said = evergreen("inspect", path).stdout
    assert "odd.csv: 2 rows, 2 columns, in UTF-16, with semicolons between cells" in said
    assert "1 rows have too many or too few cells and would be put aside: line 3" in said
    assert json.loads(evergreen("inspect", path, "--json").stdout)["rows_aside"] == 1
