"""Prediction and truth records: their ids, the append writer, and the readers.

Every record is one JSON line in an append blob `{model}/{kind}/{YYYY-MM-DD}/{HH}/{instance}-{n}.jsonl` of the `log`
container, where kind is `predictions` or `truth` and the hour is the UTC hour of writing. A prediction line begins
with its id, so that a reader can tell whether it wants the line before it decodes it.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["predictions", "truth"]
