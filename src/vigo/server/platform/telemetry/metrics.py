"""What is measured while the server works. Source: the Prometheus conventions for names and units."""

from collections import deque
from time import perf_counter
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from vigo.core.wire.messages import Methods

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MOST_KEPT: Final = 20_000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class Latencies(NamedTuple):
    """How many calls there were, and how long they took."""

    calls: int
    p50_ms: float | None
    p99_ms: float | None


class Metrics:
    """Counts and times of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._calls = Histogram(
            "vigo_rpc_duration_seconds",
            "How long calls of agents took, by method and how they ended. A held stream counts when it ends.",
            ("method", "code"),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._requests = Histogram(
            "vigo_http_duration_seconds",
            "How long requests took until their answer began, by method and class of status.",
            ("method", "status"),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._check_ins: deque[float] = deque(maxlen=_MOST_KEPT)
        self._check_in_count = 0

    def called(self, path: str, code: str, began: float) -> None:
        """Note a call that began at a reading of `perf_counter`."""
        seconds = perf_counter() - began
        self._calls.labels(path.rpartition("/")[2], code).observe(seconds)
        if path == Methods.CHECK_IN:
            self._check_ins.append(seconds)
            self._check_in_count += 1

    def requested(self, method: str, status: int, began: float) -> None:
        """Note a request of a person or a program."""
        known = method if method in _METHODS else "other"  # a caller must not make series without end
        self._requests.labels(known, f"{status // 100}xx").observe(perf_counter() - began)

    def check_ins_since_last(self) -> Latencies:
        """Return how long check-ins took since the last time that somebody asked; beyond 20,000 of the latest."""
        count, found = self._check_in_count, sorted(self._check_ins)
        self._check_in_count = 0
        self._check_ins.clear()
        if not found:
            return Latencies(0, None, None)
        return Latencies(count, *(round(found[int((len(found) - 1) * part)] * 1000, 3) for part in (0.5, 0.99)))
