"""The canonical text of categories and booleans, looked up where it was met before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from automl import values
from automl.signature import Feature
from automl.values import MISSING


class Texts(dict[Any, str]):
    """The canonical text of the values met so far: most categories come again and again.

    Only text is remembered, since 1, 1.0 and True are one key of a dictionary and three categories; and little of it,
    since callers choose it.
    """

    _MOST, _LONGEST = 4096, 64

    def __init__(self, read: Callable[[Any], str]) -> None:
        super().__init__({None: MISSING, "": MISSING})
        self.read = read

    def __missing__(self, value: Any) -> str:
        text = self.read(value)
        if type(value) is str and len(value) <= self._LONGEST and len(self) < self._MOST:
            self[value] = text
        return text


def texts_of(feature: Feature, *, refuses: bool, shared: Texts) -> Texts:
    """The lookup of one column.

    Parameters
    ----------
    refuses
        Whether a category that training never saw is refused.
    shared
        The lookup of all categories of a model that takes any.
    """
    if feature.type == "boolean":
        return Texts(values.boolean)
    if not refuses:
        return shared
    known = frozenset((*feature.categories, MISSING))
    listed = ", ".join(repr(name[:40]) for name in feature.categories[:10])
    expected = f"one of the categories {listed}{', …' if len(feature.categories) > 10 else ''}"

    def read(value: Any) -> str:
        text = values.category(value)
        if text not in known:
            raise ValueError(expected)
        return text

    return Texts(read)
