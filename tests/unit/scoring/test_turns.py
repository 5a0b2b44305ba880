"""Threads that load a model let others go first."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from automl.scoring import turns


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads of a process have one priority")
def test_only_the_thread_that_steps_back_is_behind_others() -> None:
    def nice() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = nice()
    with ThreadPoolExecutor(1, initializer=turns.step_back) as pool:
        assert pool.submit(nice).result() == min(19, before + turns.NICE)
    assert nice() == before


def test_the_lock_of_python_is_handed_over_in_short_turns() -> None:
    turns.take_turns()
    assert sys.getswitchinterval() == pytest.approx(turns.SWITCH_S)
