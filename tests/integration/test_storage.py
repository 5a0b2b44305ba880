"""One contract, run against the memory twin and against Azurite through the real SDK."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Callable
from itertools import pairwise

import pytest
from azure.storage.queue import QueueClient

from automl.azure_storage import AzureStorage
from automl.errors import Unavailable
from automl.settings import Settings
from automl.storage import CONTROL, LOG, RAW, Missing, Oversized, Precondition, Storage
from tests.support.memory import MemoryStorage

Name = Callable[[str], str]


@pytest.fixture(params=["memory", "azurite"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        return MemoryStorage()
    real = AzureStorage(Settings(storage=request.getfixturevalue("azurite_connection")))
    real.create_containers()
    return real


@pytest.fixture
def name() -> Name:
    """Names of this test alone: Azurite is shared by the whole session."""
    prefix = uuid.uuid4().hex
    return lambda text: f"{prefix}/{text}"


def test_a_blob_reads_back_with_its_etag(storage: Storage, name: Name) -> None:
    etag = storage.put(CONTROL, name("a"), b"one")
    blob = storage.get(CONTROL, name("a"))
    assert blob is not None
    assert (blob.data, blob.etag) == (b"one", etag)


def test_what_is_not_there_is_missing(storage: Storage, name: Name) -> None:
    for read in (
        lambda: storage.get(CONTROL, name("a")),
        lambda: storage.get_from(CONTROL, name("a"), 0),
        lambda: storage.size(CONTROL, name("a")),
    ):
        with pytest.raises(Missing):
            read()


def test_blob_larger_than_the_reader_takes_is_not_read(storage: Storage, name: Name) -> None:
    storage.put(CONTROL, name("a"), b"four")
    blob = storage.get(CONTROL, name("a"), at_most=4)
    assert blob is not None
    assert blob.data == b"four"
    with pytest.raises(Oversized, match="has 4 bytes, at most 3 are read"):
        storage.get(CONTROL, name("a"), at_most=3)


def test_an_unchanged_blob_is_not_read_again(storage: Storage, name: Name) -> None:
    first = storage.put(CONTROL, name("a"), b"one")
    assert storage.get(CONTROL, name("a"), unless=first) is None
    storage.put(CONTROL, name("a"), b"two")
    blob = storage.get(CONTROL, name("a"), unless=first)
    assert blob is not None
    assert blob.data == b"two"


def test_create_refuses_what_exists(storage: Storage, name: Name) -> None:
    storage.put(CONTROL, name("a"), b"one", create=True)
    with pytest.raises(Precondition):
        storage.put(CONTROL, name("a"), b"two", create=True)
    assert storage.get_from(CONTROL, name("a"), 0) == b"one"


def test_of_two_conditional_writers_one_wins(storage: Storage, name: Name) -> None:
    etag = storage.put(CONTROL, name("a"), b"one")
    storage.put(CONTROL, name("a"), b"two", if_match=etag)
    with pytest.raises(Precondition):
        storage.put(CONTROL, name("a"), b"three", if_match=etag)
    assert storage.get_from(CONTROL, name("a"), 0) == b"two"


def test_a_conditional_write_to_nothing_is_refused(storage: Storage, name: Name) -> None:
    with pytest.raises(Precondition):
        storage.put(CONTROL, name("a"), b"one", if_match='"0x1"')


def test_reading_from_an_offset_gives_the_rest_and_nothing_past_the_end(storage: Storage, name: Name) -> None:
    storage.put(CONTROL, name("a"), b"abcdef")
    assert [storage.get_from(CONTROL, name("a"), offset) for offset in (0, 4, 6, 9)] == [b"abcdef", b"ef", b"", b""]


def test_no_more_is_read_than_was_asked_for(storage: Storage, name: Name) -> None:
    storage.put(CONTROL, name("a"), b"abcdef")
    wanted = ((0, 2), (4, 2), (4, 9), (6, 1))
    assert [storage.get_from(CONTROL, name("a"), *part) for part in wanted] == [b"ab", b"ef", b"ef", b""]


def test_an_empty_blob_reads_as_nothing(storage: Storage, name: Name) -> None:
    storage.put(CONTROL, name("a"), b"")
    assert storage.get_from(CONTROL, name("a"), 0) == b""


def test_appends_follow_one_another_and_a_wrong_position_is_refused(storage: Storage, name: Name) -> None:
    assert storage.append(LOG, name("a"), b"one\n", at=0) == 4
    assert storage.append(LOG, name("a"), b"two\n", at=4) == 8
    with pytest.raises(Precondition):
        storage.append(LOG, name("a"), b"again\n", at=4)
    assert storage.size(LOG, name("a")) == 8
    assert storage.get_from(LOG, name("a"), 4) == b"two\n"


def test_a_second_writer_at_the_start_is_refused(storage: Storage, name: Name) -> None:
    storage.append(LOG, name("a"), b"one\n", at=0)
    with pytest.raises(Precondition):
        storage.append(LOG, name("a"), b"two\n", at=0)
    assert storage.get_from(LOG, name("a"), 0) == b"one\n"


def test_staged_blocks_become_one_blob_in_order(storage: Storage, name: Name) -> None:
    for number in (2, 0, 1):
        storage.stage(RAW, name("a"), number, f"{number},".encode())
    storage.commit(RAW, name("a"), 3)
    assert storage.get_from(RAW, name("a"), 0) == b"0,1,2,"


def test_a_block_sent_twice_counts_once(storage: Storage, name: Name) -> None:
    storage.stage(RAW, name("a"), 0, b"old")
    storage.stage(RAW, name("a"), 0, b"new")
    storage.commit(RAW, name("a"), 1)
    assert storage.get_from(RAW, name("a"), 0) == b"new"


def test_staged_blocks_are_known_with_their_sizes_until_they_are_committed(storage: Storage, name: Name) -> None:
    assert storage.staged(RAW, name("a")) == {}
    storage.stage(RAW, name("a"), 0, b"zero")
    storage.stage(RAW, name("a"), 11, b"eleven")
    assert storage.staged(RAW, name("a")) == {0: 4, 11: 6}
    storage.commit(RAW, name("a"), 1)
    assert storage.staged(RAW, name("a")) == {}


def test_a_commit_without_all_its_blocks_is_refused(storage: Storage, name: Name) -> None:
    storage.stage(RAW, name("a"), 0, b"0")
    with pytest.raises(Missing):
        storage.commit(RAW, name("a"), 2)


def test_listings_are_sorted_and_carry_the_etag_of_a_read(storage: Storage, name: Name) -> None:
    for text in ("b", "a/2", "a/1"):
        storage.put(CONTROL, name(text), text.encode())
    found = list(storage.find(CONTROL, name("")))
    assert [info.name for info in found] == [name("a/1"), name("a/2"), name("b")]
    assert [info.size for info in found] == [3, 3, 1]
    assert all(storage.get(CONTROL, info.name, unless=info.etag) is None for info in found)
    blob = storage.get(CONTROL, name("b"))
    assert blob is not None
    assert blob.etag == found[-1].etag


def test_folders_are_segments_with_names_below_them(storage: Storage, name: Name) -> None:
    for text in ("m/v1/a", "m/v1/b", "m/v2/a", "m/loose"):
        storage.put(CONTROL, name(text), b"")
    assert storage.folders(CONTROL, name("m/")) == ["v1", "v2"]


def test_deleting_twice_is_no_error(storage: Storage, name: Name) -> None:
    storage.put(CONTROL, name("a"), b"")
    storage.delete(CONTROL, name("a"))
    storage.delete(CONTROL, name("a"))
    with pytest.raises(Missing):
        storage.get(CONTROL, name("a"))


def test_names_keep_their_unicode(storage: Storage, name: Name) -> None:
    storage.put(CONTROL, name("größe 1"), b"x")
    assert [info.name for info in storage.find(CONTROL, name(""))] == [name("größe 1")]


def test_every_write_changes_the_etag(storage: Storage, name: Name) -> None:
    etags = [storage.put(CONTROL, name("a"), b"same") for _ in range(3)]
    assert all(first != second for first, second in pairwise(etags))


def test_a_message_arrives_base64_encoded_as_the_functions_host_expects(azurite_connection: str) -> None:
    queue = f"q{uuid.uuid4().hex}"
    storage = AzureStorage(Settings(storage=azurite_connection, train_queue=queue))
    storage.create_containers()
    storage.create_containers()  # again: a second process at the same time is no error
    storage.send(queue, '{"model": "größe"}')
    with QueueClient.from_connection_string(azurite_connection, queue) as client:
        message = client.receive_message()
    assert message is not None
    assert base64.b64decode(message.content).decode() == '{"model": "größe"}'


def test_storage_that_does_not_answer_is_unavailable() -> None:
    dead = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a;"
    storage = AzureStorage(Settings(storage=dead), retries=0)
    with pytest.raises(Unavailable, match="Storage cannot be reached"):
        storage.get(CONTROL, "a")


def test_a_log_that_grows_while_it_is_read_is_read_all_the_same(storage: Storage, name: Name) -> None:
    """More than the SDK takes in one request; a log that answers quickly grows between any two of them."""
    block, length = b"x" * (4 * 2**20), 0
    for _ in range(9):
        length = storage.append(LOG, name("a"), block, at=length)
    done = threading.Event()

    def grow() -> None:
        at = length
        while not done.is_set():
            at = storage.append(LOG, name("a"), b"y\n", at=at)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        found = storage.get_from(LOG, name("a"), 1)
    finally:
        done.set()
        writer.join()
    assert len(found) >= length - 1
    assert found[: length - 1].count(b"x") == length - 1
    assert set(found[length - 1 :]) <= set(b"y\n")
