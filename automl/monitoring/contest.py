"""Two versions on the same rows, and what each of them lost there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from automl.errors import EvergreenError, InvalidInput, Unavailable
from automl.evaluation.paired import Difference, Loss
from automl.monitoring import redacted
from automl.monitoring.scene import Scene
from automl.parsing import parse_records
from automl.registry import Registry
from automl.scoring import loading
from automl.scoring.session import ModelSession
from automl.signature import Signature
from automl.tensors import Tensors

Floats = npt.NDArray[np.float64]
Record = Mapping[str, Any]


class Incomparable(EvergreenError):
    """The two versions cannot be put to the same rows; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows, with what both versions lost on them.

    Parameters
    ----------
    records
        N canonical JSON objects.
    champion, challenger
        Losses [N] in [0, 1].
    """

    records: Sequence[Record]
    champion: Floats
    challenger: Floats

    def __len__(self) -> int:
        return len(self.records)

    def first(self, rows: int) -> Sample:
        """The first rows of it."""
        return Sample(records=self.records[:rows], champion=self.champion[:rows], challenger=self.challenger[:rows])

    def difference(self, places: npt.NDArray[np.int64] | None = None) -> Difference:
        """How much better the challenger is, on all rows or on those at some places."""
        taken = slice(None) if places is None else places
        return Difference.of(self.champion[taken], self.challenger[taken])


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Two versions and the loss they are compared in, that of the champion's baseline."""

    champion: ModelSession
    challenger: ModelSession
    loss: Loss

    @property
    def parties(self) -> dict[str, str]:
        """The two versions by their roles."""
        return {"champion": self.champion.version, "challenger": self.challenger.version}

    def reads(self, record: Record) -> bool:
        """Whether a logged row has every column that either of them reads."""
        return all(names_of(model.signature) <= record.keys() for model in (self.champion, self.challenger))

    def sample(self, records: Sequence[Record], truths: Sequence[Any]) -> Sample:
        """What both lose on the same rows.

        Raises
        ------
        Incomparable
            When one of them cannot read the rows.
        """
        if not records:
            return Sample(records=records, champion=np.empty(0), challenger=np.empty(0))
        first, second = (
            self.loss.of(truths, model.score(parsed(model, records)).labels)
            for model in (self.champion, self.challenger)
        )
        return Sample(records=records, champion=first, challenger=second)


def open_contest(registry: Registry, model: str, champion: str, challenger: str) -> Contest:
    """Load both versions.

    Raises
    ------
    Incomparable
        When one of them cannot answer at all, when they do not answer the same question, or when the challenger wants
        a column that the champion's log lacks.
    """
    contest = Contest(
        champion=_loaded(registry, model, champion),
        challenger=_loaded(registry, model, challenger),
        loss=Loss.from_baseline(orjson.loads(registry.file(model, champion, "baseline.json"))["loss"]),
    )
    one, other = contest.champion.signature, contest.challenger.signature
    if (one.task, one.target) != (other.task, other.target):
        raise Incomparable(f"It predicts '{other.target}' ({other.task}), the champion '{one.target}' ({one.task}).")
    if missing := sorted(names_of(other) - names_of(one)):
        raise Incomparable(f"It needs {', '.join(missing)}, which the champion's predictions were logged without.")
    return contest


def check_logged(scene: Scene, *versions: str) -> None:
    """Raises Incomparable where one of some versions reads what is kept out of the log."""
    for version in versions:
        if gone := redacted.unread(scene, version):
            raise Incomparable(
                f"Version {version} reads {', '.join(gone)}, which monitor.redact keeps out of the log, so the two "
                "cannot be put to the same labelled rows. Promote it by hand, or train without."
            )


def parsed(model: ModelSession, records: Sequence[Record]) -> Tensors:
    """Logged rows as a version reads them. Raises Incomparable where it cannot."""
    names = [feature.name for feature in model.signature.features]
    try:
        return parse_records(model.signature, [{name: row[name] for name in names} for row in records])
    except InvalidInput as error:
        raise Incomparable(f"Version {model.version} cannot read the rows: {error.message}") from error


def _loaded(registry: Registry, model: str, version: str) -> ModelSession:
    try:
        return loading.load(registry, model, version)
    except Unavailable:
        raise
    except EvergreenError as error:
        raise Incomparable(f"Version {version} cannot answer: {error}") from error


def names_of(signature: Signature) -> set[str]:
    """The columns that a version reads."""
    return {feature.name for feature in signature.features}
