"""Functions: which queues they drain, and how many may run."""

from typing import TYPE_CHECKING, NamedTuple

from lib.aws.error_mapping import map_access_denied

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class EventSourceMapping(NamedTuple):
    """Messages of a queue are handed to a function; `max_concurrency` None is no bound."""

    is_on: bool
    max_concurrency: int | None


class Limits(NamedTuple):
    """How many functions an account may run at once in a region.

    `unreserved` of them are left to functions that reserve none for themselves.
    """

    concurrency: int
    unreserved: int


def list_mappings(functions: "LambdaClient", queue_arn: str) -> list[EventSourceMapping]:
    """The functions that drain a queue; none if there is no such queue."""
    paginator = functions.get_paginator("list_event_source_mappings")
    pages = paginator.paginate(EventSourceArn=queue_arn)
    with map_access_denied(f"list what drains {queue_arn}"):
        return [
            EventSourceMapping(
                each["State"] in ("Enabled", "Enabling", "Updating", "Creating"),
                each.get("ScalingConfig", {}).get("MaximumConcurrency"),
            )
            for page in pages
            for each in page["EventSourceMappings"]
        ]


def read_limits(functions: "LambdaClient") -> Limits:
    """Reads the limits of this account in this region."""
    with map_access_denied("read the account's limits of Lambda"):
        limit = functions.get_account_settings()["AccountLimit"]
    return Limits(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])
