"""The queue of intentions to purge, as those who change variants see it.

What becomes of an intention is in `purges.py`, which parks like every worker.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib import keys
from lib.aws import sqs as queues

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class InvalidationQueue:
    """Where intentions wait, `delay` seconds each.

    `signed` tells whether the CDN has signed pictures too, and so perhaps some of a photo that
    never had a variant.
    """

    sqs: "SQSClient"
    url: str
    delay: int
    signed: bool = False

    def send(self, variant_keys: Iterable[str], *, signed_only: bool = False) -> None:
        """Have the CDN forget these variants after the delay; TransientError if not queued.

        `signed_only`: it has none of them, but may have signed pictures of their photo.
        """
        body: dict[str, object] = {"paths": [f"/{keys.url_path(key)}" for key in variant_keys]}
        if signed_only:
            body["signed_only"] = True
        queues.send(self.sqs, self.url, json.dumps(body), {}, delay=self.delay)
