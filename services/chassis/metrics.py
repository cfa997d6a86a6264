"""Every metric of the platform by name, each with the one sentence that says what it counts. No label is a tenant."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LONG_SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0)

# HTTP
HTTP_REQUESTS = Counter(
    "modulardata_http_requests_total", "Requests answered, by route and status.", ["route", "method", "status"]
)
HTTP_SECONDS = Histogram(
    "modulardata_http_request_seconds", "From a request's head to the end of its answer.", ["route"], buckets=_SECONDS
)
HTTP_IN_FLIGHT = Gauge("modulardata_http_requests_in_flight", "Requests being answered.")
AUTH_REFUSALS = Counter("modulardata_auth_refusals_total", "Requests refused at the door, by status.", ["status"])
IDEMPOTENT_REPLAYS = Counter(
    "modulardata_idempotent_replays_total", "Answers repeated for an Idempotency-Key.", ["service"]
)

# Outbox
OUTBOX_SENT = Counter("modulardata_outbox_sent_total", "Events handed to Kafka and acknowledged.", ["service", "topic"])
OUTBOX_UNSENT = Gauge("modulardata_outbox_unsent", "Events that wait for Kafka.", ["service"])
OUTBOX_AGE = Gauge("modulardata_outbox_oldest_seconds", "Age of the oldest event that waits for Kafka.", ["service"])
OUTBOX_PARKED = Counter("modulardata_outbox_parked_total", "Events set aside that Kafka would not take.", ["service"])

# Events
EVENTS_HANDLED = Counter(
    "modulardata_events_handled_total",
    "Events heard, by outcome: handled, repeated, unknown, dead_letter.",
    ["service", "type", "outcome"],
)
EVENT_SECONDS = Histogram(
    "modulardata_event_handle_seconds", "One event's handler and its transaction.", ["service"], buckets=_SECONDS
)
DEAD_LETTERS = Counter("modulardata_dead_letters_total", "Events set aside, by reason.", ["service", "reason"])
CONSUMER_LAG = Gauge("modulardata_consumer_lag", "Events that wait in a topic for a service.", ["service", "topic"])
CONSUMER_STOPPED = Gauge(
    "modulardata_consumer_stopped", "1 while a consumer stands still because too many events were bad.", ["service"]
)

# Activities
ACTIVITIES = Counter(
    "modulardata_activities_total", "Activity attempts that ended, by outcome.", ["service", "activity", "outcome"]
)
ACTIVITY_SECONDS = Histogram(
    "modulardata_activity_seconds", "One attempt of an activity.", ["service", "activity"], buckets=_LONG_SECONDS
)

# Shaping
TRANSFORM_JOBS = Counter("modulardata_transform_jobs_total", "Jobs given to a child, by kind.", ["kind"])

# Runs
TRIGGERS = Counter(
    "modulardata_triggers_total",
    "Triggers heard, by source and outcome: accepted, repeated, ignored, refused.",
    ["source", "outcome"],
)
RUNS_FINISHED = Counter("modulardata_runs_finished_total", "Runs that reached their end, by outcome.", ["outcome"])
RUNS_RECONCILED = Counter(
    "modulardata_runs_reconciled_total", "Runs that were started again or ended by looking after them.", ["what"]
)

# Process
DEPENDENCY_UP = Gauge("modulardata_dependency_up", "1 while the dependency answers.", ["dependency"])
LOOP_FAILURES = Counter("modulardata_loop_failures_total", "Rounds of a loop that failed.", ["service", "loop"])
BROADCAST_SKIPPED = Counter(
    "modulardata_broadcast_skipped_total", "Events of a broadcast topic that could not be read.", ["topic"]
)
