"""Checks the way from S3 to each queue: notification, topic policy and subscriptions."""

from collections.abc import Iterator

from lib.aws.topics import Subscription
from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import allows
from lib.operations.stage_commands import StageCommands
from lib.plurals import pluralize

# Without either, variants of new or deleted originals stay wrong forever.
_NEEDED_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")


def check_publisher(
    policy: str | None, bucket_arn: str, commands: StageCommands
) -> Iterator[Finding]:
    """Checks that the originals bucket may publish to the topic."""
    if allows(policy, "sns:Publish", "s3.amazonaws.com", bucket_arn):
        yield ok("the originals bucket may publish to the topic")
    else:
        yield problem(
            "the originals bucket may not publish to the topic",
            "workers are not notified of uploads: nothing is rendered or left to replay",
            commands.deploy_and_repair,
        )


def check_notification(events: list[str], commands: StageCommands) -> Iterator[Finding]:
    """Checks that the bucket's notification covers created and removed objects."""
    missing = [event for event in _NEEDED_EVENTS if event not in events]
    if missing:
        yield problem(
            f"the originals bucket does not notify the topic of {', '.join(missing)}",
            "another tool has overwritten its notifications: a bucket has only one set of them",
            commands.deploy_and_repair,
        )
    else:
        yield ok("the originals bucket notifies the topic of created and removed objects")


def check_subscription(
    size: str, queue_arn: str, subscriptions: list[Subscription], commands: StageCommands
) -> Iterator[Finding]:
    """Checks that the size's queue is subscribed, with a DLQ for undelivered messages."""
    found = next((each for each in subscriptions if each.endpoint == queue_arn), None)
    if found is None:
        yield problem(
            f"{size}: its queue is not subscribed to the topic",
            "photos stay without this size, and no message is left to replay",
            commands.deploy_and_repair,
        )
    elif not found.dlq_arn:
        yield warning(
            f"{size}: its subscription has no dead-letter queue",
            "what SNS cannot deliver is lost",
            commands.deploy_again,
        )
    else:
        yield ok(f"{size}: its queue is subscribed, with a dead-letter queue")


def check_listeners(
    topic_arn: str, subscriptions: list[Subscription], commands: StageCommands
) -> Iterator[Finding]:
    """Checks that the alarm topic has a confirmed subscription."""
    confirmed = [each for each in subscriptions if each.is_confirmed]
    if confirmed:
        yield ok(f"the alarms have {pluralize(len(confirmed), 'subscriber')}")
    else:
        waiting = " (one has not confirmed yet)" if subscriptions else ""
        yield warning(
            f"nobody is subscribed to the alarms{waiting}",
            "dead letters are deleted after 14 days, and nobody is notified of them",
            commands.aws(
                f"sns subscribe --topic-arn {topic_arn} --protocol email --notification-endpoint …"
            ),
        )
