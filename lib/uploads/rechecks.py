"""Has workers render what is missing or stale of a photo, and leave what is current."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from lib.aws import sqs as queues
from lib.aws.clients import SQSClient
from lib.concurrency import map_concurrently
from lib.keys import MAX_KEY_BYTES, Originals
from lib.pipeline.rechecks import RecheckQueue
from lib.sizes.declared import require_declared
from lib.upload_paths import require_printable

# CloudFormation's limit on resources allows fewer sizes.
_MAX_SIZES = 100
MAX_WORKERS = 10


class RecheckRequest(BaseModel, extra="forbid"):
    """A photo, and the sizes to recheck it at: by default all."""

    path: str = Field(min_length=1, max_length=MAX_KEY_BYTES)
    sizes: list[Annotated[str, Field(min_length=1, max_length=MAX_KEY_BYTES)]] | None = Field(
        None, min_length=1, max_length=_MAX_SIZES
    )


class Rechecked(BaseModel):
    """The sizes whose workers have a recheck of the photo in their queues."""

    path: str
    sizes: list[str]


@dataclass(frozen=True)
class Rechecks:
    """Sends rechecks of single photos of one stage; its queues' names begin with `prefix`."""

    sqs: SQSClient
    prefix: str
    sizes: Sequence[str]
    originals: Originals

    def send(self, request: RecheckRequest) -> Rechecked:
        """Sends a recheck to each size's queue.

        Raises RequestError for an unknown size, PermanentError for a path that no original can
        have, and TransientError if SQS did not take all: send the request again.
        """
        require_printable(request.path)
        self.originals.check(request.path)
        chosen = self.sizes if request.sizes is None else request.sizes
        names = require_declared(chosen, self.sizes)

        def send_one(name: str) -> None:
            url = queues.find_queue(self.sqs, f"{self.prefix}{name}")
            RecheckQueue(self.sqs, url, self.originals).send(request.path)

        list(map_concurrently(names, send_one, max_workers=MAX_WORKERS))
        return Rechecked(path=request.path, sizes=names)
