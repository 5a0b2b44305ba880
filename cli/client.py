"""`evergreen.Client`: the HTTP API for notebooks and scripts."""

from __future__ import annotations

import math
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from cli.batch import Batch
from cli.errors import Misuse, Refused
from cli.names import checked, model_name
from cli.options import DEFAULT_URL, connect
from cli.results import ADDED, columns_added
from cli.score import ROWS, answers
from cli.upload import upload
from cli.watch import ENDED, POLL_S

if TYPE_CHECKING:
    import pandas as pd


class Client:
    """A connection to one server.

    Parameters
    ----------
    url, key
        Where the server answers and its function key; otherwise from `EVERGREEN_URL` and `EVERGREEN_KEY`.

    Raises
    ------
    CommandError
        Every method raises it, with a sentence, when the server cannot be reached or refuses.

    >>> from evergreen import Client                                    # doctest: +SKIP
    >>> scored = Client().score("adult", frame)                         # doctest: +SKIP
    >>> Client().truth("adult", scored.prediction_id, frame.income)     # doctest: +SKIP
    """

    def __init__(self, url: str | None = None, key: str | None = None) -> None:
        where = url or os.environ.get("EVERGREEN_URL", DEFAULT_URL)
        self._api = connect(where, key or os.environ.get("EVERGREEN_KEY"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.__exit__()

    def score(self, model: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Score the rows of a DataFrame.

        Returns
        -------
        `prediction`, `probability` (of the predicted class; not for a regression) and `prediction_id`, under the
        index of `frame`.
        """
        import pandas as pd

        if taken := [name for name in ADDED if name in frame.columns]:
            raise Misuse(f"The frame has a column '{taken[0]}', which scoring adds: leave it out.")
        columns: dict[str, list[Any]] = {}
        for batch in _batches(frame):
            for _, scored in answers(self._api, checked(model), batch):
                for name, values in columns_added(scored).items():
                    columns.setdefault(name, []).extend(values)
        return pd.DataFrame(columns or {name: [] for name in ADDED}, index=frame.index)

    def truth(self, model: str, ids: Iterable[str], truths: Iterable[Any]) -> int:
        """Send ground truth for predictions, leaving out missing ones; how many were accepted.

        Raises
        ------
        Refused
            When any is refused, saying why.
        """
        pairs = [(name, _plain(truth)) for name, truth in zip(ids, truths, strict=True)]
        known = [{"id": name, "truth": truth} for name, truth in pairs if truth is not None]
        accepted = 0
        for start in range(0, len(known), ROWS):
            answer = self._api.truth(checked(model), known[start : start + ROWS])
            accepted += int(answer["accepted"])
            if answer["refused"]:
                first = answer["refused"][0]
                raise Refused(f"{len(answer['refused'])} truths were refused, the first: {first['reason']}")
        return accepted

    def train(self, table: str | Path, target: str, name: str | None = None, **spec: Any) -> dict[str, Any]:
        """Train a model on a CSV or Parquet file and wait for it; the run's record.

        Parameters
        ----------
        spec
            Sections of the spec, such as `search={"time_budget": 30}`.

        Raises
        ------
        Refused
            When the run ends without a version.
        """
        path = Path(table)
        model = checked(name or model_name(path))
        self._api.put_spec(model, {"name": model, "target": target, **spec})
        run = self._api.train(
            model, upload(self._api, model, path, lambda *_: None), idempotency_key=uuid.uuid4().hex
        )
        while run["status"] not in ENDED:
            time.sleep(POLL_S)
            run = self._api.run(model, run["id"])
        if run["status"] != "registered":
            raise Refused(f"Run {run['id']} ended {run['status']}: {run['message']}")
        return run

    def models(self) -> list[str]:
        """Names of the models the server has."""
        return self._api.models()

    def status(self, model: str) -> Mapping[str, Any]:
        """The champion pointer, the newest run and what the monitor knows."""
        return {
            "champion": self._api.champion(model),
            "run": next(iter(self._api.runs(model)), None),
            "monitor": self._api.monitor(model),
        }

    def events(self, model: str) -> Sequence[Mapping[str, Any]]:
        """What happened to a model, oldest first."""
        return self._api.events(model)


def _batches(frame: pd.DataFrame) -> Iterator[Batch]:
    columns = tuple(str(name) for name in frame.columns)
    for start in range(0, len(frame), ROWS):
        part = frame.iloc[start : start + ROWS]
        rows = [[_plain(cell) for cell in row] for row in part.itertuples(index=False, name=None)]
        places = [f"row {index}" for index in part.index]
        yield Batch(kind="parquet", columns=columns, rows=rows, places=places)


def _plain(cell: Any) -> Any:
    """A cell of pandas or numpy as a Python value; what is missing as None."""
    value = cell.item() if hasattr(cell, "item") else cell
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return None if value != value or str(value) in ("NaT", "<NA>") else value  # noqa: PLR0124  (NaT is unlike itself)
