"""Truth that is held back is seen, released and dropped over HTTP."""

from __future__ import annotations

import pytest

from automl import events, quarantine
from automl.quarantine import HOUR_MS, Entry, Quarantine, entry_id
from tests.functions.conftest import Client
from tests.support.models import ROW


async def held(client: Client) -> str:
    """Three truths that came, and their hour held back; the name of the entry."""
    answer = await client("score", {"dataframe_records": [ROW] * 3})
    truths = [
        {"id": one, "truth": label}
        for one, label in zip(answer.json["prediction_ids"], (">50K", ">50K", "<=50K"), strict=True)
    ]
    assert (await client("truth", {"truths": truths})).json["accepted"] == 3
    since_ms = round(client.clock().timestamp() * 1000) // HOUR_MS * HOUR_MS
    entry = Entry(
        id=entry_id(since_ms),
        since_ms=since_ms,
        until_ms=since_ms + HOUR_MS,
        reasons=("flood",),
        text="Three truths came.",
        at=events.iso(client.clock()),
    )
    quarantine.save(client.storage, "adult", Quarantine(entries=(entry,), revision=1))
    return entry.id


async def test_what_is_held_is_listed_with_its_reason(adult: Client) -> None:
    assert (await adult("list_quarantine")).json == {"quarantine": []}
    name = await held(adult)
    [entry] = (await adult("list_quarantine")).json["quarantine"]
    assert (entry["id"], entry["status"], entry["reasons"]) == (name, "held", ["flood"])
    assert entry["text"] == "Three truths came."


async def test_what_is_held_is_shown_as_it_came(adult: Client) -> None:
    name = await held(adult)
    shown = (await adult("get_quarantine", entry=name)).json
    assert shown["truths"] == 3
    assert shown["values"] == [{"truth": ">50K", "count": 2}, {"truth": "<=50K", "count": 1}]
    assert [truth["truth"] for truth in shown["first"]] == [">50K", ">50K", "<=50K"]


@pytest.mark.parametrize(("order", "status", "counts"), [("release", "released", True), ("drop", "dropped", False)])
async def test_held_truth_is_settled_with_a_reason(adult: Client, order: str, status: str, counts: bool) -> None:
    name = await held(adult)
    answer = await adult("settle_quarantine", {"do": order, "reason": "It was the backlog."}, entry=name)
    assert answer.status == 200
    assert answer.json["entry"]["status"] == status
    assert answer.json["event"]["kind"] == f"quarantine-{status}"
    assert answer.json["event"]["text"].endswith("It was the backlog.")
    known = quarantine.load(adult.storage, "adult")
    assert [not known.holds(truth) for truth in adult.logged("truth")] == [counts] * 3
    assert (await adult("settle_quarantine", {"do": order}, entry=name)).status == 200
    other = "drop" if order == "release" else "release"
    assert (await adult("settle_quarantine", {"do": other}, entry=name)).status == 409


@pytest.mark.parametrize(
    "body", [{}, {"do": "keep"}, {"do": {}}, {"do": "drop", "reason": 1}, {"do": "drop", "why": "x"}]
)
async def test_order_that_is_none_is_refused(adult: Client, body: dict[str, object]) -> None:
    name = await held(adult)
    answer = await adult("settle_quarantine", body, entry=name)
    assert answer.status == 400
    assert "expected release or drop" in answer.json["detail"]


@pytest.mark.parametrize("function", ["get_quarantine", "settle_quarantine"])
async def test_entry_that_is_none_is_not_found(adult: Client, function: str) -> None:
    answer = await adult(function, {"do": "drop"} if function == "settle_quarantine" else b"", entry="20200101T00")
    assert answer.status == 404


async def test_model_that_is_none_is_not_found(adult: Client) -> None:
    assert (await adult("list_quarantine", model="nobody")).status == 404
