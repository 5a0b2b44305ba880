"""The labelled predictions that a retraining adds to its table, and those it must not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.errors import InvalidInput
from automl.events import iso
from automl.lake.labelled import labelled_rows
from automl.parsing import parse_records
from automl.signature import Signature
from automl.storage import Storage
from automl.tensors import Tensors
from automl.training.target import encode
from automl.training.unredacted import unredacted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Added:
    """Labelled rows in the order of their predictions, without those that are held back.

    Parameters
    ----------
    target
        [N]: class indexes or numbers.
    ids, keys
        [N]: prediction ids, and business keys where there are such.
    at_ms
        int64 [N]: when each was predicted, epoch milliseconds, ascending.
    newest
        When the newest of them was predicted, ISO 8601; None when the period has no rows. Rows predicted later are
        unseen by the new model.
    held_from
        When the oldest held-back row was predicted.
    held_rows
        How many rows are held back.
    unfit
        Rows left out because the new signature cannot read them, or their truth is no class of it.
    redacted
        Rows left out because they were logged without a column that is read.
    """

    tensors: Tensors
    target: npt.NDArray[Any]
    ids: list[str]
    keys: list[str | None]
    at_ms: npt.NDArray[np.int64]
    newest: str | None
    held_from: str | None
    held_rows: int
    unfit: int
    redacted: int

    def to_json(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What the manifest says of them, with the period that was asked for."""
        return {
            "since": request.get("since"),
            "until": request["until"],
            "held_from": self.held_from,
            "rows": len(self.target),
            "held_rows": self.held_rows,
            "unfit_rows": self.unfit,
            "redacted_rows": self.redacted,
        }


def read_labelled(
    storage: Storage, model: str, signature: Signature, request: Mapping[str, Any], *, hold_back: int
) -> Added:
    """Read the labelled rows of a period and set the newest aside.

    At most half of the rows are held back. Rows of one millisecond stay together, on the side that is held back.

    Parameters
    ----------
    request
        `until` and, optionally, `since`: ISO 8601.
    hold_back
        How many of the newest rows to set aside.
    """
    until, since = _ms(request["until"]), _ms(request.get("since"))
    found = labelled_rows(storage, model, since_ms=since, until_ms=until)
    rows = unredacted(storage, model, signature, found)
    held = min(hold_back, len(rows) // 2)
    held_from = int(rows.at_ms[len(rows) - held]) if held else None
    count = len(rows) if held_from is None else int(np.searchsorted(rows.at_ms, held_from, side="left"))
    newest = int(rows.at_ms[count - 1]) if count else None if held_from is None else held_from - 1
    tensors, fit = _parse(signature, rows.features[:count])
    target, used = encode(signature, [rows.truths[row] for row in fit])
    places = [fit[row] for row in used.tolist()]
    return Added(
        tensors=tensors[used],
        target=target,
        ids=[rows.ids[place] for place in places],
        keys=[rows.keys[place] for place in places],
        at_ms=rows.at_ms[places],
        newest=_iso(newest),
        held_from=_iso(held_from),
        held_rows=len(rows) - count,
        unfit=count - len(used),
        redacted=len(found) - len(rows),
    )


def _parse(signature: Signature, records: Sequence[Mapping[str, Any]]) -> tuple[Tensors, list[int]]:
    """The rows that the signature can read, and their positions.

    A column that is new since is missing; one that the signature lacks is not read.
    """
    names = [feature.name for feature in signature.features]
    cells = [{name: record.get(name) for name in names} for record in records]
    try:
        return parse_records(signature, cells), list(range(len(cells)))
    except InvalidInput:
        good = [row for row, cell in enumerate(cells) if _is_readable(signature, cell)]
        return parse_records(signature, [cells[row] for row in good]), good


def _is_readable(signature: Signature, cell: Mapping[str, Any]) -> bool:
    try:
        parse_records(signature, [cell])
    except InvalidInput:
        return False
    return True


def _ms(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)


def _iso(ms: int | None) -> str | None:
    return None if ms is None else iso(datetime.fromtimestamp(ms / 1000, UTC))
