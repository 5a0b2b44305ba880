"""Erasures taken further by the training role: at their message, and with each tick of the timer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from automl import erasures
from functions.logs import OneLine

if TYPE_CHECKING:
    from automl.bootstrap import Core

logger = logging.getLogger("evergreen.erasures")
logger.addFilter(OneLine())


def take_further(core: Core, model: str) -> None:
    """Do what is due of a model's erasures, and log each receipt. Nothing heavy is imported while none is open."""
    if not erasures.is_open(core.storage, model):
        return
    from automl.monitoring import erasing

    for receipt in erasing.carry_out(core.registry, core.clock, model):
        logger.info("Erasure %s of model %s: %s", receipt.id, model, receipt.text)
