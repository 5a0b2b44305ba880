"""What a model takes and gives: its features, its target and its classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from automl import values

FeatureType = Literal["number", "category", "boolean", "datetime"]
Task = Literal["classification", "regression"]
Label = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One input column of a model.

    Parameters
    ----------
    type
        `number` and `datetime` travel in the numeric tensor, `category` and `boolean` in the text tensor.
    nullable
        Whether training saw missing values. A null is accepted either way.
    categories
        Values seen in training, most frequent first; only the first 100 are kept here.
    low, high
        Range seen in training (epoch seconds for a datetime).
    format
        `strptime` format of a datetime that is not ISO 8601.
    """

    name: str
    type: FeatureType
    nullable: bool = False
    categories: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    format: str | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether the feature is a column of `num` rather than of `cat`."""
        return self.type in ("number", "datetime")


@dataclass(frozen=True, kw_only=True)  # without slots: what follows from the fields is kept beside them
class Signature:
    """The ordered features of a model, its target and its classes.

    Parameters
    ----------
    ignored
        Columns that were in the training table and are not features, with the reason. Accepted and not read.
    classes
        The labels in the order of the probabilities; empty for regression.
    unknown_columns
        What a request with a column that training never saw meets.
    unknown_categories
        What a request with a category that training never saw meets. With `refuse`, `categories` lists all there are.
    """

    features: tuple[Feature, ...]
    target: str
    task: Task
    classes: tuple[Label, ...] = ()
    ignored: dict[str, str] = field(default_factory=dict)
    unknown_columns: Literal["refuse", "ignore"] = "refuse"
    unknown_categories: Literal["accept", "refuse"] = "accept"

    @cached_property
    def numbers(self) -> tuple[Feature, ...]:
        """The features behind the columns of `num`, in order."""
        return tuple(feature for feature in self.features if feature.is_numeric)

    @cached_property
    def categories(self) -> tuple[Feature, ...]:
        """The features behind the columns of `cat`, in order."""
        return tuple(feature for feature in self.features if not feature.is_numeric)

    @cached_property
    def packed(self) -> tuple[str, ...]:
        """Names of the features in the order of the tensors: those of `num`, then those of `cat`."""
        return tuple(feature.name for feature in (*self.numbers, *self.categories))

    @cached_property
    def booleans(self) -> tuple[int, ...]:
        """Which columns of `cat` are booleans."""
        return tuple(place for place, feature in enumerate(self.categories) if feature.type == "boolean")

    def to_json(self) -> dict[str, Any]:
        """This signature as a JSON object."""
        return asdict(self) | {"classes": list(self.classes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Signature:
        """The signature that `to_json` wrote."""
        features = tuple(
            Feature(**{**item, "categories": tuple(item.get("categories", ()))}) for item in data["features"]
        )
        return cls(**{**data, "features": features, "classes": tuple(data["classes"])})

    def parse_target(self, value: Any, *, text: bool = False) -> Label | float:
        """A ground-truth value as one of the classes, or as a finite number.

        Raises
        ------
        ValueError
            Saying what was expected.
        """
        if values.is_missing(value):
            raise ValueError("a value that is not missing")
        if self.task == "regression":
            result = values.number(value, text=text)
            if math.isnan(result):
                raise ValueError("a value that is not missing")
            return result
        wanted = values.boolean(value) if isinstance(self.classes[0], bool) else values.category(value)
        for label in self.classes:
            if values.category(label) == wanted:
                return label
        raise ValueError("one of the classes " + ", ".join(repr(label) for label in self.classes[:20]))
