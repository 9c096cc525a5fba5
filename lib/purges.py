"""Purges that cannot get lost: what the CDN may still hold of variants that changed.

The intention to purge is queued before the variant is written, with a delay that outlasts the
writer. So whatever becomes of the writer, the CDN's copies go after its last possible write.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import commonpath
from typing import TYPE_CHECKING, NamedTuple

from lib import keys
from lib.aws import cloudfront as cdn
from lib.aws import sqs as queues
from lib.on_demand.signatures import FOLDER

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_sqs import SQSClient

# CloudFront works on 15 paths with a wildcard at once, whosever batch they are in: two batches,
# which is how many are under way together, fit.
MAX_WILDCARDS = 7


@dataclass(frozen=True)
class PurgeQueue:
    """Where intentions wait, `delay` seconds each.

    `signed` tells whether the CDN has signed pictures too, and so perhaps some of a photo that
    never had a variant.
    """

    sqs: "SQSClient"
    url: str
    delay: int
    signed: bool = False

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

    `signed` tells whether it has signed pictures too: those of a photo are all below one folder.
    """

    cloudfront: "CloudFrontClient"
    distribution_id: str
    formats: bool = False
    signed: bool = False

    def purge(self, intentions: list[Intention]) -> list[str]:
        """One invalidation for all; the ids of messages that are no intentions.

        Raises TransientError where CloudFront takes none now. The invalidation is named after
        the messages it is made of: the same batch tried again is the same invalidation.
        """
        understood = {each.id: paths for each in intentions if (paths := read_intention(each.body))}
        if understood:
            paths = sorted(self._all({path for paths in understood.values() for path in paths}))
            reference = hashlib.sha256(json.dumps([*sorted(understood), *paths]).encode())
            cdn.invalidate(self.cloudfront, self.distribution_id, paths, reference.hexdigest())
        return [each.id for each in intentions if each.id not in understood]

    def _all(self, paths: set[str]) -> set[str]:
        photos = {_without_folder(path) for path in paths}
        also = photos if self.formats else set()
        return paths | also | (_signed(photos) if self.signed else set())


def _signed(photos: set[str]) -> set[str]:
    """A wildcard for the signed pictures of each photo, the only ones that are ever sent.

    For many photos at once, one for the folder that all are in: CloudFront would take no more of
    them for minutes, and the purges of all else would wait. What else is in there is rendered anew.
    """
    folders = {f"/{FOLDER}{photo}/" for photo in photos}
    if len(folders) > MAX_WILDCARDS:
        folders = {commonpath(sorted(folders)) + "/"}
    return {f"{folder}*" for folder in folders}


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
