"""The line to Application Insights, by Microsoft's exporter for OpenTelemetry."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from automl.telemetry.meter import Meter, Point
from automl.telemetry.sender import Sender
from automl.telemetry.tracing import Span, Tracer

CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
"""Names Application Insights. Without it nothing is sent, and nothing of OpenTelemetry is imported."""

UNASKED = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
)
"""What keeps the exporter from reporting on its own use, to its maker and beside the app's metrics, and from asking
for settings. Each is a thread, and traffic that nobody asked for; whoever wants it sets them to `false`."""


def begin(meter: Meter, tracer: Tracer, environ: Mapping[str, str]) -> Sender | None:
    """Begin to send, where the environment says where to."""
    if not environ.get(CONNECTION):
        return None
    role = environ.get("WEBSITE_SITE_NAME") or "evergreen"
    return Sender(meter, tracer, partial(ApplicationInsights, environ[CONNECTION], role))


class ApplicationInsights:
    """Sends to one Application Insights.

    Parameters
    ----------
    connection
        Its connection string. The exporter takes the app's identity where `APPLICATIONINSIGHTS_AUTHENTICATION_STRING`
        asks for one.
    role
        Who this is: the name of the app, as the host's own telemetry has it.
    options
        Of the exporters, for tests.
    """

    def __init__(self, connection: str, role: str, **options: Any) -> None:
        for name in UNASKED:
            os.environ.setdefault(name, "true")
        from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter
        from opentelemetry.sdk.resources import Resource

        self._metrics = AzureMonitorMetricExporter(connection_string=connection, **options)
        self._traces = AzureMonitorTraceExporter(connection_string=connection, **options)
        self._resource = Resource({"service.name": role, "service.instance.id": platform.node()})

    def send(self, points: Sequence[Point], spans: Sequence[Span], begun_ns: int, now_ns: int) -> None:
        from automl.telemetry.convert import metrics_data, readable

        if points:
            self._metrics.export(metrics_data(points, self._resource, begun_ns, now_ns))
        if spans:
            self._traces.export([readable(span, self._resource) for span in spans])
