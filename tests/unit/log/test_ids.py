from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import InvalidInput, Unavailable
from automl.log import ids
from automl.log.ids import Ids
from automl.storage import CONTROL, Precondition
from tests.support.memory import MemoryStorage

KEY = bytes(range(32))
moments = st.integers(0, 2**48 - 1)
names = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)


@given(model=names, now_ms=moments, n=st.integers(1, 20))
def test_ids_are_distinct_uuid7_of_their_moment_and_pass_their_own_check(model: str, now_ms: int, n: int) -> None:
    made = Ids(KEY).mint(model, n, now_ms)
    assert len(set(made)) == n
    for text in made:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert Ids(KEY).check(model, text) == now_ms == ids.made_at(text)


@given(now_ms=moments, bit=st.integers(0, 127))
def test_any_flipped_bit_is_refused(now_ms: int, bit: int) -> None:
    text = Ids(KEY).mint("adult", 1, now_ms)[0]
    forged = str(uuid.UUID(int=uuid.UUID(text).int ^ (1 << bit)))
    with pytest.raises(InvalidInput):
        Ids(KEY).check("adult", forged)


@given(text=st.one_of(st.text(max_size=80), st.uuids().map(str)))
def test_text_that_no_model_gave_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Ids(KEY).check("adult", text)


def test_id_of_another_model_is_refused() -> None:
    text = Ids(KEY).mint("adult", 1, 1_700_000_000_000)[0]
    with pytest.raises(InvalidInput, match="Model 'bike' never gave the id"):
        Ids(KEY).check("bike", text)


def test_id_made_with_another_key_is_refused() -> None:
    text = Ids(bytes(32)).mint("adult", 1, 1_700_000_000_000)[0]
    with pytest.raises(InvalidInput):
        Ids(KEY).check("adult", text)


def test_every_instance_loads_the_same_key() -> None:
    storage = MemoryStorage()
    assert ids.load_key(storage) == ids.load_key(storage)


def test_the_slower_of_two_first_instances_takes_the_key_of_the_faster() -> None:
    storage = MemoryStorage()
    theirs = bytes(32)

    def other_instance_first(operation: str, container: str, name: str) -> None:
        if operation == "put":
            storage.before = lambda *_: None
            storage.put(container, name, theirs, create=True)

    storage.before = other_instance_first
    assert ids.load_key(storage) == theirs


def test_key_whose_write_lost_its_answer_is_the_one_that_was_written() -> None:
    storage = MemoryStorage()

    def lose_the_answer(operation: str, container: str, name: str) -> None:
        if operation == "put":
            storage.before = lambda *_: None
            storage.put(container, name, KEY, create=True)
            raise Precondition("the retry of a write that was applied")

    storage.before = lose_the_answer
    assert ids.load_key(storage, random=lambda n: KEY[:n]) == KEY


def test_damaged_key_is_refused_instead_of_replaced() -> None:
    storage = MemoryStorage()
    storage.put(CONTROL, ids.KEY_BLOB, b"short")
    with pytest.raises(Unavailable, match="holds 5 bytes, not 32"):
        ids.load_key(storage)
