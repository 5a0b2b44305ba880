"""Points and spans as OpenTelemetry's own data. The only importer of its SDK.

The SDK's pipeline of instruments and readers is not used: it wants every single measurement. What is built here is
its data model, which each of its exporters takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.metrics import export as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from automl.telemetry.meter import Point
from automl.telemetry.tracing import Span

_SCOPE = InstrumentationScope("evergreen")


def metrics_data(points: Sequence[Point], resource: Resource, begun_ns: int, now_ns: int) -> sdk.MetricsData:
    """Increases since `begun_ns`, and gauges at `now_ns`, both Unix nanoseconds."""
    metrics = [_metric(point, begun_ns, now_ns) for point in points]
    scope = sdk.ScopeMetrics(scope=_SCOPE, metrics=metrics, schema_url="")
    return sdk.MetricsData(resource_metrics=[sdk.ResourceMetrics(resource, [scope], "")])


def readable(span: Span, resource: Resource) -> ReadableSpan:
    """A span as exporters take it."""
    status = Status(StatusCode.ERROR, span.failure) if span.failure else Status(StatusCode.OK)
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace, span.identity, remote=False),
        parent=_context(span.trace, span.parent, remote=True) if span.parent else None,
        resource=resource,
        attributes=dict(span.attributes),
        kind=SpanKind.INTERNAL,
        instrumentation_scope=_SCOPE,
        status=status,
        start_time=span.begun_ns,
        end_time=span.ended_ns,
    )


def _metric(point: Point, begun_ns: int, now_ns: int) -> sdk.Metric:
    metric = point.metric
    attributes = dict(zip(metric.dimensions, point.dimensions, strict=True))
    number = sdk.NumberDataPoint(attributes, begun_ns, now_ns, point.total)
    delta = sdk.AggregationTemporality.DELTA
    data: sdk.Sum | sdk.Gauge | sdk.Histogram
    if metric.kind == "counter":
        data = sdk.Sum(data_points=[number], aggregation_temporality=delta, is_monotonic=True)
    elif metric.kind == "gauge":
        data = sdk.Gauge(data_points=[number])
    else:
        spread = sdk.HistogramDataPoint(
            attributes=attributes,
            start_time_unix_nano=begun_ns,
            time_unix_nano=now_ns,
            count=point.count,
            sum=point.total,
            bucket_counts=[point.count],
            explicit_bounds=[],
            min=point.least,
            max=point.most,
        )
        data = sdk.Histogram(data_points=[spread], aggregation_temporality=delta)
    return sdk.Metric(name=metric.name, description=metric.text, unit=metric.unit, data=data)


def _context(trace: str, identity: str, *, remote: bool) -> SpanContext:
    return SpanContext(int(trace, 16), int(identity, 16), is_remote=remote, trace_flags=TraceFlags.get_default())
