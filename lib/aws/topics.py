"""SNS topics: their policies and subscriptions."""

from typing import NamedTuple

from lib.aws.clients import SNSClient
from lib.aws.error_mapping import map_access_denied


class Subscription(NamedTuple):
    """One subscription; `dlq_arn` is "" without a dead-letter queue.

    `filter_policy` is JSON, "" without one.
    """

    endpoint: str
    is_confirmed: bool
    dlq_arn: str
    filter_policy: str = ""


def get_policy(sns: SNSClient, topic_arn: str) -> str | None:
    """Returns the topic's policy, as JSON."""
    with map_access_denied(f"read the policy of the topic {topic_arn}"):
        return sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"].get("Policy")


def list_subscriptions(sns: SNSClient, topic_arn: str) -> list[Subscription]:
    """Returns all subscriptions of a topic."""
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    with map_access_denied(f"list the subscriptions of the topic {topic_arn}"):
        return [
            _get_subscription(sns, subscription["Endpoint"], subscription["SubscriptionArn"])
            for page in pages
            for subscription in page["Subscriptions"]
        ]


def _get_subscription(sns: SNSClient, endpoint: str, arn: str) -> Subscription:
    # An unconfirmed subscription has the text PendingConfirmation in place of an ARN.
    if not arn.startswith("arn:"):
        return Subscription(endpoint, is_confirmed=False, dlq_arn="")
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return Subscription(
        endpoint,
        is_confirmed=True,
        dlq_arn=attributes.get("RedrivePolicy", ""),
        filter_policy=attributes.get("FilterPolicy", ""),
    )


def get_tag(sns: SNSClient, topic_arn: str, key: str) -> str | None:
    """Returns the value of a topic's tag, or None."""
    with map_access_denied(f"read the tags of the topic {topic_arn}"):
        tags = sns.list_tags_for_resource(ResourceArn=topic_arn)["Tags"]
    return next((tag["Value"] for tag in tags if tag["Key"] == key), None)


def set_tag(sns: SNSClient, topic_arn: str, key: str, value: str) -> None:
    """Sets a tag of a topic."""
    with map_access_denied(f"tag the topic {topic_arn}"):
        sns.tag_resource(ResourceArn=topic_arn, Tags=[{"Key": key, "Value": value}])


def remove_tag(sns: SNSClient, topic_arn: str, key: str) -> None:
    """Removes a tag of a topic, if it has it."""
    with map_access_denied(f"remove a tag of the topic {topic_arn}"):
        sns.untag_resource(ResourceArn=topic_arn, TagKeys=[key])
