"""Threads that load a model let others go first."""

from __future__ import annotations

import sys

import pytest

from automl.scoring import turns


def test_the_lock_of_python_is_handed_over_in_short_turns() -> None:
    turns.take_turns()
    assert sys.getswitchinterval() == pytest.approx(turns.SWITCH_S)
