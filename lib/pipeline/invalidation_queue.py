"""Queues CDN invalidations; `invalidations.py` processes the queue."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from lib import keys
from lib.aws import sqs as queues
from lib.aws.clients import SQSClient


@dataclass(frozen=True)
class InvalidationQueue:
    """The queue of invalidations, which delays each by `delay` seconds.

    `signed` is whether the CDN serves signed images, possibly of photos that never had a variant.
    """

    sqs: SQSClient
    url: str
    delay: int
    signed: bool = False

    def send(self, variant_keys: Iterable[str], *, signed_only: bool = False) -> None:
        """Queues the invalidation of these variants; raises TransientError if not queued.

        `signed_only` invalidates only the signed images of their photos.
        """
        body: dict[str, object] = {"paths": [f"/{keys.url_path(key)}" for key in variant_keys]}
        if signed_only:
            body["signed_only"] = True
        queues.send(self.sqs, self.url, json.dumps(body), {}, delay=self.delay)
