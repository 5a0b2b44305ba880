from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import orjson
import pytest

from automl.errors import Unavailable
from automl.log.group import TOGETHER
from automl.log.lane import Lane
from automl.log.predictions import lines_of
from automl.log.reader import new_lines
from automl.log.writer import SIBLINGS, AppendLog, _Stream
from automl.settings import Settings
from automl.storage import LOG, Full, Precondition
from tests.support.clock import FixedClock
from tests.support.memory import MemoryStorage
from tests.unit.log.predicted import predictions

DOWN = Unavailable("storage is down")


def a_log(storage: MemoryStorage, *, clock: FixedClock | None = None, **settings: object) -> AppendLog:
    chosen = Settings(**settings)  # type: ignore[arg-type]  # any setting, by name
    return AppendLog(storage, clock or FixedClock(), chosen, "predictions", pause_s=0.0)


def lines_in(storage: MemoryStorage, model: str = "adult") -> list[bytes]:
    storage.before = lambda *_: None
    return [line for _, _, lines in new_lines(storage, model, "predictions", {}) for line in lines]


def blobs_in(storage: MemoryStorage) -> list[str]:
    return [info.name for info in storage.find(LOG)]


class Gate:
    """Holds the first append until it is opened; counts all."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.appends = 0
        self.reached, self.opened = threading.Event(), threading.Event()
        storage.before = self

    def __call__(self, operation: str, container: str, name: str) -> None:
        if operation == "append":
            self.appends += 1
            if self.appends == 1:
                self.reached.set()
                assert self.opened.wait(10)


def on_append(storage: MemoryStorage, *faults: Callable[[str, str], None]) -> None:
    """Run one fault for each of the first appends; later ones pass."""
    left = list(faults)

    def before(operation: str, container: str, name: str) -> None:
        if operation == "append" and left:
            left.pop(0)(container, name)

    storage.before = before


def fails(error: Exception) -> Callable[[str, str], None]:
    def fault(container: str, name: str) -> None:
        raise error

    return fault


def applied_then(error: Exception, storage: MemoryStorage, data: bytes) -> Callable[[str, str], None]:
    """The append is applied, and its answer lost: the caller sees only an error."""

    def fault(container: str, name: str) -> None:
        before, storage.before = storage.before, lambda *_: None
        length = storage.size(container, name) if name in blobs_in(storage) else 0
        storage.append(container, name, data, at=length)
        storage.before = before
        raise error

    return fault


async def other_tasks() -> None:
    """Wait for what the log does on its own."""
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))


async def test_append_returns_after_the_line_is_stored() -> None:
    storage = MemoryStorage()
    await a_log(storage).append("adult", b"one\n")
    assert lines_in(storage) == [b"one"]


async def test_records_that_arrive_during_an_append_share_the_next() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    gate = Gate(storage)
    first = asyncio.create_task(log.append("adult", b"0\n"))
    await asyncio.to_thread(gate.reached.wait, 10)
    others = [asyncio.create_task(log.append("adult", b"%d\n" % n)) for n in range(1, 100)]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(first, *others)
    assert gate.appends == 2
    assert lines_in(storage) == [b"%d" % n for n in range(100)]


async def test_event_loop_goes_on_while_storage_is_slow() -> None:
    storage = MemoryStorage()
    gate = Gate(storage)
    waiting = asyncio.create_task(a_log(storage).append("adult", b"0\n"))
    await asyncio.to_thread(gate.reached.wait, 10)
    assert not waiting.done()  # this line runs although an append hangs
    gate.opened.set()
    await waiting


async def test_models_do_not_wait_for_each_other() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    gate = Gate(storage)
    slow = asyncio.create_task(log.append("adult", b"0\n"))
    await asyncio.to_thread(gate.reached.wait, 10)
    await log.append("bike", b"1\n")
    assert not slow.done()
    gate.opened.set()
    await slow


@pytest.mark.parametrize(
    "error", [Precondition("seen by the SDK's retry"), DOWN], ids=["precondition", "unavailable"]
)
async def test_append_whose_answer_was_lost_is_acknowledged_and_stored_once(error: Exception) -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    await log.append("adult", b"before\n")
    on_append(storage, applied_then(error, storage, b"lost\n"))
    await log.append("adult", b"lost\n")
    await log.append("adult", b"after\n")
    assert sorted(lines_in(storage)) == [b"after", b"before", b"lost"]
    assert len(blobs_in(storage)) == 2  # the blob that failed once is left alone


async def test_append_that_was_refused_goes_to_a_fresh_blob() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    on_append(storage, fails(DOWN))
    await log.append("adult", b"one\n")
    assert lines_in(storage) == [b"one"]
    assert len(blobs_in(storage)) == 2


async def test_delayed_attempt_can_no_longer_land_once_the_line_went_elsewhere() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    seen: list[str] = []

    def hang(container: str, name: str) -> None:
        seen.append(name)
        raise DOWN

    on_append(storage, hang)
    await log.append("adult", b"one\n")
    storage.before = lambda *_: None
    with pytest.raises(Precondition):  # the attempt, still on its way, arrives now
        storage.append(LOG, seen[0], b"one\n", at=0)
    assert lines_in(storage) == [b"one"]


async def test_outcome_that_cannot_be_settled_is_not_acknowledged_and_stored_at_most_once() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    on_append(storage, applied_then(DOWN, storage, b"one\n"), fails(DOWN))
    with pytest.raises(Unavailable):
        await log.append("adult", b"one\n")
    await log.append("adult", b"two\n")
    assert sorted(lines_in(storage)) == [b"one", b"two"]
    assert log.lost == 1


async def test_full_blob_is_followed_by_the_next() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    await log.append("adult", b"one\n")
    on_append(storage, fails(Full("50,000 blocks")))
    await log.append("adult", b"two\n")
    await log.append("adult", b"three\n")
    assert lines_in(storage) == [b"one", b"two", b"three"]
    assert len(blobs_in(storage)) == 2


async def test_hour_that_begins_opens_a_blob_in_its_folder() -> None:
    storage, clock = MemoryStorage(), FixedClock()
    log = a_log(storage, clock=clock)
    await log.append("adult", b"one\n")
    clock.advance(hours=8)
    await log.append("adult", b"two\n")
    assert [name.rsplit("/", 1)[0] for name in blobs_in(storage)] == [
        "adult/predictions/2026-11-20/16",
        "adult/predictions/2026-11-21/00",
    ]


async def test_two_processes_of_one_instance_name_never_write_to_the_same_blob() -> None:
    storage = MemoryStorage()
    await a_log(storage, instance="one").append("adult", b"a\n")
    await a_log(storage, instance="one").append("adult", b"b\n")
    assert len(blobs_in(storage)) == 2


async def test_large_request_is_written_in_blocks_of_whole_lines() -> None:
    storage = MemoryStorage()
    sizes: list[int] = []
    line = b"x" * 999_999 + b"\n"
    storage.before = lambda operation, *_: sizes.append(1) if operation == "append" else None
    await a_log(storage).append("adult", line * 10, records=10)
    assert lines_in(storage) == [line[:-1]] * 10
    assert len(sizes) == 3


async def test_records_beyond_the_queue_limit_are_refused_at_once() -> None:
    storage = MemoryStorage()
    log = a_log(storage, log_queue_bytes=10)
    gate = Gate(storage)
    first = asyncio.create_task(log.append("adult", b"12345678\n"))
    await asyncio.to_thread(gate.reached.wait, 10)
    with pytest.raises(Unavailable, match="More than 10 bytes wait"):
        await log.append("adult", b"12\n", records=1)
    gate.opened.set()
    await first
    await log.append("adult", b"12\n")
    assert log.lost == 1


async def test_storage_that_is_down_is_told_and_used_again_when_it_is_back() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    storage.before = lambda operation, *_: fails(DOWN)("", "") if operation == "append" else None
    with pytest.raises(Unavailable, match="storage is down"):
        await log.append("adult", b"one\n")
    storage.before = lambda *_: None
    await log.append("adult", b"two\n")
    assert lines_in(storage) == [b"two"]


async def test_log_that_just_failed_refuses_without_trying() -> None:
    storage = MemoryStorage()
    log = AppendLog(storage, FixedClock(), Settings(), "predictions", pause_s=1e9)
    attempts: list[str] = []

    def down(operation: str, container: str, name: str) -> None:
        attempts.append(operation)
        raise DOWN

    storage.before = down
    with pytest.raises(Unavailable):
        await log.append("adult", b"one\n")
    tried = len(attempts)
    with pytest.raises(Unavailable, match="a moment ago"):
        await log.append("adult", b"two\n")
    assert len(attempts) == tried
    assert log.lost == 2


async def test_while_the_log_is_down_one_request_tries_and_the_others_do_not_wait() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    on_append(storage, fails(DOWN), fails(DOWN))
    with pytest.raises(Unavailable):
        await log.append("adult", b"one\n")
    gate = Gate(storage)
    trying = asyncio.create_task(log.append("adult", b"two\n"))
    await asyncio.to_thread(gate.reached.wait, 10)
    with pytest.raises(Unavailable, match="a moment ago"):
        await log.append("adult", b"three\n")
    gate.opened.set()
    await trying
    await log.append("adult", b"four\n")
    assert lines_in(storage) == [b"two", b"four"]


async def test_append_that_hangs_is_given_up_and_the_log_goes_on_in_another_blob() -> None:
    storage = MemoryStorage()
    log = AppendLog(storage, FixedClock(), Settings(), "predictions", deadline_s=0.01, pause_s=0.0)
    gate = Gate(storage)
    with pytest.raises(Unavailable, match="did not answer within"):
        await log.append("adult", b"one\n")
    await log.append("adult", b"two\n")
    gate.opened.set()
    assert b"two" in lines_in(storage)


async def test_mistake_inside_the_writer_does_not_leave_requests_waiting(caplog: pytest.LogCaptureFixture) -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    on_append(storage, fails(RuntimeError("a mistake")))
    with pytest.raises(Unavailable, match="a mistake"):
        await log.append("adult", b"one\n")
    assert "failed inside" in caplog.text
    await log.append("adult", b"two\n")


async def test_predictions_are_stored_as_lines_in_the_order_they_came() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    gate = Gate(storage)
    first = asyncio.create_task(log.append("adult", b"0\n"))
    await asyncio.to_thread(gate.reached.wait, 10)
    sent = [predictions(rows=1, at_ms=n) for n in range(TOGETHER + 2)]
    others = [asyncio.create_task(log.append("adult", each)) for each in sent]
    others.append(asyncio.create_task(log.append("adult", b"written\n")))
    await asyncio.sleep(0)
    assert not any(task.done() for task in others)
    gate.opened.set()
    await asyncio.gather(first, *others)
    assert lines_in(storage) == [b"0", *lines_of(sent).splitlines(), b"written"]
    assert gate.appends == 2
    assert log._queued == 0


async def test_predictions_that_gather_are_written_as_lines_now_and_then() -> None:
    log = a_log(MemoryStorage(), log="async", log_flush_ms=3_600_000)
    for n in range(3 * TOGETHER - 1):
        await log.append("adult", predictions(rows=1, at_ms=n))
    group = log._streams["adult"].group
    assert b"".join(group.lines).count(b"\n") == 2 * TOGETHER
    assert log._queued == sum(map(len, group.lines))


async def test_predictions_beyond_the_queue_limit_are_refused() -> None:
    log = a_log(MemoryStorage(), log="async", log_flush_ms=3_600_000, log_queue_bytes=1000)
    for n in range(TOGETHER):
        await log.append("adult", predictions(rows=1, at_ms=n))
    with pytest.raises(Unavailable, match="1000 bytes"):
        await log.append("adult", predictions(rows=1, at_ms=0))
    assert log.lost == 1


async def test_a_prediction_that_is_no_line_leaves_none_of_its_group_acknowledged_and_the_log_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    sent = [predictions(rows=1, at_ms=1), predictions(rows=1, at_ms=2, labels=[object()])]
    outcomes = await asyncio.gather(*(log.append("adult", each) for each in sent), return_exceptions=True)
    assert [type(each) for each in outcomes] == [Unavailable, Unavailable]
    assert "could not be written as lines" in caplog.text
    assert log.lost == 2
    await log.append("adult", predictions(rows=1, at_ms=3))
    assert [orjson.loads(line)["at"] for line in lines_in(storage)] == [3]


async def test_cancelled_request_leaves_the_others_unharmed() -> None:
    storage = MemoryStorage()
    log = a_log(storage)
    gate = Gate(storage)
    first = asyncio.create_task(log.append("adult", b"0\n"))
    await asyncio.to_thread(gate.reached.wait, 10)
    cancelled = asyncio.create_task(log.append("adult", b"1\n"))
    kept = asyncio.create_task(log.append("adult", b"2\n"))
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.opened.set()
    await asyncio.gather(first, kept)
    assert lines_in(storage) == [b"0", b"1", b"2"]


async def test_async_log_answers_at_once_and_gathers_what_comes() -> None:
    storage = MemoryStorage()
    log = a_log(storage, log="async", log_flush_ms=1)
    appends: list[str] = []
    storage.before = lambda operation, container, name: appends.append(name) if operation == "append" else None
    for n in range(50):
        await log.append("adult", b"%d\n" % n)
    assert not appends
    await other_tasks()
    assert lines_in(storage) == [b"%d" % n for n in range(50)]
    assert len(appends) == 1


async def test_async_log_counts_what_it_loses() -> None:
    storage = MemoryStorage()
    log = a_log(storage, log="async", log_flush_ms=1)
    storage.before = lambda operation, *_: fails(DOWN)("", "") if operation == "append" else None
    await log.append("adult", b"0\n1\n", records=2)
    await other_tasks()
    assert log.lost == 2


async def test_truth_is_durable_whatever_the_setting() -> None:
    storage = MemoryStorage()
    log = AppendLog(storage, FixedClock(), Settings(log="async"), "truth")
    await log.append("adult", b"one\n")
    assert [info.name.split("/")[1] for info in storage.find(LOG)] == ["truth"]


@pytest.mark.parametrize("seed", range(5))
async def test_every_acknowledged_line_is_read_exactly_once_whatever_storage_does(seed: int) -> None:
    """A hundred writers over storage that loses answers, refuses, fills up and goes down at random."""
    chance = np.random.default_rng(seed)
    storage = MemoryStorage()
    real = storage.append

    def unreliable(container: str, name: str, data: bytes, *, at: int) -> int:
        fate = chance.random()
        if fate < 0.1:
            raise DOWN
        if fate < 0.15:
            raise Full(name)
        length = real(container, name, data, at=at)
        if fate < 0.3:
            raise DOWN if fate < 0.22 else Precondition("the retry was refused")
        return length

    storage.append = unreliable  # type: ignore[method-assign]  # the fault is in the answer, not before it
    log = a_log(storage)
    acknowledged: list[bytes] = []

    async def client(number: int) -> None:
        for turn in range(20):
            line = b"%d-%d" % (number, turn)
            try:
                await log.append("adult", line + b"\n")
            except Unavailable:
                await asyncio.sleep(0)
            else:
                acknowledged.append(line)

    await asyncio.gather(*(client(number) for number in range(100)))
    found = lines_in(storage)
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)
    assert acknowledged


@pytest.mark.parametrize("is_applied", [False, True])
@pytest.mark.parametrize("calls", range(1, 12))
async def test_killed_process_leaves_every_acknowledged_line_readable_exactly_once(
    calls: int, is_applied: bool
) -> None:
    """The process dies at its n-th storage call, before or after it is applied; the next one goes on."""

    class Killed(BaseException):
        """No code of the dead process runs any more."""

    storage = MemoryStorage()
    real, left = storage.append, calls

    def dying(container: str, name: str, data: bytes, *, at: int) -> int:
        nonlocal left
        left -= 1
        if left == 0 and is_applied:
            real(container, name, data, at=at)
        if left <= 0:
            raise Killed
        return real(container, name, data, at=at)

    acknowledged: list[bytes] = []
    storage.append = dying  # type: ignore[method-assign]  # the fault is in the call itself
    log = a_log(storage)
    for turn in range(20):
        if left <= 0:
            break
        line = b"a-%d" % turn
        with suppress(Killed, Unavailable):
            await log.append("adult", line + b"\n")
            acknowledged.append(line)
    storage.append = real  # type: ignore[method-assign]
    await a_log(storage).append("adult", b"b\n")
    found = lines_in(storage)
    assert len(found) == len(set(found))
    assert {*acknowledged, b"b"} <= set(found)
    assert len(acknowledged) == calls - 1


def stream_after(shared: int, took_s: float) -> _Stream:
    """A stream whose last append was for so many requests and took so long."""
    lane = Lane(MemoryStorage(), "adult", "predictions", lambda: "one")
    return _Stream(lane, shared=shared, took_s=took_s)


async def test_an_append_waits_for_as_many_requests_as_shared_the_last_one() -> None:
    stream = stream_after(shared=SIBLINGS + 1, took_s=3600)
    stream.join()
    gathering = asyncio.create_task(stream.gather())
    for _ in range(SIBLINGS):
        await asyncio.sleep(0)
        assert not gathering.done()
        stream.join()
    await gathering


@pytest.mark.parametrize(("shared", "took_s"), [(SIBLINGS + 1, 0.0), (SIBLINGS - 1, 3600.0), (0, 3600.0)])
async def test_an_append_waits_no_longer_than_the_last_took_and_for_few_requests_not_at_all(
    shared: int, took_s: float
) -> None:
    stream = stream_after(shared, took_s)
    stream.join()
    await stream.gather()
    assert len(stream.group.waiting) == 1
