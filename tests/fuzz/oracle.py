"""What every answer has to be, whatever was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tests.fuzz import accepted, documented, forms, refused
from tests.fuzz.broken import Broken
from tests.fuzz.sent import Answer, Sent
from tests.fuzz.tally import Tally
from tests.fuzz.world import World


def check(world: World, crowd: Sequence[Sent], tally: Tally, *, is_compared: bool = True) -> None:
    """Send requests in one turn of the event loop, judge their answers and count them.

    Parameters
    ----------
    is_compared
        Whether the rows of the first, if it was accepted, are sent in other forms, too.

    Raises
    ------
    Broken
        Saying what is wrong with the answer to which body.
    """
    answers = world.send(*crowd)
    for sent, answer in zip(crowd, answers, strict=True):
        try:
            judge(sent, answer, tally, knows=world.serving.ids.check)
        except Exception as error:
            raise Broken(f"{error}\n  model {sent.model}, {dict(sent.headers)}: {sent.plain[:2_000]!r}") from error
    if is_compared and answers[0].status == 200:
        [alone] = world.send(crowd[0])
        if alone.status != 200 or not accepted.is_close(
            accepted.read(crowd[0], answers[0]), accepted.read(crowd[0], alone)
        ):
            raise Broken(f"in a crowd another answer than alone: {answers[0].body[:300]!r}, {alone.body[:300]!r}")
        _compare(world, crowd[0], alone, tally)


def judge(sent: Sent, answer: Answer, tally: Tally, *, knows: Callable[[str, str], object]) -> None:
    """Judge and count an answer.

    Parameters
    ----------
    knows
        Raises for a prediction id that was not given out for a model.
    """
    tally.tried += 1
    tally.statuses[str(answer.status)] += 1
    if answer.status not in documented.statuses(sent.function):
        raise Broken(f"a status that no document has: {answer.status} {answer.body[:300]!r}")
    if sent.status not in (None, answer.status):
        raise Broken(f"expected status {sent.status}, got {answer.status} {answer.body[:500]!r}")
    if answer.status == 200:
        tally.accepted += 1
        tally.forms[accepted.form_of(sent, answer, knows)] += 1
    else:
        refused.count(sent, answer, tally)


def _compare(world: World, sent: Sent, answer: Answer, tally: Tally) -> None:
    """Send the rows of an accepted JSON body in another form: the answer must be the same to the last bit."""
    if sent.function == "v2_infer":
        records: forms.Records = sent.records or ()
        bodies = {"instances": "application/json"} if records else {}
    elif sent.media == "text/csv" or sent.function == "invocations":
        bodies, records = {}, []
    else:
        value = accepted.strictly(sent.plain)
        records, usual = forms.records_of(value), forms.form_of(value)
        others = [form for form in forms.JSON_FORMS if form != usual]
        bodies = {others[tally.compared % len(others)]: "application/json"}
        if all(map(forms.is_same_in_csv, records)):
            bodies["csv"] = "text/csv"
    for form, media in bodies.items():
        text = forms.as_csv(records) if form == "csv" else json.dumps(forms.body(form, records))
        plain = text.encode()
        if len(plain) > world.serving.core.settings.max_body_bytes:
            continue
        other = Sent(model=sent.model, body=plain, plain=plain, headers={"content-type": media})
        [again] = world.send(other)
        if again.status != 200 or not accepted.is_same(accepted.read(sent, answer), accepted.read(other, again)):
            raise Broken(f"as {form} the same rows get another answer: {again.body[:300]!r} for {plain[:300]!r}")
        tally.compared += 1
