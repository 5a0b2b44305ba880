"""What the monitor of one model remembers between passes: one blob, moved by If-Match.

Everything in it follows from the logs, the events and the runs. When it is lost or cannot be read, or a blob that it
names (`ledger`) is gone, the next pass reads the logs from their start and comes to the same numbers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson

from automl.errors import Conflict, EvergreenError
from automl.moving import move
from automl.storage import CONTROL, Missing, Precondition, Storage

FORMAT = 5
"""Version of the blob. Another one is rebuilt from the logs, which is always possible."""


class Lost(EvergreenError):
    """A blob that the state names is gone: another state has followed it, or it has to be made anew."""


HIDDEN = frozenset(
    {
        "format",
        "offsets",
        "parts",
        "swept",
        "newest",
        "pending",
        "arrivals",
        "histograms",
        "latencies",
        "measured",
        "predicted",
        "redacted",
        "tables",
        "looked",
        "etag",
    }
)
"""Fields that are bookkeeping of the passes and mean nothing to a reader."""


@dataclass(slots=True, kw_only=True)
class State:
    """The memory of one model's monitor; a pass changes its own copy and then saves it.

    Parameters
    ----------
    since_hour
        `YYYY-MM-DD/HH`: log hours before it were read to their end and are closed.
    offsets
        Bytes read of every log blob from `since_hour` on.
    parts
        By kind and hour, what is kept beside the state: how many entries, and the name of their blob (`ledger`).
    swept
        `YYYY-MM-DD`: when blobs were last looked for that no state names.
    baselines
        By version: the `loss` of its baseline.json.
    kept_from
        The oldest prediction hour whose rows are kept.
    sums
        By version, of all its labelled rows: how many, the sum of their errors, and of their squares.
    newest
        By version: the newest of its labelled rows, packed (`accuracy`).
    pending
        Truths whose prediction may still appear in the log, or whose business key has not been predicted yet.
    predictions, labelled, newest_ms
        Predictions logged; ids with a truth; when the newest truth of those was received (epoch milliseconds).
    counts
        Truths read, held (by the guard), corrected, repeated, orphaned (their prediction was never logged), late
        (their prediction's hour was dropped), torn lines.
    watch
        The champion under watch: `version`, `since` (ISO 8601), `detector`, ADWIN's `window`, `power` (a sentence or
        null), the `min_holdout` it is judged by, how many labels `n` were seen, their `recent` losses, and the newest
        `early` warning (`at`, `text`) or null.
    arrivals
        By hour of receipt (`20261120T16`), of the newest two weeks: the truths that came (`arrivals.Tally`).
    quarantine
        Revision of the quarantine that the truths counted here were screened by.
    alarm
        Set while the champion's accuracy counts as fallen: `version`, `at`, `key`, `text`, `evidence`.
    comparison
        The challenger being judged: `challenger`, `champion`, `plan`, `since_ms`, `looks` made, `rows` so far,
        `missing` rows until the next look, and the same as a sentence in `text`; `arms`, how both did while the
        challenger answers a share of the requests (`arms.told`); `won` once it is recommended to a person, with what
        was `seen` of it and the `evidence`.
    shadow
        The champion before, behind the present one: its `version`, the `champion` and `since` when it is; `state`:
        `on`, `proved` better, `ended` or `none`; the `wealth` of the bets on it (`betting.Wealth`), and the same as a
        sentence in `text`; with a proof, what was `seen` and the `evidence`. None where there was no champion before.
    histograms
        By version and period: what it was predicted on, counted (`histograms.Tally`).
    latencies
        By version and day: how many rows were answered in what time (`latencies.Bins`).
    predicted
        By version: its predictions, as far as it has a baseline to count them by.
    measured
        By version, slice and day: sums of the labelled rows, packed (`performance`).
    ages
        How many truths came within each time of `coverage.AGES_S` after their prediction.
    redacted
        The columns of which nothing is counted, as they were at the last pass.
    drift
        Of the champion's `reign`: whether drift is `on`, since when and by the `key` of which event, the `columns`
        that have drifted and the `oddities` of columns, as they were at the last look.
    looked
        Which look at earlier versions was the last one that was due (`recall`); nothing while the alarm is off.
    outbox
        Decisions that may not have been carried out yet.
    tables
        What tells the tables that had come for the model (`tables.look`); empty while one of them waits for its run.
    event
        Number of the pointer's event at the last pass.
    report
        Performance, coverage, drift and the last pass, for those who ask.
    """

    format: int = FORMAT
    since_hour: str = ""
    offsets: dict[str, int] = field(default_factory=dict)
    parts: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    swept: str = ""
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept_from: str = ""
    sums: dict[str, list[float]] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    pending: list[dict[str, Any]] = field(default_factory=list)
    predictions: int = 0
    labelled: int = 0
    newest_ms: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    watch: dict[str, Any] | None = None
    arrivals: dict[str, dict[str, Any]] = field(default_factory=dict)
    quarantine: int = 0
    alarm: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    shadow: dict[str, Any] | None = None
    histograms: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    latencies: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    predicted: dict[str, int] = field(default_factory=dict)
    measured: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    ages: list[int] = field(default_factory=list)
    redacted: list[str] = field(default_factory=list)
    drift: dict[str, Any] | None = None
    looked: str = ""
    outbox: list[dict[str, Any]] = field(default_factory=list)
    tables: str = ""
    event: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    etag: str | None = None

    @property
    def place(self) -> dict[str, Any]:
        """How far the logs were read."""
        return {"since_hour": self.since_hour, "offsets": self.offsets}

    def count(self, what: str, more: int = 1) -> None:
        """Add to one of `counts`."""
        if more:
            self.counts[what] = self.counts.get(what, 0) + more


def load(storage: Storage, model: str) -> State:
    """The state as the last pass left it; an empty one where it is missing, unreadable or of another format."""
    try:
        blob = storage.get(CONTROL, _blob(model))
    except Missing:
        blob = None
    if blob is None:
        return State()
    known = {item.name for item in fields(State)} - {"etag"}
    try:
        data = orjson.loads(blob.data)
    except orjson.JSONDecodeError:
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.keys() != known:
        return State(etag=blob.etag)
    return State(**data, etag=blob.etag)


def save(storage: Storage, model: str, state: State) -> None:
    """Store the state and note its new ETag.

    Raises
    ------
    Conflict
        Another pass has saved its own since this one was loaded.
    """
    body = orjson.dumps({item.name: getattr(state, item.name) for item in fields(State) if item.name != "etag"})
    try:
        state.etag = move(storage, _blob(model), body, state.etag)
    except Precondition as error:
        raise Conflict(f"Another monitor pass of model '{model}' was first. Its results stand.") from error


def renew(storage: Storage, model: str, state: State, lost: Lost) -> None:
    """Have the next pass begin anew, because what this state names is gone.

    Raises
    ------
    Conflict
        Another pass has saved its own state, which names other blobs.
    """
    if load(storage, model).etag != state.etag:
        raise Conflict(f"Another monitor pass of model '{model}' was first. Its results stand.") from lost
    save(storage, model, State(etag=state.etag))


def show(storage: Storage, model: str) -> dict[str, Any]:
    """What the monitor knows of a model, for people: the state without the bookkeeping."""
    state = load(storage, model)
    shown = {name: value for name, value in asdict(state).items() if name not in HIDDEN}
    return shown | {"waiting": len(state.pending)}


def _blob(model: str) -> str:
    return f"{model}/monitor.json"
