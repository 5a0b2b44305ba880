"""Feeds a queue function: at least once, leased while its handler runs, to `<queue>-poison` after too many tries."""

from __future__ import annotations

import asyncio
import logging
import time

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueServiceClient

from infra.local.host.functions import Function, QueueTrigger
from infra.local.host.host_json import QueueOptions
from infra.local.host.invoking import Invoker
from infra.local.host.messages import LeasedMessage, Undecodable
from infra.local.host.waiting import happens

_SHORTEST_POLL_S = 0.1
"""Pause after the first empty look; it doubles up to `maxPollingInterval`, as in Azure."""

log = logging.getLogger(__name__)


class QueueListener:
    """Calls one queue function for every message.

    Parameters
    ----------
    lease_s
        How long a message stays invisible after each renewal: as long as it takes to come back when this process is
        killed. Azure takes 10 minutes.
    renew_s
        Seconds between renewals.
    """

    def __init__(
        self,
        *,
        function: Function,
        trigger: QueueTrigger,
        options: QueueOptions,
        invoker: Invoker,
        service: QueueServiceClient,
        lease_s: int,
        renew_s: float,
    ) -> None:
        self._function = function
        self._options = options
        self._invoker = invoker
        self._queue = service.get_queue_client(trigger.queue)
        self._poison = service.get_queue_client(f"{trigger.queue}-poison")
        self._lease_s = lease_s
        self._renew_s = renew_s
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Handle messages until told to stop, then wait for those at work; cancelled, it gives them back."""
        pause_s = _SHORTEST_POLL_S
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                if len(self._running) > self._options.new_batch_threshold:
                    await asyncio.wait({stopping, *self._running}, return_when=asyncio.FIRST_COMPLETED)
                elif await self._start_batch():
                    pause_s = _SHORTEST_POLL_S
                else:
                    await happens(stop, pause_s)
                    pause_s = min(pause_s * 2, self._options.max_polling_s)
            await asyncio.gather(*self._running)
        finally:
            stopping.cancel()
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _start_batch(self) -> bool:
        """Start handling what the queue has now; False when it has nothing, or cannot be asked."""
        try:
            messages = await asyncio.to_thread(self._receive)
        except ResourceNotFoundError:
            return False  # the app makes its queue when it needs one; until then it is as good as empty
        except AzureError as error:
            log.warning("Queue %s cannot be reached and is tried again: %s", self._queue.queue_name, error)
            return False
        for message in messages:
            task = asyncio.create_task(self._handle(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return bool(messages)

    def _receive(self) -> list[LeasedMessage]:
        count = self._options.batch_size
        found = self._queue.receive_messages(
            messages_per_page=count, max_messages=count, visibility_timeout=self._lease_s
        )
        return [LeasedMessage(self._queue, stored, lease_s=self._lease_s) for stored in found]

    async def _handle(self, message: LeasedMessage) -> None:
        """See one message to its end. What storage refuses here ends with the lease: the message comes again."""
        started, done = time.monotonic(), asyncio.Event()
        renewing = asyncio.create_task(self._renew(message, done))
        try:
            handled = await self._call(message)
        except asyncio.CancelledError:
            done.set()
            await renewing
            await asyncio.to_thread(message.give_back, 0)
            raise
        done.set()
        await renewing
        try:
            if handled:
                await asyncio.to_thread(message.delete)
                took_s = time.monotonic() - started
                log.info("%s: message %s handled in %.1f s", self._function.name, message.id, took_s)
            elif message.dequeue_count >= self._options.max_dequeue_count:
                await asyncio.to_thread(message.poison, self._poison)
                log.error("Message %s was moved to %s", message.id, self._poison.queue_name)
            else:
                await asyncio.to_thread(message.give_back, self._options.retry_after_s)
        except AzureError as error:
            log.warning("The end of message %s could not be stored, it will come again: %s", message.id, error)

    async def _call(self, message: LeasedMessage) -> bool:
        """Call the handler; whether it took the message."""
        name, attempt = self._function.name, message.dequeue_count
        if attempt > self._options.max_dequeue_count:
            log.error("%s: message %s killed its handler %d times", name, message.id, attempt - 1)
            return False
        log.info("%s: message %s, attempt %d", name, message.id, attempt)
        try:
            decoded = message.decoded(is_base64=self._options.base64)
            await self._invoker.call(self._function, decoded)
        except Undecodable:
            log.exception("%s: message %s cannot be read", name, message.id)
            message.dequeue_count = self._options.max_dequeue_count  # it will not get better
            return False
        except Exception:  # the border of the app
            log.exception("%s: message %s, attempt %d failed", name, message.id, attempt)
            return False
        return True

    async def _renew(self, message: LeasedMessage, done: asyncio.Event) -> None:
        while not await happens(done, self._renew_s):
            try:
                if not await asyncio.to_thread(message.renew):
                    return
            except AzureError as error:
                log.warning("The lease of message %s could not be renewed now: %s", message.id, error)
