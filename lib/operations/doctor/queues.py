"""Checks a size's queue and its DLQ: timeouts, retention, redrive policy and sender."""

import json
from collections.abc import Mapping

from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import allows
from lib.plurals import pluralize

# AWS advises six times the function's timeout: Lambda retries throttled invocations meanwhile.
ADVISED_TIMEOUTS = 6
# AWS advises five: with fewer, throttled messages become dead letters.
ADVISED_RECEIVES = 5

# A queue's attributes by SQS's names.
Attributes = Mapping[str, str]


def check_visibility(size: str, queue: Attributes, timeout: int) -> Finding:
    """Checks that the visibility timeout exceeds the function's timeout in seconds."""
    visibility = int(queue["VisibilityTimeout"])
    what = f"{size}: messages are hidden for {visibility} s, a batch may take {timeout} s"
    if visibility < timeout:
        return problem(what, "a second worker gets each message while the first works on it")
    if visibility < ADVISED_TIMEOUTS * timeout:
        return warning(
            what,
            f"less than {ADVISED_TIMEOUTS} times as long: while Lambda throttles, messages are "
            "received again and again, and become dead letters untried",
        )
    return ok(what)


def check_redrive(size: str, queue: Attributes, dlq: Attributes) -> Finding:
    """Checks that the redrive policy names the size's own DLQ and allows enough receives."""
    policy = json.loads(queue.get("RedrivePolicy", "{}"))
    if policy.get("deadLetterTargetArn") != dlq["QueueArn"]:
        return problem(
            f"{size}: its queue's redrive policy does not name {_name(dlq)}",
            "a message that stops its worker each time is deleted, without a dead letter, after "
            f"{_period(queue)}",
        )
    receives = int(policy.get("maxReceiveCount", 0))
    what = f"{size}: a message becomes a dead letter after {pluralize(receives, 'receive')}"
    if receives < ADVISED_RECEIVES:
        return warning(what, "messages that were only throttled become dead letters")
    return ok(what)


def check_retention(size: str, queue: Attributes, dlq: Attributes) -> Finding:
    """Checks that the DLQ retains longer: SQS counts a letter's age from its first sending."""
    what = f"{size}: {_name(dlq)} keeps messages for {_period(dlq)}, the queue for {_period(queue)}"
    if int(dlq["MessageRetentionPeriod"]) <= int(queue["MessageRetentionPeriod"]):
        return problem(
            what,
            "SQS counts a dead letter's age from its first sending, so it may be deleted at once",
        )
    return ok(what)


def check_sender(size: str, queue: Attributes, topic: str) -> Finding:
    """Checks that the topic may send to the queue."""
    if allows(queue.get("Policy"), "sqs:SendMessage", "sns.amazonaws.com", topic):
        return ok(f"{size}: the topic may send to {_name(queue)}")
    return problem(
        f"{size}: the topic may not send to {_name(queue)}",
        "no upload reaches the queue, and photos stay without this size",
    )


def _name(queue: Attributes) -> str:
    return queue["QueueArn"].rpartition(":")[2]


def _period(queue: Attributes) -> str:
    hours = round(int(queue["MessageRetentionPeriod"]) / 3600)
    return pluralize(hours, "hour") if hours % 24 else pluralize(hours // 24, "day")
