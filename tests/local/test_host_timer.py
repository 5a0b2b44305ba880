"""Timer functions under the local host, on Azurite."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from azure.storage.blob import BlobClient, ContainerClient

from infra.local.host.listeners import HOST_CONTAINER
from tests.local.conftest import APP
from tests.support.host import Host, host
from tests.support.waiting import until

Environ = dict[str, str]
EVERY_SECOND = {"TICKS": "* * * * * *"}
NEVER = {"TICKS": "0 0 0 29 2 *"}


def status(environ: Environ) -> BlobClient:
    name = f"timers/{environ['AzureFunctionsWebHost__hostid']}/clockwork/status"
    return BlobClient.from_connection_string(environ["AzureWebJobsStorage"], HOST_CONTAINER, name)


def remember(environ: Environ, **times: datetime | None) -> None:
    container = ContainerClient.from_connection_string(environ["AzureWebJobsStorage"], HOST_CONTAINER)
    with container:
        if not container.exists():
            container.create_container()
    with status(environ) as blob:
        blob.upload_blob(json.dumps({name: time and time.isoformat() for name, time in times.items()}))


def test_a_timer_ticks_on_its_schedule_and_remembers_its_last_run(environ: Environ) -> None:
    with host(APP, environ | EVERY_SECOND) as running:
        ticks = [running.sees("tick") for _ in range(3)]
        assert [tick["past_due"] for tick in ticks] == [False] * 3
        due = [datetime.fromisoformat(tick["status"]["Next"]) for tick in ticks]
        assert all(later > earlier for earlier, later in pairwise(due))
        assert all(moment.microsecond == 0 for moment in due)
        assert ticks[1]["status"]["Last"] is not None
        running.end()
    with status(environ) as blob:
        kept = json.loads(blob.download_blob().readall())
    assert datetime.fromisoformat(kept["Last"]) >= due[1]


def test_a_span_is_a_schedule_too(environ: Environ) -> None:
    with host(APP, environ | {"TICKS": "00:00:01"}) as running:
        assert running.sees("tick")["past_due"] is False


def test_run_on_startup_runs_at_start_and_not_past_due(environ: Environ) -> None:
    with host(APP, environ) as running:
        assert running.sees("started")["past_due"] is False


def test_a_missed_tick_runs_late_exactly_once(environ: Environ) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3650)
    remember(environ, Last=long_ago, Next=long_ago, LastUpdated=long_ago)
    with host(APP, environ | NEVER) as first:
        assert first.sees("tick")["past_due"] is True
        first.end()
        assert _ticks(first) == 1
    with status(environ) as blob:
        assert datetime.fromisoformat(json.loads(blob.download_blob().readall())["Last"]) > long_ago
    assert _ticks_of_a_settled_host(environ) == 0


def test_a_tick_missed_before_the_first_run_is_made_good(environ: Environ) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3650)
    remember(environ, Last=None, Next=long_ago, LastUpdated=long_ago)
    with host(APP, environ | NEVER) as running:
        assert running.sees("tick")["past_due"] is True


def test_nothing_is_late_when_the_last_run_was_on_time(environ: Environ) -> None:
    now = datetime.now(UTC)
    remember(environ, Last=now, Next=now + timedelta(days=1), LastUpdated=now)
    assert _ticks_of_a_settled_host(environ) == 0


def test_one_host_holds_a_timer_and_another_takes_over_when_it_stops(environ: Environ) -> None:
    with host(APP, environ | EVERY_SECOND) as first:
        first.sees("tick")
        with host(APP, environ | EVERY_SECOND) as second:
            for _ in range(3):
                first.sees("tick")
            first.end()
            tick = second.sees("tick")
    ticks = [json.loads(line[5:]) for line in first.output if line.startswith('SEEN {"tick"')]
    last_of_first = max(datetime.fromisoformat(each["status"]["Next"]) for each in ticks)
    assert datetime.fromisoformat(tick["status"]["Next"]) > last_of_first


def _ticks_of_a_settled_host(environ: Environ) -> int:
    """Start a host whose next tick is years away, and count its ticks once it has written down when that is."""
    before = datetime.now(UTC)
    with host(APP, environ | NEVER) as running, status(environ) as blob:

        def is_settled() -> bool:
            kept = json.loads(blob.download_blob().readall())
            return datetime.fromisoformat(kept["LastUpdated"]) > before

        until(is_settled, "the status of the timer")
        running.end()
    return _ticks(running)


def _ticks(running: Host) -> int:
    return sum(line.startswith('SEEN {"tick"') for line in running.output)
