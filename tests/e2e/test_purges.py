"""A changed variant's way to an invalidation."""

import json
from typing import TYPE_CHECKING, Any

from local.client import aws
from local.stack import Stack
from tests.e2e.test_pipeline import PHOTO, arrived, eventually, uploaded
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def waiting(sqs: "SQSClient") -> int:
    """Intentions whose delay is not over."""
    url = sqs.get_queue_url(QueueName="image-fanout-local-purge")["QueueUrl"]
    name: Any = "ApproximateNumberOfMessagesDelayed"
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def test_replacing_a_photo_queues_a_purge_of_each_variant(stack: Stack, sqs: "SQSClient") -> None:
    ticket = uploaded(stack, PHOTO, path="purged.jpg")
    for url in ticket["variants"].values():
        arrived(url)
    before = waiting(sqs)
    uploaded(stack, encoded(quarters(900, 900)), path="purged.jpg", overwrite=True)
    eventually(lambda: waiting(sqs) >= before + len(stack.sizes), "an intention for each size")


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
        batches = [each["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for each in found]
        return [[path for path in batch if not path.startswith("/_signed/")] for batch in batches]

    eventually(lambda: paths in [sorted(batch) for batch in invalidated()], "the invalidation")
