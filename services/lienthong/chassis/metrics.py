"""What the program counts. Every metric is made here; the telemetry reference is checked against this file."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TRANSFER_TIMES = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
_PAIRS = 500
"""Pairs of agencies that are counted by name; there may be half a million, and each is a series for ever."""
_OTHER = ("other", "other")
_WAITS = (0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)

PATIENCE_SECONDS = 3.0
"""How long figures of one engine are waited for. Who gathers them waits ten seconds for all, or gets none."""

_log = structlog.get_logger(__name__)

Family = GaugeMetricFamily | CounterMetricFamily
Sample = tuple[tuple[str, ...], float]


class Patience:
    """Reads figures of an engine, which may hang: whoever looks waits a while, and looks no more until it answers."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._late = False

    def wait(self, read: Callable[[], Iterable[Sample]]) -> Iterable[Sample]:
        """Gives the figures; none where they do not come in time.

        Raises:
            Exception: Whatever `read` raised in time.
        """
        if not self._turn.acquire(timeout=0 if self._late else PATIENCE_SECONDS):
            return ()
        answer: Future[list[Sample]] = Future()
        threading.Thread(target=self._ask, args=(read, answer), name="figures", daemon=True).start()
        try:
            return answer.result(PATIENCE_SECONDS)
        except TimeoutError:
            self._late = True
            return ()

    def _ask(self, read: Callable[[], Iterable[Sample]], answer: "Future[list[Sample]]") -> None:
        try:
            answer.set_result(list(read()))
        except Exception as error:  # noqa: BLE001 -- whoever looks is told
            answer.set_exception(error)
        finally:
            self._late = False
            self._turn.release()


class Metrics:
    """The metrics of one process.

    Attributes:
        registry: All of them.
        of_database: For figures that the database is asked for.
        of_event_log: For figures that the event log is asked for.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.of_database, self.of_event_log = Patience(), Patience()
        self._calls = Counter(
            "lienthong_rpc_calls", "Calls by method and code.", ["method", "code"], registry=self.registry
        )
        self._latency = Histogram(
            "lienthong_rpc_seconds",
            "Time from a call's arrival to its answer.",
            ["method"],
            buckets=_LATENCIES,
            registry=self.registry,
        )

        self._effort = Counter(
            "lienthong_rpc_cpu_seconds", "CPU time of unary calls by method.", ["method"], registry=self.registry
        )
        self._deliveries = Counter(
            "lienthong_delivery_steps", "Deliveries that reached a state.", ["state"], registry=self.registry
        )
        self._pairs: set[tuple[str, str]] = set()
        self._between = Counter(
            "lienthong_pair_deliveries", "Deliveries by pair.", ["sender", "recipient"], registry=self.registry
        )
        self._verdicts = Counter(
            "lienthong_verdicts", "Verdicts on documents, by what they say.", ["verdict"], registry=self.registry
        )
        self._transfers = Counter(
            "lienthong_transfers", "Transfers by method and code.", ["method", "code"], registry=self.registry
        )
        self._transfer_seconds = Histogram(
            "lienthong_transfer_seconds",
            "Time from a transfer's arrival to its end.",
            ["method"],
            buckets=_TRANSFER_TIMES,
            registry=self.registry,
        )
        self._transferred = Counter(
            "lienthong_transfer_bytes", "Bytes of contents by direction.", ["direction"], registry=self.registry
        )

        self._delivery_seconds = Histogram(
            "lienthong_delivery_seconds",
            "Time from a document's acceptance to its being there for a recipient.",
            buckets=_WAITS,
            registry=self.registry,
        )
        self._notice_seconds = Histogram(
            "lienthong_notice_seconds",
            "Time from a notice to the end of the first attempt to send it.",
            ["channel"],
            buckets=_WAITS,
            registry=self.registry,
        )
        self._expired = Counter(
            "lienthong_expired_rows",
            "Rows removed because their time was over.",
            ["service", "table"],
            registry=self.registry,
        )

        self._deprecated = Counter(
            "lienthong_deprecated_uses", "Uses of what will go.", ["thing"], registry=self.registry
        )

    def deprecated(self, thing: str) -> None:
        """Counts a use of a call, a field, a value or a setting that is deprecated."""
        self._deprecated.labels(thing).inc()

    def deprecated_uses(self) -> dict[str, int]:
        """Tells what is used though it is deprecated, and how often since the start."""
        samples = [sample for family in self._deprecated.collect() for sample in family.samples]
        return {one.labels["thing"]: int(one.value) for one in samples if one.name.endswith("_total")}

    def expired(self, service: str, table: str, count: int) -> None:
        """Counts rows that were removed."""
        self._expired.labels(service, table).inc(count)

    def delivered(self, state: str) -> None:
        """Counts a delivery that reached a state."""
        self._deliveries.labels(state).inc()

    def made(self, sender: str, recipient: str) -> None:
        """Counts a delivery between two agencies, by their codes; pairs beyond the first 500 together."""
        pair = (sender, recipient)
        if pair not in self._pairs:
            if len(self._pairs) < _PAIRS:
                self._pairs.add(pair)
            else:
                pair = _OTHER
        self._between.labels(*pair).inc()

    def shown(self, seconds: float) -> None:
        """Counts a delivery that is there for its recipient, so long after its document was accepted."""
        self._delivery_seconds.observe(max(0.0, seconds))

    def attempted(self, channel: str, seconds: float) -> None:
        """Counts a notice that was tried for the first time, so long after it was made."""
        self._notice_seconds.labels(channel).observe(max(0.0, seconds))

    def judged(self, verdict: str) -> None:
        """Counts a verdict on a document."""
        self._verdicts.labels(verdict).inc()

    def transferred(self, method: str, code: str, seconds: float) -> None:
        """Counts a transfer that ended."""
        self._transfers.labels(method, code).inc()
        self._transfer_seconds.labels(method).observe(seconds)

    def moved(self, direction: str, size: int) -> None:
        """Counts bytes of contents: `in` or `out`."""
        self._transferred.labels(direction).inc(size)

    def worked(self, method: str, seconds: float) -> None:
        """Counts the CPU time that a call took in its thread."""
        self._effort.labels(method).inc(seconds)

    def called(self, method: str, code: str, seconds: float) -> None:
        """Counts a call."""
        self._calls.labels(method, code).inc()
        self._latency.labels(method).observe(seconds)

    def gauge(
        self,
        name: str,
        text: str,
        labels: Iterable[str],
        read: Callable[[], Iterable[Sample]],
        patience: Patience | None = None,
    ) -> None:
        """Adds a value that is read when somebody asks for it.

        Args:
            name: Name of the metric.
            text: What it says, with its unit.
            labels: Names of its labels.
            read: Gives label values and the value, for each combination.
            patience: With the engine that is asked; None where there is nothing to wait for.
        """
        patient = partial(patience.wait, read) if patience else read
        self.registry.register(_Read(partial(GaugeMetricFamily, name, text, labels=tuple(labels)), patient))

    def counter(self, name: str, text: str, labels: Iterable[str], read: Callable[[], Iterable[Sample]]) -> None:
        """Adds a count that somebody else keeps and that only grows. Arguments as for `gauge`."""
        self.registry.register(_Read(partial(CounterMetricFamily, name, text, labels=tuple(labels)), read))


class _Read(Collector):
    def __init__(self, make: Callable[[], Family], read: Callable[[], Iterable[Sample]]) -> None:
        self._make = make
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return [self._make()]

    def collect(self) -> Iterable[Metric]:
        family = self._make()
        try:
            for values, value in self._read():
                family.add_metric(values, value)
        except Exception as error:  # noqa: BLE001 -- the other figures are wanted most when one cannot be read
            _log.warning("a figure cannot be read", metric=family.name, reason=f"{type(error).__name__}: {error}")
        return [family]
