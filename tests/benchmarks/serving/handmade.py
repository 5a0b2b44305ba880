"""The app people write by hand: FastAPI, a pickled scikit-learn pipeline, a DataFrame for each request.

Run by uvicorn with its default settings, one worker, no access log. `BENCH_FOLDER` names the folder of the pickle.
The handler is `async`, so that no request pays for a thread: the faster of the two usual ways.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel


class Row(BaseModel):
    """One row of the table, checked as FastAPI checks it."""

    age: float
    workclass: str
    fnlwgt: float
    education: str
    education_num: float
    marital_status: str
    occupation: str
    relationship: str
    race: str
    sex: str
    capital_gain: float
    capital_loss: float
    hours_per_week: float
    native_country: str


class Request(BaseModel):
    """The same body that all contenders get."""

    dataframe_records: list[Row]


pipeline = joblib.load(Path(os.environ["BENCH_FOLDER"]) / "pipeline.joblib")
app = FastAPI()


async def score(request: Request) -> dict[str, Any]:
    """Labels and probabilities of all rows."""
    frame = pd.DataFrame([row.model_dump() for row in request.dataframe_records])
    probabilities = pipeline.predict_proba(frame[pipeline.feature_names_in_])
    return {
        "predictions": pipeline.classes_[probabilities.argmax(axis=1)].tolist(),
        "probabilities": probabilities.tolist(),
    }


app.post("/score")(score)
