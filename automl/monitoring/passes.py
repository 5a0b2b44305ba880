"""One pass of the monitor over one model, and over all of them.

Nothing heavy is imported until there is something new: most ticks of the timer end after a few listings.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from automl import quarantine, spec
from automl.errors import Conflict, NotFound
from automl.events import Clock
from automl.lake import mark as marks
from automl.lake.mark import Mark
from automl.monitoring import ingest, outbox, tables
from automl.monitoring import state as states
from automl.monitoring.handover import Handover
from automl.monitoring.reading import Reading
from automl.monitoring.state import State
from automl.registry import Registry
from automl.runs import Runs
from automl.settings import Settings
from automl.spec import Spec
from automl.storage import Storage

if TYPE_CHECKING:
    from automl.lake.delta import Table
    from automl.log import Kind
    from automl.monitoring.drift_counts import Counts
    from automl.monitoring.ledger import Ledger

NOTHING_NEW = "Nothing is new."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one pass did.

    Parameters
    ----------
    text
        The outcome in a sentence.
    truths, predictions, labelled
        New truths read (those that had waited included), new predictions counted, ids labelled for the first time.
    decisions
        What was carried out, as sentences.
    resent
        Runs whose message had been lost and was sent again.
    failure
        Why the pass did not come to its end, if it did not.
    known
        The state's report as the pass left it.
    lake
        Why the lake was not brought up to date, if it was not; the next pass tries again.
    more
        Whether there was more to read than one step reads.
    stopped
        Whether it came to nothing because another pass was first.
    """

    model: str
    text: str
    truths: int = 0
    predictions: int = 0
    labelled: int = 0
    decisions: Sequence[str] = ()
    resent: Sequence[str] = ()
    failure: str | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    lake: str | None = None
    more: bool = False
    stopped: bool = False

    def sentence(self) -> str:
        """The numbers in words."""
        return (
            f"{self.truths} new truths, {self.labelled} rows labelled for the first time, "
            f"{self.predictions} new predictions, {len(self.decisions)} decisions."
        )

    def then(self, later: Report) -> Report:
        """The report of this step and the next together."""
        both = replace(
            later,
            truths=self.truths + later.truths,
            predictions=self.predictions + later.predictions,
            labelled=self.labelled + later.labelled,
            decisions=[*self.decisions, *later.decisions],
            resent=[*self.resent, *later.resent],
        )
        went_on = later.text in (NOTHING_NEW, later.sentence())
        return replace(both, text=both.sentence() if went_on else later.text)

    def to_json(self) -> dict[str, Any]:
        """This report as a JSON object."""
        return asdict(self)


def monitor_all(storage: Storage, registry: Registry, runs: Runs, clock: Clock) -> list[Report]:
    """A pass over every model; one that fails is logged and reported, and the others get theirs."""
    reports: list[Report] = []
    for model in registry.models():
        try:
            reports.append(monitor_pass(storage, registry, runs, clock, model))
        except Exception as error:  # noqa: BLE001  (whatever one model's data leads to, the others are watched)
            _log.error("The monitor pass of model %s failed.", model, exc_info=error)
            failure = f"{type(error).__name__}: {error}"
            reports.append(Report(model=model, text=f"The pass failed: {failure}", failure=failure))
    return reports


def monitor_pass(
    storage: Storage,
    registry: Registry,
    runs: Runs,
    clock: Clock,
    model: str,
    *,
    timer_ns: Callable[[], int] = time.perf_counter_ns,
) -> Report:
    """Read what is new, judge, decide, and carry out what was decided, step by step when much is new.

    The state is saved between deciding and doing. Of two passes at once the second to save stops there, having done
    nothing; a pass that died after saving is finished by the next.
    """
    with Reading() as reading, Handover(storage, model) as handover:
        step = partial(
            _step, storage, registry, runs, clock, model, reading=reading, handover=handover, timer_ns=timer_ns
        )
        report = step()
        while report.more:
            report = report.then(step())
    return report


def _step(
    storage: Storage,
    registry: Registry,
    runs: Runs,
    clock: Clock,
    model: str,
    *,
    reading: Reading,
    handover: Handover,
    timer_ns: Callable[[], int],
) -> Report:
    """What `monitor_pass` does, with as much of the logs as memory is meant to hold."""
    now, rules = clock(), cache(lambda: spec.load(storage, model))
    counts = _counter(registry, model, rules)
    resent = [run.id for run in runs.resend_lost(model)]
    state = states.load(storage, model)
    mark = marks.load(storage, model)
    try:
        done = outbox.carry_out(state, registry, runs, model)
        if done:
            states.save(storage, model, state)
        if state.etag is not None and state.quarantine != quarantine.load(storage, model).revision:
            # Truths count that did not, or the other way round: the same as a state that was lost.
            state = State(etag=state.etag)
        place, tend = state.place, partial(_tend, storage, model, mark, state, rules, now=now, settings=runs.settings)
        ledger = cache(lambda: _ledger(storage, model, state, now))
        news = ingest.read(
            storage,
            model,
            mark,
            state,
            now,
            reading=reading,
            ledger=ledger,
            each=lambda rows: counts().add(rows),
            slices=lambda: rules().monitor.slices,
        )
        came = tables.look(storage, registry.clock, model, state.tables)
        try:
            pointer = registry.pointer(model)  # after the logs: it knows whoever made a prediction that was read
        except NotFound:
            if came:
                tables.begin(storage, runs, model)
            raise
        labelled: int | None = None
        if news or pointer.event != state.event or state.alarm or came != state.tables:
            from automl.monitoring import histograms, latencies, redacted
            from automl.monitoring.decide import decide
            from automl.monitoring.scene import Scene

            histograms.keep(state, counts().tallies, now)
            latencies.keep(state, counts().latencies, now)
            scene = Scene(
                registry=registry,
                runs=runs,
                model=model,
                spec=rules(),
                pointer=pointer,
                references=counts().references,
                tables=came,
                mark=mark,
                now=now,
                timer_ns=timer_ns,
            )
            redacted.forget(state, scene)
            labelled = decide(state, scene, ledger(), news)
        if labelled is None:
            if state.place != place:
                states.save(storage, model, state)
            fault = tend(opened=handover.settled())
            return Report(
                model=model, text=NOTHING_NEW, decisions=done, resent=resent, known=state.report, lake=fault
            )
        ledger().write()
        states.save(storage, model, state)
        if state.outbox:
            done += outbox.carry_out(state, registry, runs, model)
            states.save(storage, model, state)
        ledger().tidy()
        if runs.settings.lake == "on":
            handover.give(news.read, mark.moved)
    except states.Lost as error:
        return _renewed(storage, model, state, error)
    except NotFound as error:
        return Report(model=model, text=f"Nothing to watch: {error}", resent=resent)
    except Conflict as error:
        return Report(model=model, text=f"This pass stopped. {error}", resent=resent, stopped=True)
    report = Report(
        model=model,
        text="",
        truths=len(news.truths),
        predictions=news.predictions,
        labelled=labelled,
        decisions=done,
        resent=resent,
        known=state.report,
        lake=None if news.more else tend(opened=handover.settled()),
        more=news.more,
    )
    return replace(report, text=report.sentence())


def _renewed(storage: Storage, model: str, state: State, lost: states.Lost) -> Report:
    """The report of a step that has found what its state names to be gone; the next one begins anew."""
    try:
        states.renew(storage, model, state, lost)
    except Conflict as error:
        return Report(model=model, text=f"This pass stopped. {error}", stopped=True)
    _log.warning("The monitor of model %s reads the whole log again: %s", model, lost)
    return Report(model=model, text=NOTHING_NEW, more=True)


def _tend(
    storage: Storage,
    model: str,
    mark: Mark,
    state: State,
    rules: Callable[[], Spec],
    *,
    now: datetime,
    settings: Settings,
    opened: Mapping[Kind, Table],
) -> str | None:
    """Bring the lake up to date; why that failed, if it did. What the pass has decided stands either way.

    Parameters
    ----------
    opened
        Tables that this pass has opened before.
    """
    today, is_on = f"{now:%Y-%m-%d}", settings.lake == "on"
    is_done = mark.is_current(state.place, today) if is_on else mark.tended == today
    if is_done or not state.since_hour:
        return None
    try:
        from automl.monitoring import retention
        from automl.monitoring.tending import tend

        keep = rules().keep
        if mark.tended != today:
            retention.expire(storage, model, mark, keep, now, lake=settings.lake)
            if keep.days is not None or keep.features_days is not None:
                opened = {}  # they may be other tables now
        if is_on:
            most = retention.log_days(keep, settings.log_keep_days)
            tend(storage, model, mark, state, now, keep_days=most, opened=opened)
        else:
            mark.tended = today
            marks.save(storage, model, mark)
    except Conflict as error:
        return f"{error} It goes on with the lake."
    except Exception as error:  # noqa: BLE001  (whatever is wrong with the lake, models are judged)
        _log.error("The lake of model %s was not brought up to date.", model, exc_info=error)
        return f"{type(error).__name__}: {error}"
    return None


def _ledger(storage: Storage, model: str, state: State, now: datetime) -> Ledger:
    """What is kept beside a state; made when it is first asked for, as it imports numpy."""
    from automl.monitoring.ledger import Ledger

    return Ledger(storage, model, state, now)


def _counter(registry: Registry, model: str, rules: Callable[[], Spec]) -> Callable[[], Counts]:
    """Gives the counts of one pass, made when they are first asked for: they import numpy."""

    @cache
    def counts() -> Counts:
        from automl.monitoring.drift_counts import Counts
        from automl.monitoring.drift_reference import References

        return Counts(References(registry, model), rules().monitor.redact)

    return counts
