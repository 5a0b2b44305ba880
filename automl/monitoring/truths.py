"""New truths as columns, hour by hour of the log, in the order of their receipt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from automl.lake import rows
from automl.lake.features import Layout
from automl.lake.id_columns import halves
from automl.monitoring.seen import keys_of, milliseconds

Truth = dict[str, Any]
"""One line of the truth log, decoded; `waited` is added to one whose prediction has not come yet."""

_DAY = "1970-01-01"  # the day of the log matters to the lake alone


class Truths:
    """Truths that count; when asked for one by one, each is a record of the log.

    Parameters
    ----------
    table
        `pyarrow.Table` as `rows.table` makes it, in order.
    waited
        Which of them [N] waited for their prediction before.
    ids
        The halves of the prediction ids [N, 2]; zeros for a truth by business key.
    """

    def __init__(self, table: Any, waited: npt.NDArray[np.bool_], ids: npt.NDArray[np.uint64]) -> None:
        self.table = table
        self.waited = waited
        self.ids = ids

    @classmethod
    def joined(cls, told: Sequence[tuple[str, Any]], records: Iterable[Truth] = ()) -> Truths:
        """Truths that are new, as tables, after others as records.

        Parameters
        ----------
        told
            Tables, each with the `YYYY-MM-DD/HH` of the log that it is of: what is of a later hour comes later,
            whatever the clocks of its writers said.
        """
        given = list(records)
        old = rows.table("truth", given, _DAY, Layout(rows.schema("truth")))
        tables = [table for _, table in told]
        new = pa.concat_tables([rows.schema("truth").empty_table(), *tables], promote_options="default")
        table = pa.concat_tables([new, old], promote_options="default")
        waited = np.concatenate(
            [np.zeros(len(new), np.bool_), np.array(["waited" in truth for truth in given], np.bool_)]
        )
        places = np.unique([hour for hour, _ in told], return_inverse=True)[1].tolist()
        hours = np.repeat([*places, -1], [*map(len, tables), len(old)])
        ids, received = halves(table.column("id")), milliseconds(table.column("received"))
        order = np.lexsort([keys_of(table), ids[:, 1], ids[:, 0], received, hours])
        return cls(table.take(pa.array(order)), waited[order], ids[order])

    @classmethod
    def of(cls, truths: Iterable[Truth]) -> Truths:
        """Truths that somebody has chosen from."""
        return truths if isinstance(truths, cls) else cls.joined([], truths)

    def __len__(self) -> int:
        return len(self.table)

    def among(self, places: npt.NDArray[Any]) -> Truths:
        """Some of them, by their places or as a mask [N]."""
        chosen = np.arange(len(self))[places]
        return Truths(self.table.take(pa.array(chosen)), self.waited[chosen], self.ids[chosen])

    def __iter__(self) -> Iterator[Truth]:
        return iter(self.records(np.arange(len(self))))

    def records(self, places: npt.NDArray[np.intp]) -> list[Truth]:
        """Some of them as records of the log."""
        table = self.table.take(pa.array(places))
        found = rows.records("truth", table, Layout(table.schema))
        return [
            truth | {"waited": True} if waited else truth
            for truth, waited in zip(found, self.waited[places].tolist(), strict=True)
        ]

    @property
    def keyed(self) -> npt.NDArray[np.bool_]:
        """Which of them [N] are by business key."""
        found: npt.NDArray[np.bool_] = self.table.column("id").is_null().to_numpy()
        return found
