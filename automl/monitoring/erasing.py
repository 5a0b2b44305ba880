"""The erasures of a model carried out: look by look, until one that began late enough finds nothing any more.

What an hour of the log still open holds cannot be changed, and a pass that read a line before it went may store what
follows from it a moment later. So there is one look at once and one when all that is from before the request can be
changed; where that finds more, another. Whoever dies in between leaves places that are found empty by the next.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from automl import erasures, events
from automl.erasures import Receipt, Request
from automl.errors import Conflict, NotFound
from automl.events import Clock, iso
from automl.log import rewriting
from automl.monitoring import remaining, sent_tables
from automl.monitoring.erased import Target, places, seen
from automl.registry import Registry

AGAIN = timedelta(minutes=10)
"""When a late look that still found something is followed by another: what was under way has ended then."""

_log = logging.getLogger(__name__)


def carry_out(registry: Registry, clock: Clock, model: str) -> list[Receipt]:
    """Take every erasure of a model that is due one look further; one that fails is logged and due at once again."""
    done: list[Receipt] = []
    for request in erasures.open_requests(registry.storage, model):
        try:
            receipt = _look(registry, clock, model, request)
        except Conflict as error:
            _log.info("The erasure %s of model %s goes on later: %s", request.id, model, error)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one place, the timer goes on)
            _log.error("The erasure %s of model %s was broken off.", request.id, model, exc_info=error)
        else:
            done += [receipt] if receipt is not None else []
    return done


def _look(registry: Registry, clock: Clock, model: str, request: Request) -> Receipt | None:
    storage, now = registry.storage, clock()
    try:
        receipt = erasures.find(storage, model, request.id)
    except NotFound:  # who took the request died before its receipt
        receipt = erasures.save(storage, model, erasures.receipt_of(storage, request))
    if receipt.due is None:
        erasures.close(storage, model, request)
        return None
    if datetime.fromisoformat(receipt.due) > now:
        return None
    rewriting.resume(storage, model)
    until_ms = round(datetime.fromisoformat(request.at).timestamp() * 1000)
    target = Target(storage=storage, model=model, key=request.key, ids=frozenset(), until_ms=until_ms)
    predicted = seen(target)
    known = predicted.ids.union(request.ids)
    if known != set(request.ids):
        request = erasures.remember(storage, model, replace(request, ids=tuple(sorted(known))))
    target = replace(target, ids=known)
    if receipt.status == "asked":
        versions = remaining.in_versions(registry, target)
        receipt = erasures.save(storage, model, replace(receipt, status="pending", versions=versions))
    begun = {_place(name) for name in receipt.found or {}}
    sent = sent_tables.look(target, clock)
    for place in chain(places(target, predicted.logged, now), [sent.place]):
        if place.rows:
            found = dict(receipt.found or {})
            for part, rows in place.rows.items():
                name = f"{place.name}/{part}"
                found[name] = max(rows, found.get(name, 0))  # nothing is left where a look was broken off behind it
            receipt = erasures.save(storage, model, replace(receipt, found=found))
        if place.rows or place.name in begun:
            place.erase()
    receipt = replace(receipt, uploads=dict.fromkeys(sent.unreadable))
    after = _ended(receipt, erasures.closes(request), now)
    if after.status == "done":
        evidence = {"key": after.id, "rows": dict(after.rows)}
        text = f"Erasure {after.id} of model {model} is done. {after.text}"
        events.write_once(storage, clock, model, kind="erasure", text=text, evidence=evidence)
    saved = erasures.save(storage, model, after)
    if saved.status == "done":
        erasures.close(storage, model, request)
    return saved


def _ended(receipt: Receipt, closes: datetime, now: datetime) -> Receipt:
    """The receipt once a look has come to its end."""
    found = receipt.found or {}
    rows = Counter(receipt.rows)
    for name, count in found.items():
        rows[_place(name)] += count
    is_done = now >= closes and not found
    due = None if is_done else iso(max(closes, now + AGAIN))
    after = replace(
        receipt, rows=dict(sorted(rows.items())), found=None, due=due, finished=iso(now) if is_done else None
    )
    return replace(after, status="done" if is_done else "pending", text=_sentence(after))


def _place(found: str) -> str:
    """The place of a part: `lake/truth` of `lake/truth/2026-11-20`, `monitor` of `monitor/state`."""
    kind, _, rest = found.partition("/")
    return f"{kind}/{rest.partition('/')[0]}" if kind in ("log", "lake") else kind


def _sentence(receipt: Receipt) -> str:
    told = ", ".join(f"{count:,} in {name}" for name, count in receipt.rows.items()) or "none was found"
    text = f"Rows erased: {told}. "
    if receipt.due is not None:
        text += f"The log of the last hours is still written, so it is looked at again at {receipt.due}. "
    else:
        text += "Nothing is found any more. "
    if receipt.uploads:
        names = ", ".join(f"'{name}'" for name in receipt.uploads)
        text += f"Tables that cannot be read may have rows of the key: {names}. Only their owner can replace them. "
    if receipt.versions:
        names = ", ".join(str(one["version"]) for one in receipt.versions)
        text += f"Versions that learned from its rows stay as they are: {names}."
    return text.rstrip()
