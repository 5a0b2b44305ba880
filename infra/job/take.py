"""Takes one message under a lease that is renewed while the work goes on, as the Functions runtime would."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

LEASE_S = 300
RENEW_S = 60.0
ATTEMPTS = 5
"""host.json's maxDequeueCount: the message then moves to the poison queue, which an alert watches."""

logger = logging.getLogger("evergreen.job")


def one_message(queues: Any, name: str, work: Callable[[dict[str, Any]], None]) -> int:
    """Work on the next message; the exit code of the job.

    Parameters
    ----------
    queues
        A `QueueServiceClient`.
    work
        Does what a message asks for; what it raises leaves the message to be delivered again.
    """
    queue = queues.get_queue_client(name)
    message = queue.receive_message(visibility_timeout=LEASE_S)
    if message is None:
        logger.info("The queue %s is empty: another execution was first.", name)
        return 0
    if message.dequeue_count > ATTEMPTS:
        queues.get_queue_client(f"{name}-poison").send_message(message.content)
        queue.delete_message(message)
        logger.error("A message of the queue %s failed %d times and was given up.", name, ATTEMPTS)
        return 0
    lease = _Lease(queue, message)
    with lease:
        try:
            work(json.loads(base64.b64decode(message.content)))
        except Exception:  # whatever went wrong, the message must come back and the job must end
            logger.exception("The work on a message of the queue %s failed, attempt %d.", name, message.dequeue_count)
            return 1
    queue.delete_message(lease.message)
    return 0


class _Lease:
    """Keeps a message invisible to others until the block ends; `message` has the newest receipt."""

    def __init__(self, queue: Any, message: Any) -> None:
        self._queue = queue
        self.message = message
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_S):
            try:
                self.message = self._queue.update_message(self.message, visibility_timeout=LEASE_S)
            except Exception:  # the run's own record decides who may go on; a lost lease costs a second delivery
                logger.exception("The lease of a message could not be renewed.")
