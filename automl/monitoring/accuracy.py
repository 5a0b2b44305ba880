"""How good each version's answers were, by sums over all its labelled rows and by the newest of them.

Both are kept in the state and follow each truth and correction, so that no labelled row is read to tell them.
"""

from __future__ import annotations

import base64
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from automl.evaluation.paired import Loss
from automl.monitoring.state import State

RECENT = 500
"""Newest labelled rows whose performance is told apart from that of all."""

Rows = npt.NDArray[np.void]
_NEWEST = np.dtype([("made", "<i8"), ("id", "<u8"), ("error", "<f8")])


def add(state: State, version: str, rows: Rows, old: Rows) -> None:
    """Count labelled rows of a version in the place of those that stood before.

    Parameters
    ----------
    rows
        With `made` (epoch milliseconds of the prediction), `id` and `error`.
    old
        One for each: an `error` of NaN where there was none.
    """
    if not len(rows):
        return
    n, total, squares = state.sums.get(version, [0, 0.0, 0.0])
    n += int(np.isnan(old["error"]).sum())
    total += float(rows["error"].sum() - np.nansum(old["error"]))
    squares += float((rows["error"] ** 2).sum() - np.nansum(old["error"] ** 2))
    state.sums[version] = [n, total, squares]
    kept = _unpack(state.newest.get(version))
    both = np.concatenate([kept[~np.isin(kept["id"], rows["id"])], rows.astype(_NEWEST)])
    state.newest[version] = _pack(both[np.lexsort([both["id"], both["made"]])][-RECENT:])


def remove(state: State, rows: Rows) -> None:
    """Count rows no longer. `version` is the CRC-32 of the name of each one's version."""
    for version, (n, total, squares) in state.sums.items():
        own = rows[rows["version"] == crc32(version.encode())]
        errors = own["error"]
        state.sums[version] = [
            n - len(own),
            total - float(errors.sum()),
            squares - float((errors**2).sum()),
        ]
        kept = _unpack(state.newest.get(version))
        state.newest[version] = _pack(kept[~np.isin(kept["id"], own["id"])])


def age(state: State, oldest_ms: int) -> None:
    """Let rows that were predicted before a moment be recent no longer."""
    for version, text in list(state.newest.items()):
        rows = _unpack(text)
        kept = rows[rows["made"] >= oldest_ms]
        if not len(kept):
            del state.newest[version]
        elif len(kept) < len(rows):
            state.newest[version] = _pack(kept)


def told(state: State) -> list[dict[str, Any]]:
    """One object a version and window: all its labelled rows, and the newest.

    Returns
    -------
    Objects with `version`, `window` (`all` or `recent`), `n` and `accuracy`, or `mae` and `rmse`.
    """
    found: list[dict[str, Any]] = []
    for version, sums in state.sums.items():
        errors = _unpack(state.newest.get(version))["error"]
        newest = (len(errors), errors.sum(), (errors**2).sum())
        kind = Loss.from_baseline(state.baselines[version]).kind
        for window, (n, total, squares) in (("all", sums), ("recent", newest)):
            if n:
                numbers = _told(kind, n, total, squares)
                found.append({"version": version, "window": window, "n": int(n), **numbers})
    return found


def _told(kind: str, n: float, errors: float, squares: float) -> dict[str, float]:
    if kind == "error":
        return {"accuracy": float(1 - errors / n)}
    return {"mae": float(errors / n), "rmse": float(np.sqrt(max(squares, 0.0) / n))}


def _pack(rows: Rows) -> str:
    return base64.b64encode(rows.tobytes()).decode()


def _unpack(text: str | None) -> Rows:
    return np.frombuffer(base64.b64decode(text or ""), dtype=_NEWEST)
