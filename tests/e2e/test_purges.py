"""A changed variant's way to an invalidation; test_lifecycle.py goes it from the photo on."""

import json
from typing import TYPE_CHECKING

from local.stack import DeployedStack
from tests.e2e.steps import eventually, invalidated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def test_an_intention_becomes_an_invalidation_of_exactly_its_paths(
    stack: DeployedStack, sqs: "SQSClient"
) -> None:
    url = sqs.get_queue_url(QueueName="image-fanout-local-purge")["QueueUrl"]
    paths = ["/400x300/a%2A.jpg", "/800x600/a%2A.jpg"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"paths": paths}))

    def is_purged() -> bool:
        """With others that came in the same batch, perhaps, but as it is."""
        return any(set(paths) <= set(batch) for batch in invalidated(stack))

    eventually(is_purged, "the invalidation")
