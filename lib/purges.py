"""Purges that cannot get lost: what the CDN may still hold of variants that changed.

The intention to purge is queued before the variant is written, with a delay that outlasts the
writer. So whatever becomes of the writer, the CDN's copies go after its last possible write.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import cloudfront as cdn
from lib.aws import sqs as queues

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class PurgeQueue:
    """Where intentions wait, `delay` seconds each."""

    sqs: "SQSClient"
    url: str
    delay: int

    def intend(self, variant_keys: Iterable[str]) -> None:
        """Have the CDN forget these variants after the delay; TransientError if not queued."""
        body = json.dumps({"paths": [f"/{keys.escaped(key)}" for key in variant_keys]})
        queues.send(self.sqs, self.url, body, {}, delay=self.delay)


class Intention(NamedTuple):
    """A message of the purge queue."""

    id: str
    body: str


@dataclass(frozen=True)
class Purger:
    """Turns batches of intentions into invalidations of one distribution.

    `formats` tells whether it chooses among formats by Accept. Then it keeps each choice under the
    path without its folder, all sizes' in one place (infra/delivery/formats.py), and one of these
    may be the size's own format, shown in place of a missing one.
    """

    cloudfront: "CloudFrontClient"
    distribution_id: str
    formats: bool = False

    def purge(self, intentions: list[Intention]) -> list[str]:
        """One invalidation for all; the ids of messages that are no intentions.

        Raises TransientError where CloudFront takes none now. The invalidation is named after
        the messages it is made of: the same batch tried again is the same invalidation.
        """
        understood = {each.id: paths for each in intentions if (paths := read_intention(each.body))}
        if understood:
            paths = sorted({path for paths in understood.values() for path in self._all(paths)})
            reference = hashlib.sha256(json.dumps([*sorted(understood), *paths]).encode())
            cdn.invalidate(self.cloudfront, self.distribution_id, paths, reference.hexdigest())
        return [each.id for each in intentions if each.id not in understood]

    def _all(self, paths: list[str]) -> list[str]:
        return paths + [_without_folder(path) for path in paths if self.formats]


def _without_folder(path: str) -> str:
    """`/2026/a.jpg` of `/400x300.avif/2026/a.jpg`."""
    return "/" + path[1:].partition("/")[2]


def read_intention(body: str) -> list[str]:
    """The URL paths that an intention names; none where the text is no intention.

    Wildcards never pass: a single `*` would purge, and be paid as, everything below it.
    """
    try:
        paths = json.loads(body)["paths"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    exact = isinstance(paths, list) and all(
        isinstance(path, str) and path.startswith("/") and path.isascii() and "*" not in path
        for path in paths
    )
    return paths if exact else []
