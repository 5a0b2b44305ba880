"""What is not to be logged is not, from the next look at the spec on; and what is not known is not logged at all."""

from __future__ import annotations

from collections.abc import Collection

import orjson
import pytest

from automl.errors import Unavailable
from automl.log.ids import Ids
from automl.log.records import Recorder
from automl.log.redaction import Redaction
from automl.storage import CONTROL
from tests.support.memory import MemoryStorage

IDS = Ids(bytes(32)).mint("adult", 2, 1_795_190_400_000)


class Room:
    """A spec in storage and a process that logs by it."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.redaction = Redaction()

    def spec(self, redact: Collection[str]) -> None:
        self.put(orjson.dumps({"name": "adult", "a later field": 1, "monitor": {"redact": list(redact)}}))

    def put(self, data: bytes) -> None:
        self.storage.put(CONTROL, "adult/spec.json", data)

    def down(self) -> None:
        def before(operation: str, container: str, name: str) -> None:
            raise Unavailable("storage is down")

        self.storage.before = before

    def line(self) -> bytes:
        """What is logged after a look."""
        self.redaction.look(self.storage, "adult")
        recorder = Recorder(model="adult", version="v1", role="champion", key="order", redaction=self.redaction)
        return recorder.lines(
            at_ms=1,
            ids=IDS,
            keys=["order-1", None],
            features=[{"age": 39, "zip": "10115"}, {"age": None, "zip": "10117"}],
            labels=["a", "b"],
            probabilities=None,
            latency_us=1,
        )

    def logged(self) -> list[tuple[str | None, dict[str, object]]]:
        records = [orjson.loads(line) for line in self.line().splitlines()]
        return [(record.get("key"), record["features"]) for record in records]


@pytest.fixture
def room() -> Room:
    return Room()


def test_columns_that_the_spec_names_are_left_out_of_every_line(room: Room) -> None:
    room.spec(["zip"])
    assert room.logged() == [("order-1", {"age": 39}), (None, {"age": None})]
    assert b"1011" not in room.line()


def test_a_redacted_key_is_not_logged(room: Room) -> None:
    room.spec(["order"])
    assert b"order-1" not in room.line()
    assert [features for _, features in room.logged()] == [{"age": 39, "zip": "10115"}, {"age": None, "zip": "10117"}]


def test_a_changed_list_takes_effect_at_the_next_look_in_both_directions(room: Room) -> None:
    room.spec([])
    assert room.logged()[0] == ("order-1", {"age": 39, "zip": "10115"})
    room.spec(["age"])
    assert room.logged()[0] == ("order-1", {"zip": "10115"})
    room.spec([])
    assert room.logged()[0] == ("order-1", {"age": 39, "zip": "10115"})


def test_a_spec_that_has_not_changed_is_not_read_again(room: Room) -> None:
    room.spec(["zip"])
    room.redaction.look(room.storage, "adult")
    blob = room.storage.get(CONTROL, "adult/spec.json")
    assert blob is not None
    assert room.storage.get(CONTROL, "adult/spec.json", unless=blob.etag) is None
    assert room.logged()[0] == ("order-1", {"age": 39})


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"monitor": 3}', b'{"monitor": {"redact": "zip"}}'])
def test_a_damaged_spec_leaves_the_list_as_it_was_known_and_is_told(room: Room, data: bytes) -> None:
    room.spec(["zip"])
    room.redaction.look(room.storage, "adult")
    room.put(data)
    assert room.logged()[0] == ("order-1", {"age": 39})
    assert room.redaction.trouble == (
        "The spec cannot be read: it is damaged. The columns that it kept out of the log stay out."
    )
    room.spec([])
    assert room.logged()[0][1] == {"age": 39, "zip": "10115"}
    assert room.redaction.trouble is None


def test_storage_that_is_down_leaves_the_list_as_it_was_known(room: Room) -> None:
    room.spec(["zip"])
    room.redaction.look(room.storage, "adult")
    room.down()
    assert room.logged()[0] == ("order-1", {"age": 39})
    assert "storage is down" in str(room.redaction.trouble)


@pytest.mark.parametrize("data", [None, b"{"])
def test_a_process_that_never_read_the_list_logs_answers_alone(room: Room, data: bytes | None) -> None:
    if data is not None:
        room.put(data)
    assert room.logged() == [(None, {}), (None, {})]
    assert "Neither features nor keys are logged" in str(room.redaction.trouble)
