"""What the owner of a model asks for: its target, its columns, the search, and when to retrain and promote.

A spec is a JSON object (`PUT /models/{model}`), or the same as TOML for the command line. Every field is documented
beneath itself; an unknown key is refused with the nearest known one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from automl import forms
from automl.errors import NotFound
from automl.signature import Task
from automl.spec_rules import RULES
from automl.spec_sections import Columns, Guard, Keep, Monitor, Promotion, Retrain, Search, Split
from automl.storage import CONTROL, Missing, Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Everything a model's owner asks for."""

    name: str
    """Name of the model: a small letter, then small letters, digits and hyphens, 63 at most."""

    target: str
    """The column to predict."""

    task: Task | None = None
    """`classification` or `regression`; inferred from the target when absent."""

    columns: Columns = field(default_factory=Columns)
    """Which columns of the table are what."""

    search: Search = field(default_factory=Search)
    """FLAML's settings."""

    split: Split = field(default_factory=Split)
    """How rows are set aside."""

    monitor: Monitor = field(default_factory=Monitor)
    """When accuracy counts as fallen."""

    keep: Keep = field(default_factory=Keep)
    """How long what was scored stays."""

    guard: Guard = field(default_factory=Guard)
    """When truth is held back."""

    promotion: Promotion = field(default_factory=Promotion)
    """When a challenger replaces the champion."""

    retrain: Retrain = field(default_factory=Retrain)
    """When and on what a model retrains itself."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Spec:
        """Read a spec.

        Raises
        ------
        InvalidInput
            With one problem for every key that is unknown, missing or of the wrong kind.
        """
        return forms.read(cls, data, RULES, name="spec")

    def to_json(self) -> dict[str, Any]:
        """This spec as a JSON object, defaults included."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data

    @property
    def sha256(self) -> str:
        """Hash of the whole spec, the same for equal specs."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def load(storage: Storage, model: str) -> Spec:
    """The spec of a model. Raises NotFound."""
    try:
        blob = storage.get(CONTROL, _blob(model))
    except Missing:
        blob = None
    if blob is None:
        raise NotFound(f"There is no model '{model}'. Create it with PUT /models/{model}, or see GET /models.")
    return Spec.from_json(orjson.loads(blob.data))


def save(storage: Storage, spec: Spec) -> None:
    """Store the spec of a model; the runs asked for from now on follow it."""
    storage.put(CONTROL, _blob(spec.name), orjson.dumps(spec.to_json()))


def _blob(model: str) -> str:
    return f"{model}/spec.json"
