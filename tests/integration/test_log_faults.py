"""The log over storage that refuses calls, loses answers and is slow, through the real SDK."""

from __future__ import annotations

import asyncio
import re

import pytest
from azure.core.pipeline.transport import HttpTransport

from automl.azure_storage import AzureStorage
from automl.log.writer import AppendLog
from automl.settings import Settings
from automl.storage import LOG
from tests.support.clock import FixedClock
from tests.support.fault_proxy import WAYS, Faults, fault_proxy

RECORDS = 40


async def test_what_fails_once_is_there_once_and_nobody_waits_long(
    azurite_connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(HttpTransport, "sleep", lambda _, seconds: pauses.append(seconds))
    direct = AzureStorage(Settings(storage=azurite_connection))
    direct.create_containers()
    found = re.search(r"BlobEndpoint=http://127\.0\.0\.1:(\d+)", azurite_connection)
    assert found is not None
    faults = Faults(path="/devstoreaccount1/log/faults/", every=3, slow_s=0.0)
    async with fault_proxy(int(found[1]), faults) as port:
        settings = Settings(storage=azurite_connection.replace(f":{found[1]}/", f":{port}/"))
        log = AppendLog(AzureStorage(settings), FixedClock(), settings, "predictions")
        lines = [b'{"n":%d}\n' % number for number in range(RECORDS)]
        for line in lines:
            await log.append("faults", line)
    assert set(faults.done) == set(WAYS)
    stored = await asyncio.to_thread(
        lambda: b"".join(direct.get_from(LOG, info.name, 0) for info in direct.find(LOG, "faults/"))
    )
    assert sorted(filter(None, stored.split(b"\n"))) == sorted(line.strip() for line in lines)
    assert log.lost == 0
    assert pauses
    assert max(pauses) < 0.05  # the first repetition of a call has always been enough
