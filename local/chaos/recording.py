"""Records a load run's invocations, and simulates the run as `fanout plan` would.

The simulation takes the uploads and the workers' measured time. What it adds is the queues: how
many messages wait, and when they are gone.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, linear_regression
from typing import Any

from lib.operations.plan.arrivals import Arrivals
from lib.operations.plan.consumers import Consumer, SizeRun
from lib.operations.plan.events import simulate
from lib.operations.plan.render_times import WorkerTime
from lib.operations.plan.stage import PlannedSize
from lib.sizes import Size
from local.client import aws
from local.stack import DeployedStack

# What a worker logs once for each record, whatever became of it.
_RESULTS = {"rendered", "current", "removed", "absent", "parked", "returned"}
_REPORT = re.compile(r"REPORT .*?\tDuration: ([\d.]+) ms")
# More than the local stack has: its functions are all of the account.
_ACCOUNT_CONCURRENCY = 1000

# Messages and seconds of one invocation.
Invocation = tuple[int, float]


@dataclass(frozen=True)
class Recording:
    """A load run: `seconds` until the queues were empty; each size's invocations."""

    uploads: int
    upload_seconds: float
    seconds: float
    most_waiting: int
    max_concurrency: int
    batch_size: int
    invocations: dict[str, list[Invocation]]

    def write(self, file: Path) -> None:
        """Writes the recording as JSON, a line for each size."""
        document = asdict(self)
        sizes = document.pop("invocations")
        lines = [f'  "{name}": {json.dumps(each)}' for name, each in sizes.items()]
        head = json.dumps(document, indent=1).removesuffix("\n}")
        file.write_text(f'{head},\n "invocations": {{\n' + ",\n".join(lines) + "\n }\n}\n")

    def simulate(self) -> list[SizeRun]:
        """Simulates the run, each size with its own messages and time of a batch."""
        sizes = [self._simulate(name, runs) for name, runs in self.invocations.items()]
        return [run for size in sizes for run in size]

    def _simulate(self, name: str, invocations: list[Invocation]) -> list[SizeRun]:
        planned = PlannedSize(
            size=Size(name=name, width=1),
            memory=0,
            batch_size=self.batch_size,
            max_concurrency=self.max_concurrency,
        )
        messages = sum(count for count, _ in invocations)
        consumer = Consumer(planned, _fit(invocations))
        return simulate(
            [consumer], Arrivals([(self.upload_seconds, messages)]), _ACCOUNT_CONCURRENCY
        )


def read_recording(file: Path) -> Recording:
    """Reads what `write` wrote."""
    document: dict[str, Any] = json.loads(file.read_text())
    return Recording(**document)


def read_invocations(stack: DeployedStack, since: float) -> dict[str, list[Invocation]]:
    """Returns each size's invocations that ended after `since`, in seconds of the clock."""
    logs = aws(stack, "logs")
    return {
        size: list(_parse(_read_log(logs, f"/aws/lambda/image-fanout-local-resize-{size}", since)))
        for size in stack.sizes
    }


def read_mapping(stack: DeployedStack) -> tuple[int, int]:
    """Returns the maximum concurrency and the batch size of the sizes' event source mappings."""
    function = f"image-fanout-local-resize-{stack.sizes[0]}"
    (mapping,) = aws(stack, "lambda").list_event_source_mappings(FunctionName=function)[
        "EventSourceMappings"
    ]
    return mapping["ScalingConfig"]["MaximumConcurrency"], mapping["BatchSize"]


def _read_log(logs: Any, group: str, since: float) -> Iterator[dict[str, Any]]:
    """Yields the lines of a function's log, stream by stream."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=round(since * 1000)
    )
    events = [event for page in pages for event in page["events"]]
    yield from sorted(events, key=lambda event: str(event["logStreamName"]))


def _parse(lines: Iterable[dict[str, Any]]) -> Iterator[Invocation]:
    messages = 0
    for line in lines:
        text = line["message"]
        if text.startswith("START "):
            messages = 0
        elif text.startswith("{"):
            messages += json.loads(text).get("message") in _RESULTS
        elif (report := _REPORT.match(text)) and messages:
            yield messages, float(report[1]) / 1000
            messages = 0


def _fit(invocations: list[Invocation]) -> WorkerTime:
    """Fits the time of a batch: a part that each has, and one for each message."""
    counts = [count for count, _ in invocations]
    seconds = [duration for _, duration in invocations]
    # A line needs two different counts.
    slope = linear_regression(counts, seconds).slope if len(set(counts)) > 1 else 0.0
    busy = min(max(0.0, slope), fmean(seconds) / fmean(counts))
    return WorkerTime(fmean(seconds) - busy * fmean(counts), busy, cold_start=0)
