"""Compares a template with the account's Lambda limits, which are small in a new account.

CloudFormation checks neither before a deploy: too much memory fails it halfway, and invocations
beyond the concurrency are throttled afterwards.
"""

from typing import Any

from infra.naming import of_type
from lib.aws.functions import Limits

# AWS's default. An account with a smaller concurrency has a new account's limits.
_DEFAULT_CONCURRENCY = 1000
# MB a function may have in a new account. No API returns it.
NEW_ACCOUNT_MEMORY = 3008


def find_small_limits(template: dict[str, Any], limits: Limits) -> list[str]:
    """Returns a warning for each limit that the template exceeds."""
    return [*_concurrency(template, limits), *_memory(template, limits)]


def _concurrency(template: dict[str, Any], limits: Limits) -> list[str]:
    requested = sum(
        mapping.get("ScalingConfig", {}).get("MaximumConcurrency", limits.unreserved)
        for mapping in of_type(template["Resources"], "AWS::Lambda::EventSourceMapping")
    )
    if requested <= limits.unreserved:
        return []
    return [
        f"Warning: the stage's queues may have {requested} functions running at once, and this "
        f"account may run {limits.unreserved}: Lambda throttles the rest, and the API with them. "
        "Lower max_concurrency, or ask AWS for more (Service Quotas, Lambda, Concurrent executions)"
    ]


def _memory(template: dict[str, Any], limits: Limits) -> list[str]:
    if limits.concurrency >= _DEFAULT_CONCURRENCY:
        return []
    large = [
        f"{function['FunctionName']} ({function['MemorySize']} MB)"
        for function in of_type(template["Resources"], "AWS::Lambda::Function")
        if function.get("MemorySize", 0) > NEW_ACCOUNT_MEMORY
    ]
    if not large:
        return []
    return [
        f"Warning: {', '.join(large)}: this account has a new account's limits, and such accounts "
        f"often may not give a function more than {NEW_ACCOUNT_MEMORY} MB, which would end this "
        "deploy half-way. Lower memory in sizes.yml, or ask AWS Support for more"
    ]
