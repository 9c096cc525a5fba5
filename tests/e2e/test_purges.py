"""A changed variant's way to an invalidation; test_lifecycle.py goes it from the photo on."""

import json
from typing import TYPE_CHECKING

from local.client import aws
from local.stack import Stack
from tests.e2e.steps import eventually

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def test_an_intention_becomes_an_invalidation_of_exactly_its_paths(
    stack: Stack, sqs: "SQSClient"
) -> None:
    url = sqs.get_queue_url(QueueName="image-fanout-local-purge")["QueueUrl"]
    paths = ["/400x300/a%2A.jpg", "/800x600/a%2A.jpg"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"paths": paths}))
    cloudfront = aws(stack, "cloudfront")
    (distribution,) = cloudfront.list_distributions()["DistributionList"]["Items"]

    def invalidated() -> list[list[str]]:
        listed = cloudfront.list_invalidations(DistributionId=distribution["Id"])
        found = [
            cloudfront.get_invalidation(DistributionId=distribution["Id"], Id=item["Id"])
            for item in listed["InvalidationList"].get("Items", [])
        ]
        return [each["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for each in found]

    def is_purged() -> bool:
        """With others that came in the same batch, perhaps, but as it is."""
        return any(set(paths) <= set(batch) for batch in invalidated())

    eventually(is_purged, "the invalidation")
