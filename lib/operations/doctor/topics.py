"""Checks the way from S3 to each queue: notification, topic policy and subscriptions."""

from collections.abc import Iterator

from lib.aws.topics import Subscription
from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import allows
from lib.operations.doctor.queues import DEPLOY

# Without either, variants of new or deleted originals stay wrong forever.
_NEEDED_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")


def check_publisher(policy: str | None, bucket_arn: str) -> Iterator[Finding]:
    """Checks that the originals bucket may publish to the topic."""
    if allows(policy, "sns:Publish", "s3.amazonaws.com", bucket_arn):
        yield ok("the originals bucket may publish to the topic")
    else:
        yield problem(
            "the originals bucket may not publish to the topic",
            "no upload is heard of: nothing is rendered, and no message is left to replay",
            f"{DEPLOY}; then ./fanout audit finds what was missed",
        )


def check_notification(events: list[str]) -> Iterator[Finding]:
    """Checks that the bucket's notification covers created and removed objects."""
    missing = [event for event in _NEEDED_EVENTS if event not in events]
    if missing:
        yield problem(
            f"the originals bucket does not tell the topic of {', '.join(missing)}",
            "another tool has overwritten its notifications: a bucket has only one set of them",
            f"{DEPLOY}; then ./fanout audit finds what was missed",
        )
    else:
        yield ok("the originals bucket tells the topic what comes and goes")


def check_subscription(
    size: str, queue_arn: str, subscriptions: list[Subscription]
) -> Iterator[Finding]:
    """Checks that the size's queue is subscribed, with a DLQ for undelivered messages."""
    found = next((each for each in subscriptions if each.endpoint == queue_arn), None)
    if found is None:
        yield problem(
            f"{size}: its queue is not subscribed to the topic",
            "photos stay without this size, and no message is left to replay",
            f"{DEPLOY}; then ./fanout audit finds what was missed",
        )
    elif not found.dlq_arn:
        yield warning(
            f"{size}: its subscription has no dead-letter queue",
            "what SNS cannot deliver is lost",
            DEPLOY,
        )
    else:
        yield ok(f"{size}: its queue is subscribed, with a dead-letter queue")


def check_listeners(subscriptions: list[Subscription]) -> Iterator[Finding]:
    """Checks that the alarm topic has a confirmed subscription."""
    confirmed = [each for each in subscriptions if each.is_confirmed]
    if confirmed:
        yield ok(f"{len(confirmed)} subscribed to the alarms")
    else:
        waiting = " (one has not confirmed yet)" if subscriptions else ""
        yield warning(
            f"nobody is subscribed to the alarms{waiting}",
            "dead letters are deleted after fourteen days, and nobody is told of them",
            "aws sns subscribe --topic-arn … --protocol email --notification-endpoint you@…; "
            "the topic is the output AlarmTopicArn",
        )
