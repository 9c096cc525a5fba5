"""Checks the way from S3 to each queue: notification, topic policy and subscriptions."""

import json

from lib.aws.topics import Subscription
from lib.operations.doctor.findings import Finding, ok, problem, warning
from lib.operations.doctor.policies import allows
from lib.operations.stage_commands import StageCommands
from lib.plurals import pluralize
from lib.sizes import Size
from lib.sizes.filters import PASS_ALL, build_filter

# Without either, variants of new or deleted originals stay wrong forever.
_NEEDED_EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")


def check_publisher(policy: str | None, bucket_arn: str, commands: StageCommands) -> Finding:
    """Checks that the originals bucket may publish to the topic."""
    if allows(policy, "sns:Publish", "s3.amazonaws.com", bucket_arn):
        return ok("the originals bucket may publish to the topic")
    return problem(
        "the originals bucket may not publish to the topic",
        "workers are not notified of uploads: nothing is rendered or left to replay",
        commands.deploy_and_repair,
    )


def check_notification(events: list[str], commands: StageCommands) -> Finding:
    """Checks that the bucket's notification covers created and removed objects."""
    missing = [event for event in _NEEDED_EVENTS if event not in events]
    if missing:
        return problem(
            f"the originals bucket does not notify the topic of {', '.join(missing)}",
            "another tool has overwritten its notifications: a bucket has only one set of them",
            commands.deploy_and_repair,
        )
    return ok("the originals bucket notifies the topic of created and removed objects")


def check_subscription(
    size: Size,
    queue_arn: str,
    subscriptions: list[Subscription],
    originals_prefix: str,
    commands: StageCommands,
) -> Finding:
    """Checks that the size's queue is subscribed, with a DLQ, and to all that it is made of."""
    found = next((each for each in subscriptions if each.endpoint == queue_arn), None)
    if found is None:
        return problem(
            f"{size.name}: its queue is not subscribed to the topic",
            "photos stay without this size, and no message is left to replay",
            commands.deploy_and_repair,
        )
    if not found.dlq_arn:
        return warning(
            f"{size.name}: its subscription has no dead-letter queue",
            "what SNS cannot deliver is lost",
        )
    if not _is_expected(found.filter_policy, size, originals_prefix):
        return problem(
            f"{size.name}: its subscription has another filter policy than its paths ask for",
            "SNS drops the uploads that the policy does not name: photos stay without this size",
            commands.deploy_and_repair,
        )
    return ok(f"{size.name}: its queue is subscribed, with a dead-letter queue")


def _is_expected(policy: str, size: Size, originals_prefix: str) -> bool:
    """Returns whether a deploy makes this policy, or none drops anything."""
    made = (build_filter(size, originals_prefix), PASS_ALL)
    return not policy or json.loads(policy) in [each.get("FilterPolicy") for each in made]


def check_listeners(
    topic_arn: str, subscriptions: list[Subscription], commands: StageCommands
) -> Finding:
    """Checks that the alarm topic has a confirmed subscription."""
    confirmed = [each for each in subscriptions if each.is_confirmed]
    if confirmed:
        return ok(f"the alarms have {pluralize(len(confirmed), 'subscriber')}")
    waiting = " (one has not confirmed yet)" if subscriptions else ""
    return warning(
        f"nobody is subscribed to the alarms{waiting}",
        "dead letters are deleted after 14 days, and nobody is notified of them",
        commands.aws(
            f"sns subscribe --topic-arn {topic_arn} --protocol email --notification-endpoint …"
        ),
    )
