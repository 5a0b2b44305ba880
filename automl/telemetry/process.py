"""The telemetry of one process: what counts, what traces, and who sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from automl.telemetry import azure
from automl.telemetry.meter import Meter
from automl.telemetry.sender import Sender
from automl.telemetry.tracing import Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """A meter and a tracer, and a sender where there is somebody to send to."""

    meter: Meter = field(default_factory=Meter)
    tracer: Tracer = field(default_factory=Tracer)
    sender: Sender | None = None

    @classmethod
    def begin(cls, environ: Mapping[str, str]) -> Telemetry:
        """The telemetry that the environment asks for."""
        meter, tracer = Meter(), Tracer()
        return cls(meter=meter, tracer=tracer, sender=azure.begin(meter, tracer, environ))

    def flush(self) -> None:
        """Send what was measured, at the end of work that an instance may not outlive."""
        if self.sender is not None:
            self.sender.flush()
