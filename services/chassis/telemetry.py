"""Logs as structured lines with tenant, run and trace, spans that cross processes, and secrets out of both."""

import logging
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Tracer
from structlog.typing import EventDict, Processor, WrappedLogger

from services.chassis.scrubbing import Scrubber
from services.chassis.settings import PlatformSettings

# Libraries that tell more at `info` than anybody wants to read.
_QUIET = ("aiokafka", "alembic", "asyncio", "botocore", "httpcore", "httpx", "sqlalchemy", "urllib3", "uvicorn")

# What a library says again and again while a server is away, and the platform says once by itself.
_REPEATED = (
    "Failed fetch messages from",
    "Got error produce response",
    "Group Coordinator Request failed",
    "Heartbeat failed for group",
    "Heartbeat session expired",
    "Marking the coordinator dead",
    "Unable connect to",
    "Unable to request metadata",
    "Unable to update metadata",
)


def configure(settings: PlatformSettings, process: str, scrubber: Scrubber, stream: TextIO = sys.stderr) -> None:
    """Set up this process's logs and spans; once, before anything else runs."""
    _configure_logs(settings, scrubber, stream)
    _configure_spans(settings, process)


def flush() -> None:
    """Send what is waiting: the process is about to end without ceremony."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()
    for handler in logging.getLogger().handlers:
        handler.flush()
    sys.stdout.flush()
    sys.stderr.flush()


def tracer() -> Tracer:
    """The tracer of the platform's own spans."""
    return trace.get_tracer("modulardata")


def inject() -> dict[str, str]:
    """The current trace as headers."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def extract(carrier: Mapping[str, str]) -> Context:
    """The trace that headers speak of."""
    return propagate.extract(carrier)


@contextmanager
def continued(name: str, traceparent: str | None, kind: SpanKind = SpanKind.CONSUMER) -> Iterator[None]:
    """A span inside the trace that something arrived with."""
    parent = extract({"traceparent": traceparent}) if traceparent else None
    with tracer().start_as_current_span(name, context=parent, kind=kind):
        yield


def _configure_logs(settings: PlatformSettings, scrubber: Scrubber, stream: TextIO) -> None:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings.log_format),
                # The last: it sees the line as it leaves, whatever part it came from.
                lambda _logger, _name, line: scrubber.text(str(line)),
            ],
        )
    )
    handler.addFilter(lambda record: not str(record.msg).startswith(_REPEATED))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _renderers(form: str) -> list[Processor]:
    if form == "console":
        # Plain tracebacks: a rich one would print the values of local variables.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]


def _add_trace(_logger: WrappedLogger, _name: str, event: EventDict) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace"] = f"{context.trace_id:032x}"
        event["span"] = f"{context.span_id:016x}"
    return event


def _configure_spans(settings: PlatformSettings, process: str) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": process, "service.namespace": "modulardata"}))
    if settings.otlp_endpoint is not None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
