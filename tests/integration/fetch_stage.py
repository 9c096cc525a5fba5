"""Fetching on moto: the job queue, the worker's handler, and a web server to fetch from."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from handlers import fetch
from lib.aws.s3 import StoredObject, head
from lib.fetching.jobs import FetchJob, FetchJobQueue, FetchState
from tests.integration.conftest import Context, Queues
from tests.payloads import ORIGINALS, payload
from tests.web_server import WebServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PHOTO = b"photo" * 1000


@dataclass
class Fetching:
    """Submits fetch jobs, delivers them, and reads the results."""

    s3: "S3Client"
    queues: Queues
    web: WebServer

    @property
    def job_queue(self) -> FetchJobQueue:
        url = self.queues.url
        return FetchJobQueue(
            self.s3, "failures-bucket", self.queues.sqs, url, ORIGINALS, allow_loopback=True
        )

    def submit(self, path: str = "a.jpg", page: str = "/photo.jpg", **more: Any) -> FetchJob:
        """Submits a job for a page of the web server."""
        return self.job_queue.submit(path, self.web.url(page), **more)

    def sent(self) -> list[str]:
        """Returns the bodies of the messages in the queue."""
        answer = self.queues.sqs.receive_message(
            QueueUrl=self.queues.url, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in answer.get("Messages", [])]

    def deliver(
        self,
        job: FetchJob | str,
        *,
        attempts: int = 1,
        seconds: float = 60,
        **attributes: str,
    ) -> bool:
        """Calls the handler as Lambda does; returns whether SQS must redeliver the message."""
        event = payload("sqs_fetch_order")
        (record,) = event["Records"]
        record["body"] = job if isinstance(job, str) else job.model_dump_json()
        record["attributes"]["ApproximateReceiveCount"] = str(attempts)
        record["messageAttributes"] = {
            name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()
        }
        answer = fetch.handler(event, Context(seconds))  # type: ignore[arg-type]
        assert answer in (
            {"batchItemFailures": []},
            {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]},
        )
        return bool(answer["batchItemFailures"])

    def put(self, path: str = "a.jpg", data: bytes = b"another") -> None:
        """Writes an original that no job wrote."""
        self.s3.put_object(Bucket="originals-bucket", Key=f"originals/{path}", Body=data)

    def original(self, path: str = "a.jpg") -> Any:
        try:
            return self.s3.get_object(Bucket="originals-bucket", Key=f"originals/{path}")
        except self.s3.exceptions.NoSuchKey:
            return None

    def data(self, path: str = "a.jpg") -> bytes | None:
        """Returns the original's bytes."""
        found = self.original(path)
        return found["Body"].read() if found else None

    def stored(self, path: str = "a.jpg") -> StoredObject | None:
        """Returns the original's metadata."""
        return head(self.s3, "originals-bucket", f"originals/{path}")

    def get_state(self, path: str = "a.jpg") -> FetchState | None:
        return self.job_queue.get_state(path)

    def read_records(self) -> dict[str, Any]:
        """Returns all records of the failures bucket, by key."""
        listed = self.s3.list_objects_v2(Bucket="failures-bucket").get("Contents", [])
        return {
            each["Key"]: json.loads(
                self.s3.get_object(Bucket="failures-bucket", Key=each["Key"])["Body"].read()
            )
            for each in listed
        }


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def fetching(
    s3: "S3Client", queues: Queues, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fetching]:
    """Sets the function's settings in the environment."""
    for name, value in {
        "ORIGINALS_BUCKET": ORIGINALS.bucket,
        "ORIGINALS_PREFIX": ORIGINALS.prefix,
        "FAILURES_BUCKET": "failures-bucket",
        "QUEUE_URL": queues.url,
        "DLQ_URL": queues.dlq_url,
        "MAX_RECEIVE_COUNT": "8",
        "MAX_UPLOAD_BYTES": "30000000",
        "UPLOAD_TYPES": '["image/jpeg", "image/png"]',
        "RESERVE_SECONDS": "10",
        "LANDING_SECONDS": "60",
        "POWERTOOLS_METRICS_NAMESPACE": "image-fanout-dev",
        "FETCH_LOOPBACK": "true",
        # No test fetches by TLS here, and to read the system's authorities takes 40 ms.
        "SSL_CERT_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    fetch._worker.cache_clear()
    yield Fetching(s3, queues, web)
    fetch._worker.cache_clear()


def events_of_s3() -> Any:
    """Returns the event hooks of the worker's S3 client."""
    return fetch._worker().fetcher.s3.meta.events
