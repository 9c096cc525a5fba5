"""What a batch tells the operator: one JSON log line a record, one EMF line of metrics.

Metrics are in a namespace of the stage's own, which Powertools reads from the environment, and have
the size as their only dimension: every name with every combination of dimensions is billed as a
metric. So there are no more of them than an alarm, the dashboard or `backfill` reads, and messages
that are returned count once for the whole stage. Everything else, and each reason, is in the log
lines, and can be counted there (docs/operations.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from lib import keys
from lib.errors import TransientError

if TYPE_CHECKING:
    from lib.pipeline.reconciler import ReconcileResult

SERVICE = "image-fanout"
# What metrics of the whole stage have for a size: no size's name begins with an underscore.
WHOLE_STAGE = "_all"


class Telemetry:
    """Writes a batch's logs, from any thread; `batch` sends its metrics at its end."""

    def __init__(self, size_name: str) -> None:
        self._size_name = size_name
        self._logger = Logger(service=SERVICE)
        self._logger.append_keys(size=size_name)
        self._counting = Lock()
        self._start_counting()

    def _start_counting(self) -> None:
        self._of_size = _metrics(self._size_name)
        self._of_stage = _metrics(WHOLE_STAGE)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Count what happens inside the block and send it in EMF lines, however it ends."""
        self._start_counting()
        try:
            yield
        finally:
            for metrics in (self._of_size, self._of_stage):
                if metrics.metric_set:
                    metrics.flush_metrics()

    def finished(self, path: str, outcome: "ReconcileResult", milliseconds: float) -> None:
        """A record ended well: its variant is now what the original says."""
        if outcome.action == "rendered":
            self._add(self._of_size, "Duration", MetricUnit.Milliseconds, milliseconds)
        self._logger.info(
            outcome.action,
            path=keys.escaped(path),
            bytes_in=outcome.bytes_in,
            bytes_out=outcome.bytes_out,
            milliseconds=round(milliseconds),
        )

    def fetched(self, path: str, action: str, length: int, milliseconds: float) -> None:
        """An order to fetch a photo ended well; `action` says how."""
        self._logger.info(
            action,
            path=keys.escaped(path),
            bytes_in=length,
            milliseconds=round(milliseconds),
        )

    def record_on_demand(self, folder: str, path: str, action: str, milliseconds: float) -> None:
        """A missing variant was asked for; `action` says what came of it.

        `needless`: it was there all along, so that those who asked could not read it.
        """
        if action == "needless":
            self._add(self._of_size, "Needless", MetricUnit.Count, 1)
        self._add(self._of_size, "Duration", MetricUnit.Milliseconds, milliseconds)
        self._logger.info(
            action,
            folder=keys.escaped(folder),
            path=keys.escaped(path),
            milliseconds=round(milliseconds),
        )

    def parked(self, message_id: str, path: str, reason: str, error: str) -> None:
        """A message became a dead letter."""
        self._logger.error(
            "parked",
            message_id=message_id,
            path=keys.escaped(path),
            reason=reason,
            error=error,
        )

    def returned(self, message_id: str, path: str, reason: str, error: str, seconds: int) -> None:
        """A message goes back to its queue and comes again after so many seconds."""
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
        """A message that was not begun in all of its receives is in its queue anew."""
        self._logger.warning(
            "renewed",
            message_id=message_id,
            path=keys.escaped(path),
            untried_since=untried_since.isoformat(timespec="seconds"),
        )

    def abandoned(self, message_id: str) -> None:
        """The batch's time ended while a message was under way: SQS delivers it again."""
        self._logger.error("abandoned", message_id=message_id)

    def crashed(self, message_id: str) -> None:
        """An exception nobody foresaw stopped a message; logged with its traceback."""
        self._logger.exception("crashed", message_id=message_id)

    def log_best_effort_failure(self, what: str, error: TransientError) -> None:
        """A courtesy failed, to the queue or to those who ask: no reason to stop."""
        self._logger.warning("not done", what=what, reason=error.reason, error=str(error))

    def _add(self, metrics: EphemeralMetrics, name: str, unit: MetricUnit, value: float) -> None:
        with self._counting:
            metrics.add_metric(name, unit, value)


def _metrics(size: str) -> EphemeralMetrics:
    metrics = EphemeralMetrics()
    metrics.add_dimension("size", size)
    return metrics
