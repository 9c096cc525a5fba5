"""Checks a size's queue and its DLQ: timeouts, retention, redrive policy and sender."""

import json
from collections.abc import Iterator, Mapping

from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import allows

# AWS advises six times the function's timeout: Lambda retries throttled invocations meanwhile.
ADVISED_TIMEOUTS = 6
# AWS advises five: with fewer, throttled messages become dead letters.
ADVISED_RECEIVES = 5
DEPLOY = "deploy the stage again: npx sls deploy --stage …"

# A queue's attributes by SQS's names.
Attributes = Mapping[str, str]


def check_visibility(size: str, queue: Attributes, timeout: int) -> Iterator[Finding]:
    """Checks that the visibility timeout exceeds the function's timeout in seconds."""
    visibility = int(queue["VisibilityTimeout"])
    what = f"{size}: messages are hidden for {visibility} s, a batch may take {timeout} s"
    if visibility < timeout:
        yield problem(what, "each message is given to a second worker while one has it", DEPLOY)
    elif visibility < ADVISED_TIMEOUTS * timeout:
        yield warning(
            what,
            f"less than {ADVISED_TIMEOUTS} times as long: while Lambda throttles, messages are "
            "received again and again, and become dead letters untried",
            DEPLOY,
        )
    else:
        yield ok(what)


def check_redrive(size: str, queue: Attributes, dlq: Attributes) -> Iterator[Finding]:
    """Checks that the redrive policy names the size's own DLQ and allows enough receives."""
    policy = json.loads(queue.get("RedrivePolicy", "{}"))
    if policy.get("deadLetterTargetArn") != dlq["QueueArn"]:
        yield problem(
            f"{size}: its queue does not send what fails to {_name(dlq)}",
            "a message that stops its worker each time is deleted unseen after "
            f"{_days(queue)} days",
            DEPLOY,
        )
        return
    receives = int(policy.get("maxReceiveCount", 0))
    what = f"{size}: a message is given up on after {receives} receives"
    if receives < ADVISED_RECEIVES:
        yield warning(what, "messages that were only throttled become dead letters", DEPLOY)
    else:
        yield ok(what)


def check_retention(size: str, queue: Attributes, dlq: Attributes) -> Iterator[Finding]:
    """Checks that the DLQ retains longer: SQS counts a letter's age from its first sending."""
    what = f"{size}: {_name(dlq)} keeps letters for {_days(dlq)} days, the queue for {_days(queue)}"
    if int(dlq["MessageRetentionPeriod"]) <= int(queue["MessageRetentionPeriod"]):
        yield problem(
            what,
            "a message's age goes on counting when it becomes a dead letter, so that SQS may "
            "delete it at once",
            DEPLOY,
        )
    else:
        yield ok(what)


def check_sender(size: str, queue: Attributes, topic: str) -> Iterator[Finding]:
    """Checks that the topic may send to the queue."""
    if allows(queue.get("Policy"), "sqs:SendMessage", "sns.amazonaws.com", topic):
        yield ok(f"{size}: the topic may send to {_name(queue)}")
    else:
        yield problem(
            f"{size}: the topic may not send to {_name(queue)}",
            "SNS gives up on each upload's message, and photos stay without this size",
            DEPLOY,
        )


def _name(queue: Attributes) -> str:
    return queue["QueueArn"].rpartition(":")[2]


def _days(queue: Attributes) -> str:
    return f"{int(queue['MessageRetentionPeriod']) / 86400:g}"
