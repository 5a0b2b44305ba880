"""The tables that quality is measured on: three public ones beside the repository, five that scikit-learn brings."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sklearn import datasets

from automl.spec import Spec

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QualityTable:
    """One table as a user would bring it.

    Parameters
    ----------
    csv
        The file.
    spec
        Names the target, and what is left out on both sides.
    dates
        Columns that a user of pandas would parse as dates, with their format.
    """

    name: str
    csv: bytes
    spec: Spec
    dates: dict[str, str]

    def frame(self) -> pd.DataFrame:
        """The features as a user of FLAML would hand them over: dates parsed, texts as categories."""
        frame = pd.read_csv(io.BytesIO(self.csv), keep_default_na=False, na_values=[""])
        frame = frame.drop(columns=[self.spec.target, *self.spec.columns.drop])
        for name, form in self.dates.items():
            frame[name] = pd.to_datetime(frame[name], format=form)
        for name in frame.columns:
            if not pd.api.types.is_numeric_dtype(frame[name].dtype) and name not in self.dates:
                frame[name] = frame[name].astype("category")
        return frame


def tables() -> Iterator[QualityTable]:
    """Every table that is at hand."""
    folder = Path(os.environ.get("EVERGREEN_SHARED_DATA") or ROOT.parent / "shared" / "data")
    for name, file, target, drop, dates in (
        ("adult", "adult.csv", "income", (), {}),
        ("bike", "bike_hour.csv", "cnt", ("instant", "casual", "registered"), {"dteday": "%m/%d/%Y"}),
        ("elec", "elec.csv", "class", (), {}),
    ):
        if (folder / file).is_file():
            yield _table(name, (folder / file).read_bytes(), target, drop, dates)
    for name in ("breast_cancer", "digits", "wine", "iris", "diabetes"):
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        yield _table(name.replace("_", " "), frame.to_csv(index=False).encode(), "target", (), {})


def _table(name: str, csv: bytes, target: str, drop: tuple[str, ...], dates: dict[str, str]) -> QualityTable:
    task = "regression" if name in ("bike", "diabetes") else "classification"
    columns = {"drop": list(drop)}
    spec = Spec.from_json({"name": "quality", "target": target, "task": task, "columns": columns})
    return QualityTable(name=name, csv=csv, spec=spec, dates=dates)
