"""Champion and challenger on the same rows, none of which either has seen in training."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from automl.errors import EvergreenError, InvalidInput
from automl.evaluation.paired import Difference, Loss
from automl.evaluation.sequential import LOOKS, Look, Plan, look
from automl.lake.labelled import labelled_rows
from automl.parsing import parse_records
from automl.registry import Registry
from automl.scoring import loading
from automl.scoring.session import ModelSession
from automl.signature import Signature
from automl.storage import Storage
from automl.tensors import to_records
from automl.training import heldout

Floats = npt.NDArray[np.float64]

FEWEST = 100
"""Holdout rows under which a model without any truth is not judged."""

ONE_LOOK = 1.645
"""What z must reach in a comparison that is looked at once: a one-sided error of 5%."""


class Incomparable(EvergreenError):
    """The two versions cannot be put to the same rows; the message says why."""


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

    def reads(self, record: Mapping[str, Any]) -> bool:
        """Whether a logged row has every column that either of them reads."""
        return all(_names(model.signature) <= record.keys() for model in (self.champion, self.challenger))

    def losses(self, records: Sequence[Mapping[str, Any]], truths: Sequence[Any]) -> tuple[Floats, Floats]:
        """Losses [N] of champion and challenger on the same rows.

        Raises
        ------
        Incomparable
            When one of them cannot read the rows.
        """
        return self._losses(self.champion, records, truths), self._losses(self.challenger, records, truths)

    def _losses(self, model: ModelSession, records: Sequence[Mapping[str, Any]], truths: Sequence[Any]) -> Floats:
        names = [feature.name for feature in model.signature.features]
        try:
            tensors = parse_records(model.signature, [{name: row[name] for name in names} for row in records])
        except InvalidInput as error:
            raise Incomparable(f"Version {model.version} cannot read the rows: {error.message}") from error
        return self.loss.of(truths, model.score(tensors).labels)


def open_contest(registry: Registry, model: str, champion: str, challenger: str) -> Contest:
    """Load both versions.

    Raises
    ------
    Incomparable
        When they do not answer the same question, or the challenger wants a column that the champion's log lacks.
    """
    contest = Contest(
        champion=loading.load(registry, model, champion),
        challenger=loading.load(registry, model, challenger),
        loss=Loss.from_baseline(orjson.loads(registry.file(model, champion, "baseline.json"))["loss"]),
    )
    one, other = contest.champion.signature, contest.challenger.signature
    if (one.task, one.target) != (other.task, other.target):
        raise Incomparable(f"It predicts '{other.target}' ({other.task}), the champion '{one.target}' ({one.task}).")
    if missing := sorted(_names(other) - _names(one)):
        raise Incomparable(f"It needs {', '.join(missing)}, which the champion's predictions were logged without.")
    return contest


def unseen_since(registry: Registry, model: str, versions: Sequence[str]) -> int:
    """From when on predictions are newer than what any of the versions was trained on, epoch milliseconds."""
    return max(_unseen(registry.manifest(model, version)) for version in versions)


def compare(contest: Contest, storage: Storage, plan: Plan, *, since_ms: int, done: int) -> tuple[list[Look], int]:
    """Make the looks that the labelled rows since a moment allow.

    Parameters
    ----------
    done
        Looks made before; they are not made again.

    Returns
    -------
    The new looks, the last of which may have decided, and how many rows there are.
    """
    found = labelled_rows(storage, contest.champion.model, since_ms=since_ms)
    usable = [place for place, record in enumerate(found.features) if contest.reads(record)]
    reached = [number for number in range(done + 1, LOOKS + 1) if plan.rows_at(number) <= len(usable)]
    if not reached:
        return [], len(usable)
    taken = usable[: plan.rows_at(reached[-1])]
    first, second = contest.losses(
        [found.features[place] for place in taken], [found.truths[place] for place in taken]
    )
    looks: list[Look] = []
    for number in reached:
        rows = plan.rows_at(number)
        looks.append(look(plan, number, Difference.of(first[:rows], second[:rows])))
        if looks[-1].verdict != "continue":
            break
    return looks, len(usable)


def compare_on_holdout(registry: Registry, contest: Contest) -> Difference:
    """The difference on the challenger's holdout rows that the champion was not trained on.

    Raises
    ------
    Incomparable
        When too few are left, or the models do not read the same columns.
    """
    model, one, other = contest.champion.model, contest.champion, contest.challenger
    if _names(one.signature) != _names(other.signature):
        raise Incomparable("The two models read different columns, and no truth has come to compare them on.")
    rows = heldout.load(registry.file(model, other.version, "holdout.npz"))
    trained = np.load(io.BytesIO(registry.file(model, one.version, "rows.npy")), allow_pickle=False)
    keep = np.flatnonzero(~np.isin(rows.hashes, trained))
    if len(keep) < FEWEST:
        raise Incomparable(
            f"Only {len(keep)} of its holdout rows are new to the champion, {FEWEST} are needed, and no truth came."
        )
    truths = [_truth(other.signature, value) for value in rows.truth[keep].tolist()]
    return Difference.of(*contest.losses(to_records(other.signature, rows.tensors[keep]), truths))


def _truth(signature: Signature, value: Any) -> Any:
    """A stored holdout truth: a class code, or the number itself."""
    return signature.classes[int(value)] if signature.classes else value


def _names(signature: Signature) -> set[str]:
    return {feature.name for feature in signature.features}


def _unseen(manifest: Mapping[str, Any]) -> int:
    """Labelled rows that were held back are new to a version; else all predicted after it was trained."""
    labelled = manifest.get("labelled") or {}
    if labelled.get("held_from"):
        return _ms(labelled["held_from"])
    return _ms(manifest["trained_until"]) + 1


def _ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).astimezone(UTC).timestamp() * 1000)
