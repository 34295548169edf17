"""``/api/metrics``: what a monitoring system wants to know, in Prometheus' own text form.

The figures are read from the journal and from counters that the services keep anyway, at the time
of asking; so no other code knows of Prometheus.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Problem
from api.guard.tally import Tally
from api.token import is_trusted
from core.health.metrics import Metrics, Reading
from core.mirror.lag import BOUNDS_S, LagHistogram

log = logging.getLogger(__name__)

#: Counting a large journal takes a while: whoever asks sooner gets what was read before.
HOLDS_S = 5.0

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def metrics(watching: Callable[[], Metrics], answers: Tally, token: str) -> Handler:
    """404 without a token in the settings, 401 for who does not have it."""
    scrapes = Scrapes(watching, answers)

    async def handle(request: Request) -> Response:
        if not token:
            return Problem(404, "CREDIT_DESK_METRICS_TOKEN is not set, so there are no metrics")
        if not is_trusted(request, token):
            return Problem(401, "the token is missing or wrong", WWW_Authenticate="Bearer")
        text = await asyncio.to_thread(scrapes.text)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return handle


@dataclass(slots=True)
class Scrapes:
    """Safe for threads; one of many who ask at once reads for all."""

    watching: Callable[[], Metrics]
    answers: Tally
    _text: bytes = b""
    _read_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def text(self) -> bytes:
        """All families, at most ``HOLDS_S`` old."""
        with self._lock:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at >= HOLDS_S:
                self._text = self._scrape()
                self._read_at = now
            return self._text

    def _scrape(self) -> bytes:
        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(_Collector(list(self._families())))
        return generate_latest(registry)

    def _families(self) -> Iterator[Metric]:
        try:
            reading = self.watching().read()
        except Exception:
            log.exception("the journal could not be read for the metrics")
            yield gauge("up", "Whether the operational store answers", 0)
        else:
            yield gauge("up", "Whether the operational store answers", 1)
            yield from families(reading)
        yield counter(
            "api_answers",
            "Answers of /api by this process",
            ("area", "status"),
            (((area, str(status)), n) for (area, status), n in self.answers.counts().items()),
        )


class _Collector(Collector):
    """What prometheus-client asks for; compared by identity."""

    def __init__(self, found: list[Metric]) -> None:
        self.found = found

    def collect(self) -> Iterable[Metric]:
        return self.found


def families(reading: Reading) -> Iterator[Metric]:
    """Each figure under its name, with what it means."""
    figures = reading.figures
    by_state = {
        "operations": ("Operations by state", figures.operations),
        "items": ("Bookings of operations by state", figures.items),
        "writes": ("HubSpot writes by what became of them; open: not known yet", figures.writes),
    }
    for name, (means, counts) in by_state.items():
        yield gauge(name, means, ("state",), (((state,), n) for state, n in counts.items()))
    yield gauge("workers_alive", "Processes that carry operations", reading.workers)
    yield gauge("outbox_due", "Copies to Supabase that are due", reading.outbox.due)
    yield gauge(
        "outbox_oldest_seconds",
        "How long the oldest of them is due",
        reading.oldest_due.total_seconds(),
    )
    yield gauge("dead_letters", "Copies to Supabase that failed for good", reading.outbox.dead)
    yield from _sweeps(reading)
    yield from _hubspot(reading)
    yield _lag(reading.lag)
    yield counter(
        "webhooks",
        "HubSpot's webhooks taken by this process",
        ("what",),
        (((what,), n) for what, n in reading.webhooks.items()),
    )


def _sweeps(reading: Reading) -> Iterator[Metric]:
    yield gauge(
        "sweep_age_seconds",
        "Since the last complete sweep ended",
        ("mode",),
        (((mode.value,), swept.age.total_seconds()) for mode, swept in reading.swept.items()),
    )
    yield gauge(
        "drift_records",
        "Records that the last complete sweep found drifting",
        ("mode", "cause"),
        (
            ((mode.value, cause.value), n)
            for mode, swept in reading.swept.items()
            for cause, n in swept.drift.items()
        ),
    )


def _hubspot(reading: Reading) -> Iterator[Metric]:
    outcomes = reading.heard.outcomes
    yield counter("hubspot_requests", "Requests of this process", ("kind", "outcome"),
                  outcomes.items())  # fmt: skip
    limited = sum(n for (_, outcome), n in outcomes.items() if outcome == "limited")
    yield counter("hubspot_429", "Requests of this process over the limit", (), [((), limited)])
    quota = reading.quota
    if quota is not None:
        yield gauge("hubspot_limit", "Requests allowed in the window", quota.limit)
        yield gauge("hubspot_limit_used", "Of those used by all processes", quota.used)
        yield gauge("hubspot_limit_window_seconds", "The window", quota.window_s)
        if quota.day_left is not None:
            yield gauge("hubspot_day_left", "What is left of the day's requests", quota.day_left)


def _lag(lag: LagHistogram) -> Metric:
    family = HistogramMetricFamily(
        "credit_desk_copy_lag_seconds", "From due to copied, of this process's copies"
    )
    buckets, total = [], 0
    for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], lag.counts, strict=True):
        total += count
        buckets.append((bound, total))
    family.add_metric([], buckets=buckets, sum_value=lag.sum_s)
    return family


Samples = Iterable[tuple[tuple[str, ...], float]]


def gauge(
    name: str, means: str, labels: tuple[str, ...] | float, samples: Samples = ()
) -> GaugeMetricFamily:
    """One number, or one for each combination of labels."""
    if not isinstance(labels, tuple):
        return GaugeMetricFamily(f"credit_desk_{name}", means, value=labels)
    family = GaugeMetricFamily(f"credit_desk_{name}", means, labels=labels)
    for named, value in samples:
        family.add_metric(named, value)
    return family


def counter(
    name: str, means: str, labels: tuple[str, ...], samples: Samples
) -> CounterMetricFamily:
    """Numbers that only grow while the process lives."""
    family = CounterMetricFamily(f"credit_desk_{name}", means, labels=labels)
    for named, value in samples:
        family.add_metric(named, value)
    return family
