"""The looks of one comparison, on rows that neither champion nor challenger has seen in training."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from automl.evaluation.sequential import LOOKS, Look, Plan, look
from automl.lake.labelled import labelled_rows
from automl.monitoring.contest import Contest, Incomparable, Sample, names_of
from automl.registry import Registry
from automl.signature import Signature
from automl.storage import Storage
from automl.tensors import to_records
from automl.training import heldout

FEWEST = 100
"""Holdout rows under which a model without any truth is not judged."""

ONE_LOOK = 1.645
"""What z must reach in a comparison that is looked at once: a one-sided error of 5%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of looking.

    Parameters
    ----------
    looks
        The new looks, the last of which may have decided.
    rows
        How many rows there are by now.
    sample
        The rows of the last of these looks; None where there was none.
    """

    looks: Sequence[Look]
    rows: int
    sample: Sample | None = None


def unseen_since(registry: Registry, model: str, versions: Sequence[str]) -> int:
    """From when on predictions are newer than what any of the versions was trained on, epoch milliseconds."""
    return max(_unseen(registry.manifest(model, version)) for version in versions)


def compare(contest: Contest, storage: Storage, plan: Plan, *, since_ms: int, done: int) -> Looked:
    """Make the looks that the labelled rows since a moment allow.

    Parameters
    ----------
    done
        Looks made before; they are not made again.
    """
    found = labelled_rows(storage, contest.champion.model, since_ms=since_ms)
    usable = [place for place, record in enumerate(found.features) if contest.reads(record)]
    reached = [number for number in range(done + 1, LOOKS + 1) if plan.rows_at(number) <= len(usable)]
    if not reached:
        return Looked(looks=[], rows=len(usable))
    taken = usable[: plan.rows_at(reached[-1])]
    sample = contest.sample([found.features[place] for place in taken], [found.truths[place] for place in taken])
    looks: list[Look] = []
    for number in reached:
        looks.append(look(plan, number, sample.first(plan.rows_at(number)).difference()))
        if looks[-1].verdict != "continue":
            break
    return Looked(looks=looks, rows=len(usable), sample=sample.first(looks[-1].n))


def compare_on_holdout(registry: Registry, contest: Contest) -> Sample:
    """What both lose on the challenger's holdout rows that the champion was not trained on.

    Raises
    ------
    Incomparable
        When too few are left, or the models do not read the same columns.
    """
    model, one, other = contest.champion.model, contest.champion, contest.challenger
    if names_of(one.signature) != names_of(other.signature):
        raise Incomparable("The two models read different columns, and no truth has come to compare them on.")
    rows = heldout.load(registry.file(model, other.version, "holdout.npz"))
    trained = np.load(io.BytesIO(registry.file(model, one.version, "rows.npy")), allow_pickle=False)
    keep = np.flatnonzero(~np.isin(rows.hashes, trained))
    if len(keep) < FEWEST:
        raise Incomparable(
            f"Only {len(keep)} of its holdout rows are new to the champion, {FEWEST} are needed, and no truth came."
        )
    truths = [_truth(other.signature, value) for value in rows.truth[keep].tolist()]
    return contest.sample(to_records(other.signature, rows.tensors[keep]), truths)


def _truth(signature: Signature, value: Any) -> Any:
    """A stored holdout truth: a class code, or the number itself."""
    return signature.classes[int(value)] if signature.classes else value


def _unseen(manifest: Mapping[str, Any]) -> int:
    """Labelled rows that were held back are new to a version; else all predicted after it was trained."""
    labelled = manifest.get("labelled") or {}
    if labelled.get("held_from"):
        return _ms(labelled["held_from"])
    return _ms(manifest["trained_until"]) + 1


def _ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).astimezone(UTC).timestamp() * 1000)
