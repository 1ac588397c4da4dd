"""Traces: one from the sender's call to the recipient's status, through calls and events (W3C Trace Context).

Without an exporter nothing is recorded, but the trace's identity travels all the same: what a caller sends in
`traceparent` stands on the events that follow from it, and a call without one gets a new one.
"""

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"

LAST_SECONDS = 3.0
"""How long the end waits for a collector: one that hangs keeps nobody from ending."""

_PROPAGATOR = TraceContextTextMapPropagator()
_VERSION_AND_FLAGS = ("00", "00")
"""A new identity is not sampled: nobody records it."""


class Tracing:
    """Records spans when an exporter is configured."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None

    def configure(self, endpoint: str, *, secure: bool) -> None:
        """Begins to export spans.

        Args:
            endpoint: Address of an OTLP collector (gRPC); empty records nothing.
            secure: Whether the connection to it uses TLS.
        """
        if not endpoint:
            return
        self._provider = TracerProvider(resource=Resource.create({"service.name": "lienthong"}))
        # Loaded only when it is wanted: it takes a fifth of a second.
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=not secure)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("lienthong")

    def shutdown(self) -> None:
        """Exports what is left, as far as the collector takes it in time, and ends."""
        if self._provider is not None:
            last = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
            last.start()
            last.join(LAST_SECONDS)
        self._provider = self._tracer = None

    @contextmanager
    def span(
        self, name: str, traceparent: str, kind: SpanKind, attributes: Mapping[str, str] | None = None
    ) -> Iterator[str]:
        """Records a span, and gives the `traceparent` for what follows from it.

        Args:
            name: Of the span.
            traceparent: From whom it follows; empty begins a trace.
            kind: Server, consumer or producer.
            attributes: Facts, never content or secrets.
        """
        if self._tracer is None:
            yield traceparent or new_traceparent()
            return
        parent = _PROPAGATOR.extract({HEADER: traceparent}) if traceparent else None
        with self._tracer.start_as_current_span(name, context=parent, kind=kind, attributes=attributes):
            carrier: dict[str, str] = {}
            _PROPAGATOR.inject(carrier)
            yield carrier.get(HEADER, traceparent)


def new_traceparent() -> str:
    """Makes an identity for a trace that nobody records."""
    version, flags = _VERSION_AND_FLAGS
    return f"{version}-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{flags}"


def trace_of(traceparent: str) -> str:
    """Gives the identity of the trace, for logs; empty when there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == len(("version", "trace", "span", "flags")) else ""


SERVER, CONSUMER = SpanKind.SERVER, SpanKind.CONSUMER
tracing = Tracing()
"""The tracing of this process."""
