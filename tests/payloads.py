"""Real event payloads by name, and SQS batches made of message bodies."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from lib.keys import Originals

# Where the originals of most tests are.
ORIGINALS = Originals("originals-bucket", "originals/")
_EVENTS = Path(__file__).parent / "events"


def payload(name: str) -> Any:
    """The payload tests/events/<name>.json."""
    return json.loads((_EVENTS / f"{name}.json").read_text())


def s3_event(key: str, *, bucket: str = ORIGINALS.bucket, **changes: Any) -> dict[str, Any]:
    """The payload of a put, for another key (as it is in S3, not yet encoded)."""
    event: dict[str, Any] = payload("s3_put")
    record = event["Records"][0]
    record["s3"]["bucket"]["name"] = bucket
    record["s3"]["object"]["key"] = quote_plus(key, safe="/")
    record["s3"]["object"] |= {k: v for k, v in changes.items() if k == "size"}
    record |= {k: v for k, v in changes.items() if k != "size"}
    return event


def sqs_batch(
    *bodies: str, attempts: int = 1, attributes: dict[str, str] | None = None
) -> dict[str, Any]:
    """What Lambda hands to a function for messages with these bodies."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": str(attempts),
                    "SentTimestamp": "1793525412000",
                    "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
                    "ApproximateFirstReceiveTimestamp": "1793525412001",
                },
                "messageAttributes": {
                    name: {"stringValue": value, "dataType": "String"}
                    for name, value in (attributes or {}).items()
                },
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:image-fanout-dev-400x300",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
    }
