"""Logs and metrics of a batch: one JSON log line for each record, one EMF line of metrics.

Powertools reads the stage's metric namespace from the environment. AWS bills each name with each
combination of dimensions. So the size is the only dimension, only the metrics that an alarm, the
dashboard or `backfill` reads exist, and returned messages count once for the whole stage. Log lines
have everything else, each reason included (docs/operations.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from lib import keys
from lib.errors import TransientError
from lib.pipeline import WHOLE_STAGE
from lib.times import format_time

if TYPE_CHECKING:
    from lib.pipeline.reconciler import ReconcileResult

SERVICE = "image-fanout"


class Telemetry:
    """Writes a batch's logs and metrics from any thread."""

    def __init__(self, size_name: str) -> None:
        self._size_name = size_name
        self._logger = Logger(service=SERVICE)
        self._logger.append_keys(size=size_name)
        self._lock = Lock()
        self._start_counting()

    def _start_counting(self) -> None:
        self._of_size = _make_metrics(self._size_name)
        self._of_stage = _make_metrics(WHOLE_STAGE)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Sends the metrics of the block in EMF lines, even if the block raises."""
        self._start_counting()
        try:
            yield
        finally:
            for metrics in (self._of_size, self._of_stage):
                if metrics.metric_set:
                    metrics.flush_metrics()

    def finished(self, path: str, result: "ReconcileResult", milliseconds: float) -> None:
        """Logs that a path was reconciled."""
        if result.action == "rendered":
            self._add(self._of_size, "Duration", MetricUnit.Milliseconds, milliseconds)
        lengths = {"bytes_in": result.bytes_in, "bytes_out": result.bytes_out}
        self._log_done(result.action, path, milliseconds, **lengths)

    def fetched(self, path: str, action: str, length: int, milliseconds: float) -> None:
        """Logs a finished fetch job."""
        self._log_done(action, path, milliseconds, bytes_in=length)

    def record_on_demand(self, folder: str, path: str, action: str, milliseconds: float) -> None:
        """Logs a request for a missing variant.

        `needless`: the variant exists, so the caller could not read it at its URL.
        """
        if action == "needless":
            self._add(self._of_size, "Needless", MetricUnit.Count, 1)
        self._add(self._of_size, "Duration", MetricUnit.Milliseconds, milliseconds)
        self._log_done(action, path, milliseconds, folder=keys.escaped(folder))

    def _log_done(self, action: str, path: str, milliseconds: float, **facts: Any) -> None:
        self._logger.info(
            action, path=keys.escaped(path), milliseconds=round(milliseconds), **facts
        )

    def parked(self, message_id: str, path: str, reason: str, error: str) -> None:
        """Logs that a message became a dead letter."""
        self._logger.error(
            "parked", message_id=message_id, path=keys.escaped(path), reason=reason, error=error
        )

    def returned(self, message_id: str, path: str, reason: str, error: str, seconds: int) -> None:
        """Logs that a message returns to its queue for `seconds`."""
        self._add(self._of_stage, "Returned", MetricUnit.Count, 1)
        self._logger.warning(
            "returned",
            message_id=message_id,
            path=keys.escaped(path),
            reason=reason,
            error=error,
            retry_in_seconds=seconds,
        )

    def renewed(self, message_id: str, path: str, untried_since: datetime) -> None:
        """Logs that a copy replaces a message that no receive had time for."""
        since = format_time(untried_since)
        self._logger.warning(
            "renewed", message_id=message_id, path=keys.escaped(path), untried_since=since
        )

    def abandoned(self, message_id: str) -> None:
        """Logs that the batch's time ended before a message; SQS redelivers it."""
        self._logger.error("abandoned", message_id=message_id)

    def crashed(self, message_id: str) -> None:
        """Logs an unexpected exception with its traceback."""
        self._logger.exception("crashed", message_id=message_id)

    def log_best_effort_failure(self, what: str, error: TransientError) -> None:
        """Logs that a step failed that the batch can do without."""
        self._logger.warning("not done", what=what, reason=error.reason, error=str(error))

    def _add(self, metrics: EphemeralMetrics, name: str, unit: MetricUnit, value: float) -> None:
        with self._lock:
            metrics.add_metric(name, unit, value)


def _make_metrics(size: str) -> EphemeralMetrics:
    metrics = EphemeralMetrics()
    metrics.add_dimension("size", size)
    return metrics
