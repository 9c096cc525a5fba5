"""A size's queue, its two dead-letter queues, and its subscription to the topic."""

from typing import Any

from infra.encryption import build_queue_encryption
from infra.naming import allow, arn, logical_id, policy, ref
from infra.parameters import Parameters
from infra.queue_settings import DLQ_RETENTION, MAX_RECEIVE_COUNT, QUEUE_RETENTION
from lib.sizes import Size

TOPIC = "Topic"


def queue_resources(
    size: Size, parameters: Parameters, subscription_filter: dict[str, Any]
) -> dict[str, Any]:
    """Builds a size's queue, DLQ and subscription DLQ, their policies, and the subscription.

    `subscription_filter` are the properties of infra/filters.py.
    """
    queue, dlq = logical_id("Queue", size), logical_id("Dlq", size)
    undelivered = logical_id("SubscriptionDlq", size)
    name, key = f"{parameters.prefix}-{size.name}", parameters.kms_key
    return {
        **queue_with_dlq(queue, dlq, name, key, visibility=parameters.queue_settings.visibility),
        # SNS would drop messages that it cannot deliver to the queue.
        undelivered: _queue(f"{name}-subscription-dlq", DLQ_RETENTION, key),
        logical_id("PolicyOfQueue", size): _topic_may_send(queue),
        logical_id("PolicyOfSubscriptionDlq", size): _topic_may_send(undelivered),
        logical_id("TopicSubscription", size): {
            "Type": "AWS::SNS::Subscription",
            # SNS checks its permission to send when the subscription is created.
            "DependsOn": [
                logical_id("PolicyOfQueue", size),
                logical_id("PolicyOfSubscriptionDlq", size),
            ],
            "Properties": {
                "TopicArn": ref(TOPIC),
                "Protocol": "sqs",
                "Endpoint": arn(queue),
                # The body is the S3 event itself, without SNS's envelope.
                "RawMessageDelivery": True,
                "RedrivePolicy": {"deadLetterTargetArn": arn(undelivered)},
                **subscription_filter,
            },
        },
    }


def queue_with_dlq(
    logical: str,
    dlq: str,
    name: str,
    key: str,
    *,
    visibility: int,
    max_receive_count: int = MAX_RECEIVE_COUNT,
) -> dict[str, Any]:
    """Builds a queue and its DLQ."""
    redrive = {"deadLetterTargetArn": arn(dlq), "maxReceiveCount": max_receive_count}
    return {
        logical: _queue(
            name, QUEUE_RETENTION, key, VisibilityTimeout=visibility, RedrivePolicy=redrive
        ),
        dlq: _queue(f"{name}-dlq", DLQ_RETENTION, key),
    }


def _queue(name: str, retention: int, key: str, **properties: Any) -> dict[str, Any]:
    """Builds a queue; `retention` is in seconds, `key` the ARN of a KMS key or "" for SQS's own."""
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": name,
            "MessageRetentionPeriod": retention,
            **build_queue_encryption(key),
            **properties,
        },
    }


def _topic_may_send(logical: str) -> dict[str, Any]:
    statement = allow(
        ["sqs:SendMessage"],
        arn(logical),
        Principal={"Service": "sns.amazonaws.com"},
        Condition={"ArnEquals": {"aws:SourceArn": ref(TOPIC)}},
    )
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"Queues": [ref(logical)], "PolicyDocument": policy(statement)},
    }
