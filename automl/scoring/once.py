"""Work that several threads want at the same time, done by the first of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Does one piece of work for a key at a time; whoever asks meanwhile gets the same outcome.

    Different keys do not wait for one another, and nothing is kept of a key whose work is done.

    >>> Once[str, int]()("seven", lambda: 7)
    7
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[K, Future[V]] = {}

    def __call__(self, key: K, work: Callable[[], V]) -> V:
        """The result of `work`, or of the work for the same key that is under way. Raises what that raises."""
        with self._lock:
            outcome = self._under_way.get(key)
            if is_first := outcome is None:
                outcome = self._under_way[key] = Future()
        if not is_first:
            return outcome.result()
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[key]
        return outcome.result()
