"""One queue message while it is being handled: its bytes, its lease, its end. Methods block (they call storage)."""

from __future__ import annotations

import base64
import binascii
import logging
from typing import Any

import azure.functions.queue
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.queue import QueueClient
from azure.storage.queue import QueueMessage as Stored

log = logging.getLogger(__name__)


_make: Any = azure.functions.queue.QueueMessage  # its constructor has no type hints


class Undecodable(Exception):
    """The text of a message is not what `messageEncoding` says it is."""


class LeasedMessage:
    """A message that nobody else sees for `lease_s` seconds after each renewal.

    Every renewal changes the pop receipt that the next call needs, so calls must not overlap.
    """

    def __init__(self, queue: QueueClient, stored: Stored, *, lease_s: int) -> None:
        self._queue = queue
        self._stored = stored
        self._lease_s = lease_s
        self.id = str(stored.id)
        self.dequeue_count = int(stored.dequeue_count or 0)

    def decoded(self, *, is_base64: bool) -> azure.functions.QueueMessage:
        """The message as a handler gets it.

        Raises
        ------
        Undecodable
            When it should be base64 and is not.
        """
        stored = self._stored
        body = str(stored.content).encode()
        if is_base64:
            try:
                body = base64.b64decode(body, validate=True)
            except binascii.Error as error:
                raise Undecodable(f"message {self.id} is not base64: {error}") from error
        message: azure.functions.QueueMessage = _make(
            id=self.id,
            body=body,
            dequeue_count=self.dequeue_count,
            expiration_time=stored.expires_on,
            insertion_time=stored.inserted_on,
            time_next_visible=stored.next_visible_on,
            pop_receipt=stored.pop_receipt,
        )
        return message

    def renew(self) -> bool:
        """Stay invisible for a whole lease more; False when the message is not ours any more."""
        return self._show_after(self._lease_s)

    def give_back(self, after_s: float) -> None:
        """Let it be delivered again after so many seconds."""
        self._show_after(int(after_s))

    def delete(self) -> None:
        """Take it off the queue for good."""
        try:
            self._queue.delete_message(self._stored)
        except HttpResponseError as error:
            if not _is_lost(error):
                raise
            log.warning("Message %s was delivered again while its handler ran, and will be handled again.", self.id)

    def poison(self, poison: QueueClient) -> None:
        """Move it, as it came, to the queue for messages that cannot be handled."""
        try:
            poison.create_queue()
        except ResourceExistsError:
            log.debug("The queue %s exists.", poison.queue_name)
        poison.send_message(self._stored.content)
        self.delete()

    def _show_after(self, seconds: int) -> bool:
        try:
            self._stored = self._queue.update_message(self._stored, visibility_timeout=seconds)
        except HttpResponseError as error:
            if not _is_lost(error):
                raise
            log.warning("The lease of message %s was lost: another handler may get it.", self.id)
            return False
        return True


def _is_lost(error: HttpResponseError) -> bool:
    """Whether an answer means that the message was deleted or is leased by somebody else."""
    return error.status_code == 404 or "PopReceiptMismatch" in str(error)
