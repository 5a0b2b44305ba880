"""When a timer last ran, kept in storage so that a tick missed while no host was up is made good."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What Azure, too, remembers of a timer (UTC).

    Parameters
    ----------
    last
        Start of the last run; None before the first.
    next
        When it is due again.
    updated
        When this was written.
    """

    last: datetime | None
    next: datetime
    updated: datetime

    @property
    def base(self) -> datetime:
        """The moment after which the first tick not yet run is looked for."""
        return self.last or self.updated

    def to_json(self) -> dict[str, str | None]:
        """Under Azure's names."""
        return {
            "Last": self.last.isoformat() if self.last else None,
            "Next": self.next.isoformat(),
            "LastUpdated": self.updated.isoformat(),
        }


class StatusBlob:
    """The status of one timer as one small blob; only the host that holds the timer writes it. Methods block."""

    def __init__(self, container: ContainerClient, name: str) -> None:
        self._blob = container.get_blob_client(name)

    def read(self) -> Status | None:
        """The status, None before the first."""
        try:
            document = json.loads(self._blob.download_blob().readall())
        except ResourceNotFoundError:
            return None
        last = document["Last"]
        return Status(
            last=datetime.fromisoformat(last) if last else None,
            next=datetime.fromisoformat(document["Next"]),
            updated=datetime.fromisoformat(document["LastUpdated"]),
        )

    def write(self, status: Status) -> None:
        """Replace the status."""
        self._blob.upload_blob(json.dumps(status.to_json()).encode(), overwrite=True)
