"""One trace from what began something to what came of it, carried as W3C `traceparent`."""

from __future__ import annotations

import pytest

from automl.telemetry import tracing
from automl.telemetry.tracing import MOST, Tracer


def test_span_within_a_span_is_its_child() -> None:
    tracer = Tracer(iter(range(100)).__next__)
    with tracer.span("outer") as outer:
        assert tracing.current() == outer
        with tracing.within("inner", model="adult") as inner:
            assert tracing.current() == inner
    child, parent = tracer.take()
    assert (child.trace, child.parent) == (parent.trace, parent.identity)
    assert parent.parent is None
    assert (parent.begun_ns, child.begun_ns, child.ended_ns, parent.ended_ns) == (0, 1, 2, 3)
    assert dict(child.attributes) == {"model": "adult"}
    assert tracer.take() == []
    assert tracing.current() is None


def test_span_continues_the_trace_it_is_given() -> None:
    tracer = Tracer()
    with tracer.span("train", parent="00-" + "a" * 32 + "-" + "b" * 16 + "-01") as own:
        assert own.startswith("00-" + "a" * 32 + "-")
    [span] = tracer.take()
    assert (span.trace, span.parent) == ("a" * 32, "b" * 16)


@pytest.mark.parametrize("parent", ["", "00-abc", "00-" + "A" * 32 + "-" + "b" * 16 + "-01"])
def test_what_is_no_traceparent_begins_a_trace(parent: str) -> None:
    tracer = Tracer()
    with tracer.span("train", parent=parent):
        pass
    assert tracer.take()[0].parent is None


def test_span_that_fails_says_by_what_and_lets_it_through() -> None:
    tracer = Tracer()
    with pytest.raises(KeyError), tracer.span("train"):
        raise KeyError("x")
    assert tracer.take()[0].failure == "KeyError"
    assert tracing.current() is None


def test_within_nothing_there_is_no_span() -> None:
    with tracing.within("promoted", parent="00-" + "a" * 32 + "-" + "b" * 16 + "-01") as own:
        assert own is None


def test_spans_that_nobody_takes_do_not_pile_up() -> None:
    tracer = Tracer()
    for _ in range(MOST + 5):
        with tracer.span("monitor"):
            pass
    assert len(tracer.take()) == MOST
