from __future__ import annotations

from typing import Any

import pytest

from automl import spec
from automl.errors import NotFound, Unavailable
from automl.registry import Registry
from automl.scoring.default_model import DefaultModel
from automl.settings import Settings
from automl.spec import Spec
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage


class Shop:
    """Storage with models, and the reads that were made of it."""

    def __init__(self, **settings: Any) -> None:
        self.storage, self.clock = MemoryStorage(), FixedClock()
        registry = Registry(self.storage, self.clock)
        self.default = DefaultModel(registry, Settings(champion_refresh_s=5, **settings), self.clock)
        self.reads = 0
        self.down = False
        self.storage.before = self._before

    def _before(self, *_: Any) -> None:
        self.reads += 1
        if self.down:
            raise Unavailable("Storage cannot be reached.")

    def add(self, name: str) -> None:
        spec.save(self.storage, Spec.from_json({"name": name, "target": "y"}))
        self.reads = 0


def test_only_model_is_the_default_and_is_looked_up_once_in_a_while() -> None:
    shop = Shop()
    shop.add("adult")
    assert shop.default.known() is None
    assert [shop.default.get(), shop.default.get()] == ["adult", "adult"]
    assert (shop.default.known(), shop.reads) == ("adult", 1)
    shop.clock.advance(seconds=5)
    assert shop.default.known() is None
    assert (shop.default.get(), shop.reads) == ("adult", 2)


def test_second_model_makes_the_choice_unclear_and_both_are_named() -> None:
    shop = Shop()
    shop.add("adult")
    assert shop.default.get() == "adult"
    shop.add("bikes")
    shop.clock.advance(seconds=5)
    with pytest.raises(NotFound, match=r"got 2: adult, bikes\. Set EVERGREEN_DEFAULT_MODEL, or name the model"):
        shop.default.get()


def test_without_a_model_it_is_said_what_to_do() -> None:
    with pytest.raises(NotFound, match="There is no model yet"):
        Shop().default.get()


def test_named_model_is_the_default_and_nothing_is_read() -> None:
    shop = Shop(default_model="adult")
    assert (shop.default.known(), shop.default.get(), shop.reads) == ("adult", "adult", 0)


def test_model_that_was_found_goes_on_while_storage_is_down() -> None:
    shop = Shop()
    shop.down = True
    with pytest.raises(Unavailable):
        shop.default.get()
    shop.down = False
    shop.add("adult")
    shop.default.get()
    shop.clock.advance(seconds=5)
    shop.down = True
    assert shop.default.get() == "adult"
