"""Invalidates the CDN's copies of changed variants.

A worker queues the invalidation before it writes the variant, with a delay that outlasts the
worker. So even if the worker is stopped, the invalidation follows its last possible write.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from posixpath import commonpath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from lib import keys
from lib.aws import cloudfront as cdn
from lib.aws.clients import CloudFrontClient, SQSClient
from lib.concurrency import map_concurrently
from lib.errors import PermanentError, TransientError
from lib.keys import SIGNED_FOLDER
from lib.pipeline.messages import SqsMessage, send_to_dlq

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# CloudFront processes at most 15 paths with a wildcard at once: two batches, which is how many run
# concurrently, fit.
MAX_WILDCARDS = 7
# Concurrent calls of CloudFront in the search for rejected paths: 500 photos take nine rounds of
# two calls. More calls would only be throttled.
_MAX_WORKERS = 4


class InvalidationMessage(NamedTuple):
    """URL paths of variants to invalidate, as `keys.url_path` encodes them.

    `signed_only` invalidates only the signed images of their photos.
    """

    paths: list[str]
    signed_only: bool = False

    def affects(self, name: str) -> bool:
        """Returns whether the group of this name has a path of the message."""
        photos = {_photo(path) for path in self.paths}
        is_below = name.endswith("/") and any(f"{photo}/".startswith(name) for photo in photos)
        return name in photos or is_below


# Paths to invalidate together, by their photo (`/2026/a.jpg`) or by the folder of many photos
# (`/2026/`).
_Groups = dict[str, set[str]]


class _Results(NamedTuple):
    """Names of groups that CloudFront rejects, and of those that there was no time for."""

    rejected: dict[str, PermanentError]
    pending: set[str]


@dataclass(frozen=True)
class Invalidator:
    """Invalidates paths of one distribution.

    `formats` is whether the distribution selects formats by the Accept header. It then caches the
    selected variants of all sizes under the path without the size's folder
    (infra/delivery/formats.py), and one of them may stand in for a missing format.

    `signed` is whether the distribution serves signed images: each photo has one folder of them.
    """

    cloudfront: CloudFrontClient
    distribution_id: str
    sqs: SQSClient
    dlq_url: str
    logger: "Logger"
    formats: bool = False
    signed: bool = False

    def invalidate(self, messages: list[SqsMessage], has_time: Callable[[], bool]) -> list[str]:
        """Creates one invalidation for all messages; returns the ids of those to redeliver.

        CloudFront rejects a whole invalidation for one invalid path. Then halves are tried, and
        halves of these, until only the messages of that photo become dead letters. Unreadable
        messages are redelivered, and so are those without time left (`has_time` is called after
        the first call). Raises TransientError if the first call fails otherwise.

        The reference is derived from message ids and paths, so that a retried batch creates no
        second invalidation.
        """
        parsed = [(m, body) for m in messages if (body := parse_invalidation(m.body))]
        groups = self._group_paths([body for _, body in parsed])
        results = self._invalidate(sorted(message.id for message, _ in parsed), groups, has_time)
        settled = {m.id for m, body in parsed if self._is_settled(m, body, results)}
        return [message.id for message in messages if message.id not in settled]

    def _group_paths(self, bodies: list[InvalidationMessage]) -> _Groups:
        groups: _Groups = {}
        for body in bodies:
            for path in body.paths:
                group = groups.setdefault(_photo(path), set())
                if not body.signed_only:
                    group |= {path, _photo(path)} if self.formats else {path}
        if self.signed:
            for folder in _get_signed_folders(groups):
                groups.setdefault(folder, set()).add(
                    f"/{SIGNED_FOLDER}{folder.removesuffix('/')}/*"
                )
        return {name: paths for name, paths in groups.items() if paths}

    def _invalidate(
        self, ids: list[str], groups: _Groups, has_time: Callable[[], bool]
    ) -> _Results:
        """Invalidates all groups at once, or in as few invalidations as CloudFront accepts."""

        def try_one(names: list[str]) -> PermanentError | TransientError | None:
            paths = sorted(set().union(*(groups[name] for name in names)))
            reference = hashlib.sha256(json.dumps([*ids, *paths]).encode()).hexdigest()
            try:
                cdn.invalidate(self.cloudfront, self.distribution_id, paths, reference)
            except (PermanentError, TransientError) as error:
                return error
            return None

        results = _Results({}, set())
        parts, is_first = [sorted(groups)] if groups else [], True
        while parts and (is_first or has_time()):
            halves = []
            for names, error in zip(
                parts, map_concurrently(parts, try_one, max_workers=_MAX_WORKERS), strict=True
            ):
                if isinstance(error, TransientError):
                    if is_first:
                        raise error
                    self.logger.warning("not purged now", reason=error.reason, error=str(error))
                    results.pending.update(names)
                elif error and len(names) == 1:
                    results.rejected[names[0]] = error
                elif error:
                    middle = len(names) // 2
                    halves += [names[:middle], names[middle:]]
            parts, is_first = halves, False
            if results.pending:  # further calls would fail too
                break
        results.pending.update(name for names in parts for name in names)
        return results

    def _is_settled(
        self, message: SqsMessage, body: InvalidationMessage, results: _Results
    ) -> bool:
        """Returns whether a message is done; sends it to the DLQ if CloudFront rejects a path."""
        if any(body.affects(name) for name in results.pending):
            return False
        rejected = next((name for name in results.rejected if body.affects(name)), None)
        if rejected is None:
            return True
        error, path = results.rejected[rejected], unquote(body.paths[0]).removeprefix("/")
        try:
            send_to_dlq(self.sqs, self.dlq_url, message, path, error)
        except TransientError as sqs_error:
            self.logger.warning("not parked", reason=sqs_error.reason, error=str(sqs_error))
            return False
        self.logger.error(
            "parked",
            message_id=message.id,
            path=keys.escaped(path),
            reason=error.reason,
            error=str(error),
        )
        return True


def _photo(path: str) -> str:
    """Returns `/2026/a.jpg` for `/400x300.avif/2026/a.jpg`."""
    return "/" + path[1:].partition("/")[2]


def _get_signed_folders(photos: Iterable[str]) -> list[str]:
    """Returns each photo's folder of signed images, or one common folder for many photos.

    CloudFront would accept no further wildcards for minutes, which would delay all invalidations.
    Other signed images in the common folder are rendered again.
    """
    folders = sorted(photos)
    if len(folders) <= MAX_WILDCARDS:
        return folders
    return [commonpath(folders).removesuffix("/") + "/"]


def parse_invalidation(body: str) -> InvalidationMessage | None:
    """Parses a message's body; returns None if it is invalid.

    Rejects wildcards: a single `*` would invalidate everything below it. Encodes paths anew, since
    an earlier deploy may have queued another encoding.
    """
    try:
        document = json.loads(body)
        paths, signed_only = document["paths"], document.get("signed_only")
        if not isinstance(paths, list) or not all(_is_exact(path) for path in paths):
            return None
        encoded = [keys.url_path(unquote_to_bytes(path)) for path in paths]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return InvalidationMessage(encoded, signed_only is True) if encoded else None


def _is_exact(path: object) -> bool:
    return isinstance(path, str) and path.startswith("/") and path.isascii() and "*" not in path
