"""Tables that somebody put into the container `raw` instead of sending them through the API: `{model}/drop/{file}`.

Each state of a file is looked at once: its record in `control/{model}/drops` is named after the file, its time and
its ETag. So it does not matter how it is found, by an event of the storage account or by a pass, nor how often.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from automl import dialect, events, rewritten, spec
from automl.errors import InvalidInput
from automl.events import Clock
from automl.spec import Spec
from automl.storage import CONTROL, RAW, BlobInfo, Missing, Oversized, Precondition, Storage
from automl.training.table import check_names, invalid

MAX_BYTES = 2**30
"""Largest file that is taken; a larger one is sent through the API, or trained on in parts."""

FORMATS = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A file as it was found.

    Parameters
    ----------
    blob, etag, size
        Which file it is, and in which state.
    at
        When it was put there, ISO 8601.
    format, sha256, columns
        What it holds; none where it is refused.
    refused
        Why it cannot be trained on.
    erased
        Whether it is a table that came before, now without the rows of erased keys: it calls for nothing.
    """

    blob: str
    etag: str
    size: int
    at: str
    format: str | None = None
    sha256: str | None = None
    columns: Sequence[str] = ()
    refused: str | None = None
    erased: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """The table as a run names it."""
        return {"blob": self.blob, "etag": self.etag, "format": self.format, "sha256": self.sha256}


def take(storage: Storage, clock: Clock, model: str, files: Sequence[BlobInfo]) -> None:
    """Look at files that were not looked at before, and record what they are. Refusals become events.

    Raises
    ------
    NotFound
        There is no such model: its files wait.
    """
    if not (fresh := [info for info in files if not _is_known(storage, model, info)]):
        return
    wanted = spec.load(storage, model)
    for info in fresh:
        drop = _looked_at(storage, wanted, info)
        if drop is None:
            continue  # it was replaced or removed meanwhile: what is there now is found by the next look
        if drop.refused is not None:
            text = f"The file '{info.name}' that was dropped for model {model} cannot be trained on. {drop.refused}"
            evidence = {"key": _name(model, info), "blob": info.name, "etag": info.etag}
            events.write_once(storage, clock, model, kind="table-refused", text=text, evidence=evidence)
        try:
            storage.put(CONTROL, _name(model, info), orjson.dumps(asdict(drop)), create=True)
        except Precondition:
            continue  # somebody else looked at it, and saw the same


def newest(storage: Storage, model: str) -> list[Drop]:
    """The file that was put there last and was not refused; several where they came in the same second."""
    found: list[Drop] = []
    for record in reversed(list(storage.find(CONTROL, _folder(model)))):
        blob = storage.get(CONTROL, record.name)
        drop = None if blob is None else Drop(**orjson.loads(blob.data))
        if found and (drop is None or drop.at != found[0].at):
            break
        if drop is not None and drop.refused is None and not drop.erased:
            found.append(drop)
    return found


def format_of(name: str) -> str:
    """The format of a file by its name. Raises InvalidInput."""
    for ending, kind in FORMATS.items():
        if name.lower().endswith(ending):
            return kind
    file = name.rpartition("/")[2]
    raise invalid(f"a file called {', '.join(f'*{ending}' for ending in FORMATS)}", f"'{file}'", "Rename it.")


def _looked_at(storage: Storage, wanted: Spec, info: BlobInfo) -> Drop | None:
    drop = Drop(blob=info.name, etag=info.etag, size=info.size, at=info.modified.isoformat())
    try:
        kind = format_of(info.name)
        blob = storage.get(RAW, info.name, at_most=MAX_BYTES)
        if blob is None or blob.etag != info.etag:
            return None
        columns = _columns(blob.data, kind)
        if wanted.target not in columns:
            raise invalid(f"the target '{wanted.target}' among its columns", ", ".join(columns[:20]), "Add it.")
    except Missing:
        return None
    except (InvalidInput, Oversized) as error:
        return replace(drop, refused=error.message)
    digest = hashlib.sha256(blob.data).hexdigest()
    known = rewritten.find(storage, info.name)
    erased = known is not None and known.has(digest)
    return replace(drop, format=kind, sha256=digest, columns=columns, erased=erased)


def _columns(data: bytes, kind: str) -> list[str]:
    """The names in the header; the rest is read by the run. Raises InvalidInput."""
    if kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            names = list(pq.read_schema(io.BytesIO(data)).names)
        except (pa.ArrowException, OSError) as error:
            raise invalid("a whole Parquet file", str(error).splitlines()[0], "Write it again.") from error
    else:
        file = io.BytesIO(data)
        try:
            _, names = next(dialect.rows(file, dialect.recognise(file)), (0, []))
        except (dialect.NotCsv, csv.Error, UnicodeError) as error:
            raise invalid("a CSV file", str(error), "Save it as CSV in UTF-8.") from error
    check_names(names)
    return names


def _is_known(storage: Storage, model: str, info: BlobInfo) -> bool:
    try:
        storage.size(CONTROL, _name(model, info))
    except Missing:
        return False
    return True


def _name(model: str, info: BlobInfo) -> str:
    digest = hashlib.sha256(f"{info.name} {info.etag}".encode()).hexdigest()[:16]
    return f"{_folder(model)}{info.modified:%Y%m%dT%H%M%S%f}-{digest}.json"  # in the order of time


def _folder(model: str) -> str:
    return f"{model}/drops/"
