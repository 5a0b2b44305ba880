"""Work that is done on another thread while what it made before is used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """The items of an iterator, each made while the one before it is used. It is never asked for two at once."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._coming = self._maker.submit(next, items, None)

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        item = self._coming.result()
        if item is None:
            self.close()
            raise StopIteration
        self._coming = self._maker.submit(next, self._items, None)
        return item

    def peek(self) -> Item | None:
        """The item that comes next, which stays the next; None behind the last."""
        return self._coming.result()

    def close(self) -> None:
        """Make no more."""
        self._maker.shutdown()
