"""The queue: a run, a monitor pass, a file that was dropped, an erasure, or a model to remove."""

from __future__ import annotations

import azure.functions as func
import orjson

from functions import orders, parts
from functions.http import routes

blueprint = routes()


@blueprint.queue_trigger(arg_name="message", queue_name="%EVERGREEN_TRAIN_QUEUE%", connection="EVERGREEN_STORAGE")
def work_on_queue(message: func.QueueMessage) -> None:
    """Do what a message asks for. A message that always fails ends in the poison queue.

    Raises
    ------
    ValueError
        The message is none of ours.
    """
    orders.work_on(orjson.loads(message.get_body()), parts.core())
