"""Days of the lake in the key index: known by the lake's own rows, not by what was once read of their log."""

from __future__ import annotations

from automl.lake import archive
from automl.lake.delta import Table
from automl.lake.key_index import KeyIndex
from automl.lake.key_part import Part
from automl.lake.key_sources import of_table
from automl.lake.mark import Mark
from automl.storage import Storage


def enter(index: KeyIndex, table: Table, day: str) -> Part:
    """Have the index know a day by its rows in the table of predictions, and by nothing else."""
    part = of_table(table, day, index.hashes)
    index.replace(day, part)
    return part


def enter_since(storage: Storage, model: str, mark: Mark, day: str) -> None:
    """Do so with the days from one on that are read from the lake alone, of those that have keys."""
    index = KeyIndex(storage, model)
    days = [known for known in index.days() if day <= known < mark.kept_from]
    table = archive.open_kind(storage, model, "predictions", mark) if days else None
    if table is None:
        return
    for known in days:
        enter(index, table, known)
