"""Functions: which queues they drain, and how many may run."""

from typing import TYPE_CHECKING, NamedTuple

from lib.aws.failures import said_if_denied

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Mapping(NamedTuple):
    """Messages of a queue are handed to a function; `max_concurrency` None is no bound."""

    is_on: bool
    max_concurrency: int | None


def mappings_of(functions: "LambdaClient", name: str) -> list[Mapping]:
    """The queues that a function drains."""
    pages = functions.get_paginator("list_event_source_mappings").paginate(FunctionName=name)
    with said_if_denied(f"list what {name} drains"):
        return [
            Mapping(
                each["State"] in ("Enabled", "Enabling", "Updating", "Creating"),
                each.get("ScalingConfig", {}).get("MaximumConcurrency"),
            )
            for page in pages
            for each in page["EventSourceMappings"]
        ]


def unreserved_concurrency(functions: "LambdaClient") -> int:
    """How many functions may run at once in this account and region, in all that set no more."""
    with said_if_denied("read the account's limits of Lambda"):
        limit = functions.get_account_settings()["AccountLimit"]
    return limit["UnreservedConcurrentExecutions"]
