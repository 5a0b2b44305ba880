"""Tables that came for a model, through the API or as files in `raw`, as far as they may call for a run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from automl import uploads
from automl.events import Clock
from automl.run import Cause, Run
from automl.runs import Runs
from automl.spec_rules import MODEL_NAME
from automl.storage import CONTROL, RAW, BlobInfo, Storage

if TYPE_CHECKING:
    from automl.monitoring.scene import Scene

GRACE = timedelta(minutes=10)
"""How long who sent a table through the API has to ask for a run on it, as `evergreen train` does at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The newest table.

    Parameters
    ----------
    data
        As a run names it.
    key
        The same for the same bytes, however often they come.
    text
        What came, as a sentence.
    heard_from
        Before this moment it calls for nothing; none: at once.
    columns
        Their names, where they are known.
    """

    data: Mapping[str, Any]
    key: str
    text: str
    heard_from: datetime | None = None
    columns: Sequence[str] | None = None

    def had(self, runs: Sequence[Run]) -> bool:
        """Whether one of the runs is on this table, or on the same bytes under another name."""
        where = (self.data["blob"], self.data["etag"])
        return any(
            run.data.get("sha256") == self.key or (run.data.get("blob"), run.data.get("etag")) == where
            for run in runs
        )


def look(storage: Storage, clock: Clock, model: str, before: str) -> str:
    """Take in files that were dropped, unless all tables are those of an earlier look.

    Parameters
    ----------
    before
        What the earlier look gave.

    Returns
    -------
    What tells the tables that there are now from those at any other time.

    Raises
    ------
    NotFound
        Files were dropped for a model that does not exist.
    """
    files = dropped(storage, model)
    records = storage.find(CONTROL, uploads.folder(model))
    there = [f"{info.name} {info.etag}" for info in (*files, *records)]
    now = hashlib.sha256("\n".join(there).encode()).hexdigest() if there else ""
    if now != before and files:
        from automl.monitoring import drops

        drops.take(storage, clock, model, files)
    return now


def begin(storage: Storage, runs: Runs, model: str) -> None:
    """Ask for the first run of a model that has no champion yet, on the table that was dropped last for it.

    Nothing brakes it: there is neither a champion to judge a challenger by, nor any other way to get one from a file.
    """
    from automl.monitoring import drops

    asked = {run.data.get("sha256") for run in runs.find(model)}
    found = drops.newest(storage, model)
    if not found or any(drop.sha256 in asked for drop in found):
        return
    drop = found[0]
    text = f"The table '{drop.blob}' was dropped for a model without a champion."
    cause = Cause(kind="new_data", key=str(drop.sha256), text=text, at=datetime.fromisoformat(drop.at))
    runs.request(model, cause, drop.data)


def model_of(subject: str) -> str | None:
    """The model that a file was dropped for, from the subject of the event that it was created; None for other files.

    >>> model_of("/blobServices/default/containers/raw/blobs/adult/drop/may.csv")
    'adult'
    """
    found = re.search(rf"(?:^|/)containers/{RAW}/blobs/({MODEL_NAME.pattern})/drop/.", subject)
    return None if found is None else found[1]


def dropped(storage: Storage, model: str) -> list[BlobInfo]:
    """The files that were dropped for a model; training's own ones beside them are none."""
    return [info for info in storage.find(RAW, f"{model}/drop/") if not info.name.endswith(".aside.csv")]


def newest(scene: Scene, runs: Sequence[Run]) -> Table | None:
    """The table that came last, unless one of the runs is on it: a file that was dropped, or an upload where the spec
    lets uploads call for runs.
    """
    from automl.monitoring import drops

    storage, found = scene.registry.storage, []
    for drop in drops.newest(storage, scene.model):
        text = f"The table '{drop.blob}' was dropped."
        table = Table(data=drop.data, key=str(drop.sha256), text=text, columns=drop.columns)
        found.append((datetime.fromisoformat(drop.at), table))
    if scene.spec.retrain.on_upload and (upload := uploads.newest(storage, scene.model)) is not None and upload.at:
        at = datetime.fromisoformat(upload.at)
        text = f"The table '{upload.blob}' was uploaded, and nobody asked for a run on it."
        table = Table(data=upload.data, key=upload.sha256 or upload.etag, text=text, heard_from=at + GRACE)
        found.append((at, table))
    last = max((at for at, _ in found), default=None)
    return next((table for at, table in found if at == last and not table.had(runs)), None)
