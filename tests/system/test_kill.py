"""kill -9 of every process, at random moments, under load: what was acknowledged is there once, and nothing hangs."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from automl.lake.labelled import labelled_rows
from automl.storage import LOG
from tests.support.generated import as_csv, loans
from tests.support.system import Part, System, system

KILLS = int(os.environ.get("EVERGREEN_TEST_KILLS", "6"))
"""How many moments the default run tries; the figures in the documents come from 20."""
MODEL = "loans"
SPEC = {"name": MODEL, "target": "paid", "search": {"time_budget": 3, "max_iter": 2, "estimator_list": ["lgbm"]}}
AZURITE_SAVES_S = 5.0
"""Azurite writes its own metadata to disk every five seconds; what it took in since is lost with it."""


class Load:
    """Clients that score and send truth until they are told to stop, and remember what they were promised."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.rows = loans(400, seed=1)
        self.scored: dict[str, float] = {}
        self.accepted: dict[str, float] = {}
        self.versions: set[str] = set()
        self._waiting: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(act,)) for act in (self._score, self._truth) * 2]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, act: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self._stop.is_set():
                try:
                    act(client)
                except httpx.TransportError:
                    self._stop.wait(0.05)  # the server was killed; what it did not answer was not promised

    def _score(self, client: httpx.Client) -> None:
        rows = random.sample(self.rows, 3)
        answer = client.post(f"/models/{MODEL}/score", json={"dataframe_records": rows})
        if answer.status_code == 503:
            return
        assert answer.status_code == 200, answer.text
        body = answer.json()
        if not body["logged"]:
            return
        with self._lock:
            self.versions.add(body["version"])
            self.scored.update(dict.fromkeys(body["prediction_ids"], time.time()))
            self._waiting.extend(zip(body["prediction_ids"], [row["paid"] for row in rows], strict=True))

    def _truth(self, client: httpx.Client) -> None:
        with self._lock:
            batch, self._waiting = self._waiting[:20], self._waiting[20:]
        if not batch:
            self._stop.wait(0.02)
            return
        truths = [{"id": identity, "truth": value} for identity, value in batch]
        answer = client.post(f"/models/{MODEL}/truth", json={"truths": truths})
        if answer.status_code == 503:
            return
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"accepted": len(batch), "refused": []}
        with self._lock:
            self.accepted.update((identity, time.time()) for identity, _ in batch)


def logged(running: System, kind: str) -> Counter[str]:
    """How often each id stands in the whole lines of the log."""
    storage = running.core().storage
    counts: Counter[str] = Counter()
    for info in storage.find(LOG, f"{MODEL}/{kind}/"):
        for line in storage.get_from(LOG, info.name, 0).split(b"\n")[:-1]:
            counts[orjson.loads(line)["id"]] += 1
    return counts


@pytest.fixture
def running(tmp_path: Path) -> Any:
    with system(tmp_path, EVERGREEN_RUN_STALE_S="8", EVERGREEN_RUN_ATTEMPTS="40") as made:
        run = made.train(SPEC, as_csv(loans(400)))
        assert run["status"] == "registered", run["message"]
        yield made


def test_killed_hosts_keep_every_promise(running: System) -> None:
    rng = random.Random(7)
    asked: list[str] = []
    with Load(running.url) as load:
        for kill in range(KILLS):
            part: Part = rng.choice(("serve", "train"))
            if kill % 3 == 0:
                asked.append(running.ask("POST", f"/models/{MODEL}/train", json={"upload": "first"})["id"])
            threading.Event().wait(rng.uniform(0.2, 4.0))  # a random moment of scoring, truth, monitor and training
            running.kill(part)
            running.start(part)
            running.wait("the champion to answer", lambda: _answers(running))
    for run_id in asked:
        assert running.ended(MODEL, run_id)["status"] == "registered"

    predictions, truths = logged(running, "predictions"), logged(running, "truth")
    assert len(load.scored) > 100
    assert len(load.accepted) > 100
    assert {identity: predictions[identity] for identity in load.scored} == dict.fromkeys(load.scored, 1)
    assert load.accepted.keys() <= truths.keys()
    joined = Counter(labelled_rows(running.core().storage, MODEL, since_ms=None, until_ms=None).ids)
    assert {identity: joined[identity] for identity in load.accepted} == dict.fromkeys(load.accepted, 1)
    assert load.versions <= set(running.core().registry.versions(MODEL))
    running.wait("the monitor to have seen every label", lambda: running.labelled(MODEL) == len(joined))


def test_a_killed_azurite_loses_only_its_last_seconds(running: System) -> None:
    with Load(running.url) as load:
        threading.Event().wait(AZURITE_SAVES_S + 4)  # long enough that some of it is on disk
        killed_at = time.time()
        running.kill("azurite")
        running.start("azurite")
        running.wait("the champion to answer", lambda: _answers(running))
        threading.Event().wait(2)  # and it goes on
    predictions, truths = logged(running, "predictions"), logged(running, "truth")
    lost = [at for identity, at in load.scored.items() if identity not in predictions]
    lost += [at for identity, at in load.accepted.items() if identity not in truths]
    assert all(killed_at - AZURITE_SAVES_S - 1 <= at <= killed_at + 1 for at in lost)
    assert any(at > killed_at for at in load.scored.values())
    run = running.ask("POST", f"/models/{MODEL}/train", json={"upload": "first"})
    assert running.ended(MODEL, run["id"])["status"] == "registered"


def _answers(running: System) -> bool:
    row = loans(1)[0]
    answer = running.client.post(f"/models/{MODEL}/score", json={"dataframe_records": [row]})
    return answer.status_code == 200 and answer.json()["logged"]
