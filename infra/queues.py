"""A size's queue, its two dead-letter queues, and its subscription to the topic."""

from typing import Any

from infra.encryption import build_queue_encryption
from infra.naming import allow, arn, logical_id, policy, ref
from infra.parameters import Parameters
from infra.queue_settings import DLQ_RETENTION, MAX_RECEIVE_COUNT, QUEUE_RETENTION
from lib.sizes import Size

TOPIC = "Topic"


def queue_resources(size: Size, parameters: Parameters) -> dict[str, Any]:
    """Queue, DLQ, subscription DLQ, who may send to them, and the subscription itself."""
    main, dlq = logical_id("Queue", size), logical_id("Dlq", size)
    undelivered = logical_id("SubscriptionDlq", size)
    name, key = f"{parameters.prefix}-{size.name}", parameters.kms_key
    return {
        **queue_with_dlq(main, dlq, name, key, visibility=parameters.numbers.visibility),
        # What SNS could not deliver to the queue, which would be lost without it.
        undelivered: _queue(f"{name}-subscription-dlq", DLQ_RETENTION, key),
        logical_id("PolicyOfQueue", size): _topic_may_send(main),
        logical_id("PolicyOfSubscriptionDlq", size): _topic_may_send(undelivered),
        logical_id("TopicSubscription", size): {
            "Type": "AWS::SNS::Subscription",
            # SNS checks that it may send when the subscription is made.
            "DependsOn": [
                logical_id("PolicyOfQueue", size),
                logical_id("PolicyOfSubscriptionDlq", size),
            ],
            "Properties": {
                "TopicArn": ref(TOPIC),
                "Protocol": "sqs",
                "Endpoint": arn(main),
                # The S3 event as it is: no envelope to pay for and to unpack.
                "RawMessageDelivery": True,
                "RedrivePolicy": {"deadLetterTargetArn": arn(undelivered)},
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
    """A queue, and the DLQ for what its worker, or SQS in its place, gives up on."""
    redrive = {"deadLetterTargetArn": arn(dlq), "maxReceiveCount": max_receive_count}
    return {
        logical: _queue(
            name, QUEUE_RETENTION, key, VisibilityTimeout=visibility, RedrivePolicy=redrive
        ),
        dlq: _queue(f"{name}-dlq", DLQ_RETENTION, key),
    }


def _queue(name: str, retention: int, key: str, **properties: Any) -> dict[str, Any]:
    """A queue that keeps messages for `retention` seconds, encrypted by a KMS key or ("") SQS's."""
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
