"""`python -m infra.job`: one execution of the Container Apps job, with the settings of the training app."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import Any

from automl import bootstrap
from automl.settings import Settings
from functions import orders
from infra.job.take import one_message


def main() -> int:
    """Take a message and work on it; 0 also when there is none, 1 when the work failed and will be tried again."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)
    core = bootstrap.process()
    return one_message(queues(core.settings), core.settings.train_queue, partial(orders.work_on, core=core))


def queues(settings: Settings) -> Any:
    """A client of the queues of the data account."""
    from azure.identity import DefaultAzureCredential
    from azure.storage.queue import QueueServiceClient

    if settings.storage:
        return QueueServiceClient.from_connection_string(settings.storage)
    credential = DefaultAzureCredential(managed_identity_client_id=settings.storage_client_id or None)
    return QueueServiceClient(settings.storage_queue_uri, credential=credential)


if __name__ == "__main__":
    sys.exit(main())
