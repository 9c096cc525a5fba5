"""A worker's log as people read it: what lib.telemetry wrote, without Lambda's own chatter."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lib.aws.logs import LogEvent, find_events

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

# Seconds between two looks at a growing log. CloudWatch takes about as long to show a line.
LOOK_EVERY = 2
# Streams are shown apart from each other: a line may come so much later than a younger one.
LATE = timedelta(seconds=30)
# Lambda's own lines around each batch. What it says beyond these is worth reading: a time-out,
# a process that was killed.
_CHATTER = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")
# What each JSON line has, and nobody needs to read again.
_KNOWN = {
    *("level", "message", "timestamp", "location", "service", "size", "path", "reason", "error"),
    *("exception", "exception_name", "stack_trace"),
}


@dataclass(frozen=True)
class LogLine:
    """One line of a log; what it does not say is "". `more` are its numbers and ids, by name."""

    at: datetime
    said: str
    level: str = ""
    path: str = ""
    reason: str = ""
    error: str = ""
    trace: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def read_line(event: LogEvent) -> LogLine | None:
    """What an entry says; None for Lambda's chatter and for metrics."""
    text = event.text.strip()
    if not text or text.startswith(_CHATTER):
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return LogLine(event.at, text)
    if not isinstance(told, dict):
        return LogLine(event.at, text)
    if "_aws" in told:
        return None

    def said(name: str) -> str:
        return str(told.get(name) or "")

    return LogLine(
        at=event.at,
        said=said("message"),
        level=said("level"),
        path=unquote(said("path")),
        reason=said("reason"),
        error=said("error"),
        trace=said("exception"),
        more={name: value for name, value in told.items() if name not in _KNOWN},
    )


def read_log(
    logs: "CloudWatchLogsClient",
    function: str,
    since: datetime,
    *,
    reason: str | None = None,
    follow: bool = False,
) -> Iterator[LogLine]:
    """A function's lines since a time; with `follow` it never ends.

    `reason` picks those of one reason or of one kind, such as `parked` or `crashed`.
    """
    seen: dict[LogEvent, None] = {}
    while True:
        for event in find_events(logs, f"/aws/lambda/{function}", since, _pattern(reason)):
            if event in seen:
                continue
            if follow:
                _remember(seen, event)
                since = max(since, event.at - LATE)
            line = read_line(event)
            # Not everything that speaks CloudWatch's protocol understands the pattern.
            if line and reason in (None, line.reason, line.said):
                yield line
        if not follow:
            return
        time.sleep(LOOK_EVERY)


def _pattern(reason: str | None) -> str:
    """CloudWatch's own filter; "" for all lines."""
    if reason is None:
        return ""
    value = json.dumps(reason)
    return f"{{ $.reason = {value} || $.message = {value} }}"


def _remember(seen: dict[LogEvent, None], event: LogEvent) -> None:
    """Add an entry, and forget those too old to be shown again."""
    seen[event] = None
    while (first := next(iter(seen))).at < event.at - LATE:
        del seen[first]
