"""What `monitor.redact` may name: a misspelt column would go on being logged under its right name."""

from __future__ import annotations

import difflib

import orjson

from automl.errors import InvalidInput, NotFound, Problem
from automl.registry import Registry
from automl.signature import Signature
from automl.spec import Spec

FIELD = "monitor.redact"


def check(registry: Registry, spec: Spec) -> None:
    """Refuse what cannot be kept out of the log. Raises InvalidInput, with the nearest name that can.

    What may be named is what the model's versions in service read and what the spec itself names. Before there is a
    version nothing is known; training then asks the same of its table.
    """
    redact = spec.monitor.redact
    problems = [
        Problem(
            field="monitor.slices",
            expected="columns that are logged",
            got=f"'{name}', which {FIELD} keeps out of the log",
            remedy="Take it out of one of the two.",
        )
        for name in spec.monitor.slices
        if name in redact
    ]
    known = _known(registry, spec) if redact else set()
    for name in redact:
        if name == spec.target:
            remedy = "Leave it out: answers and truth are what the monitor works with."
            problems.append(Problem(field=FIELD, expected="features or the key", got="the target", remedy=remedy))
        elif known and name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            remedy = f"Did you mean '{near[0]}'?" if near else "Name the type of a column to come in columns.types."
            got = f"'{name}', which this model does not read"
            problems.append(Problem(field=FIELD, expected="features or the key", got=got, remedy=remedy))
    if problems:
        raise InvalidInput.of(problems)


def _known(registry: Registry, spec: Spec) -> set[str]:
    """The columns of the versions in service and those that the spec names; none where there is no version."""
    try:
        pointer = registry.pointer(spec.name)
    except NotFound:
        return set()
    columns = spec.columns
    known = {*columns.drop, *columns.types} | {name for name in (columns.key, columns.time) if name}
    for version in filter(None, (pointer.champion, pointer.challenger, pointer.previous)):
        signature = Signature.from_json(orjson.loads(registry.file(spec.name, version, "signature.json")))
        known |= {feature.name for feature in signature.features} | signature.ignored.keys()
    return known
