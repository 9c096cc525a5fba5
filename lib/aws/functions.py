"""Lambda functions: their event source mappings and concurrency limits."""

from typing import NamedTuple

from lib.aws.clients import LambdaClient
from lib.aws.error_mapping import map_access_denied


class EventSourceMapping(NamedTuple):
    """Invokes a function with a queue's messages; `max_concurrency` None means unlimited."""

    uuid: str
    is_enabled: bool
    max_concurrency: int | None


class FunctionState(NamedTuple):
    """A function's runtime, and why it cannot run: "" if it can."""

    runtime: str
    fault: str


class Limits(NamedTuple):
    """Concurrent executions of an account in a region.

    `unreserved` is the part that no function has reserved.
    """

    concurrency: int
    unreserved: int


def list_mappings(functions: LambdaClient, queue_arn: str) -> list[EventSourceMapping]:
    """Returns the mappings of a queue; none if the queue does not exist."""
    paginator = functions.get_paginator("list_event_source_mappings")
    pages = paginator.paginate(EventSourceArn=queue_arn)
    with map_access_denied(f"list what drains {queue_arn}"):
        return [
            EventSourceMapping(
                mapping["UUID"],
                mapping["State"] in ("Enabled", "Enabling", "Updating", "Creating"),
                mapping.get("ScalingConfig", {}).get("MaximumConcurrency"),
            )
            for page in pages
            for mapping in page["EventSourceMappings"]
        ]


def get_state(functions: LambdaClient, name: str) -> FunctionState | None:
    """Returns a function's state; None if there is no such function."""
    with map_access_denied(f"read the settings of {name}"):
        try:
            found = functions.get_function_configuration(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException:
            return None
    # Inactive: Lambda reclaimed what an idle function holds, and restores it when it is called.
    runs = found.get("State", "Active") in ("Active", "Inactive", "Pending")
    reason = found.get("StateReason") or found.get("State", "")
    return FunctionState(found["Runtime"], "" if runs else reason)


def read_limits(functions: LambdaClient) -> Limits:
    """Returns the limits of this account in this region."""
    with map_access_denied("read the account's limits of Lambda"):
        limit = functions.get_account_settings()["AccountLimit"]
    return Limits(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])
