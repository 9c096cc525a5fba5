"""A queue that hears what S3 tells of the images bucket, as another system's would."""

import json
from typing import TYPE_CHECKING

from local.client import aws
from local.stack import DeployedStack

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Listener:
    """Subscribed to the topic of variants from now on, by a queue of this name."""

    def __init__(self, stack: DeployedStack, name: str) -> None:
        self._sqs: SQSClient = aws(stack, "sqs")
        sns = aws(stack, "sns")
        topics = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
        (topic,) = [arn for arn in topics if arn.endswith("-variants")]
        arn = topic.replace(":sns:", ":sqs:").rpartition(":")[0] + f":{name}"
        may_send = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may_send]})
        made = self._sqs.create_queue(QueueName=name, Attributes={"Policy": policy})
        self._url = made["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self._heard: list[tuple[str, str]] = []

    def heard(self) -> list[tuple[str, str]]:
        """What happened so far, such as ("ObjectCreated", key), in the order of its arrival."""
        found = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        for message in found.get("Messages", []):
            event = json.loads(json.loads(message["Body"])["Message"])
            for record in event.get("Records", []):
                what = record["eventName"].split(":")[0]
                self._heard.append((what, record["s3"]["object"]["key"]))
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self._heard
