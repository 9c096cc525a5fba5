"""What functions have written to their logs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from lib.aws.failures import said_if_denied
from lib.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


class LogEvent(NamedTuple):
    """One entry of a log; its id, where the service gives one, tells it from others like it."""

    id: str
    at: datetime
    text: str


def find_events(
    logs: "CloudWatchLogsClient", group: str, since: datetime, pattern: str
) -> Iterator[LogEvent]:
    """All entries since a time that match a pattern of CloudWatch ("" for any), oldest first."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=int(since.timestamp() * 1000), filterPattern=pattern
    )
    with said_if_denied(f"read the log {group}"):
        try:
            for page in pages:
                for event in page["events"]:
                    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                    yield LogEvent(event.get("eventId", ""), at, event["message"])
        except logs.exceptions.ResourceNotFoundException as error:
            raise ConfigError(f"There is no log {group} yet: its function has not run") from error
