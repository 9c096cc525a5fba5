"""Purges that cannot get lost: what the CDN may still hold of variants that changed.

The intention to purge is queued before the variant is written, with a delay that outlasts the
writer. So whatever becomes of the writer, the CDN's copies go after its last possible write.
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
from lib.concurrency import map_concurrently
from lib.errors import PermanentError, TransientError
from lib.keys import SIGNED_FOLDER
from lib.pipeline.messages import SqsMessage, send_to_dlq

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_sqs import SQSClient

# CloudFront works on 15 paths with a wildcard at once, whosever batch they are in: two batches,
# which is how many are under way together, fit.
MAX_WILDCARDS = 7
# Calls of CloudFront at once, while the paths that it refuses are looked for: of 500 photos that
# takes nine rounds of two calls. More would only be throttled.
_ABREAST = 4


class InvalidationMessage(NamedTuple):
    """What a message of the purge queue asks for: URL paths of variants, spelled as the CDN does.

    `signed_only`: of their photos' signed pictures alone.
    """

    paths: list[str]
    signed_only: bool = False

    def affects(self, name: str) -> bool:
        """Whether a group of paths with this name has something of it."""
        photos = {_photo(path) for path in self.paths}
        is_below = name.endswith("/") and any(f"{photo}/".startswith(name) for photo in photos)
        return name in photos or is_below


# Paths to purge together, by the photo that they show (`/2026/a.jpg`) or by the folder that many
# photos are in (`/2026/`).
_Groups = dict[str, set[str]]


class _Answered(NamedTuple):
    """What CloudFront never takes, and what it was not asked for in time, by groups."""

    refused: dict[str, PermanentError]
    left: set[str]


@dataclass(frozen=True)
class Invalidator:
    """Turns batches of intentions into invalidations of one distribution.

    `formats` tells whether it chooses among formats by Accept. Then it keeps each choice under the
    path without its folder, all sizes' in one place (infra/delivery/formats.py), and one of these
    may be the size's own format, shown in place of a missing one.

    `signed` tells whether it has signed pictures too: those of a photo are all below one folder.
    """

    cloudfront: "CloudFrontClient"
    distribution_id: str
    sqs: "SQSClient"
    dlq_url: str
    logger: "Logger"
    formats: bool = False
    signed: bool = False

    def invalidate(self, messages: list[SqsMessage], has_time: Callable[[], bool]) -> list[str]:
        """One invalidation for all; the ids of messages that are to come again.

        CloudFront refuses an invalidation as a whole for one path that it does not take. Then the
        halves are tried, and so on: the messages of that photo alone are parked. Those that are no
        intentions come again, and those for which there was no time (`has_time` is asked after the
        first call). Raises TransientError where CloudFront takes none now.

        Invalidations are named after the messages and the paths that they are made of: the same
        batch tried again makes no second one.
        """
        understood = [
            (each, intention) for each in messages if (intention := parse_invalidation(each.body))
        ]
        groups = self._groups([intention for _, intention in understood])
        answered = self._invalidate(sorted(each.id for each, _ in understood), groups, has_time)
        again = {each.id for each in messages} - {each.id for each, _ in understood}
        for message, intention in understood:
            if not self._is_settled(message, intention, answered):
                again.add(message.id)
        return [each.id for each in messages if each.id in again]

    def _groups(self, intentions: list[InvalidationMessage]) -> _Groups:
        groups: _Groups = {}
        for intention in intentions:
            for path in intention.paths:
                group = groups.setdefault(_photo(path), set())
                if not intention.signed_only:
                    group |= {path, _photo(path)} if self.formats else {path}
        if self.signed:
            for folder in _folders(groups):
                groups.setdefault(folder, set()).add(
                    f"/{SIGNED_FOLDER}{folder.removesuffix('/')}/*"
                )
        return {name: paths for name, paths in groups.items() if paths}

    def _invalidate(
        self, ids: list[str], groups: _Groups, has_time: Callable[[], bool]
    ) -> _Answered:
        """All groups in one invalidation, or else in as few as CloudFront takes."""

        def try_one(names: list[str]) -> PermanentError | TransientError | None:
            paths = sorted(set().union(*(groups[name] for name in names)))
            reference = hashlib.sha256(json.dumps([*ids, *paths]).encode()).hexdigest()
            try:
                cdn.invalidate(self.cloudfront, self.distribution_id, paths, reference)
            except (PermanentError, TransientError) as error:
                return error
            return None

        answered = _Answered({}, set())
        parts, is_first = [sorted(groups)] if groups else [], True
        while parts and (is_first or has_time()):
            halves = []
            for names, error in zip(
                parts, map_concurrently(parts, try_one, abreast=_ABREAST), strict=True
            ):
                if isinstance(error, TransientError):
                    if is_first:
                        raise error
                    self.logger.warning("not purged now", reason=error.reason, error=str(error))
                    answered.left.update(names)
                elif error and len(names) == 1:
                    answered.refused[names[0]] = error
                elif error:
                    middle = len(names) // 2
                    halves += [names[:middle], names[middle:]]
            # While CloudFront takes none it is asked for no more.
            parts, is_first = halves, False
            if answered.left:
                break
        answered.left.update(name for names in parts for name in names)
        return answered

    def _is_settled(
        self, message: SqsMessage, intention: InvalidationMessage, answered: _Answered
    ) -> bool:
        """Whether nothing is left to do for a message; what CloudFront refuses is parked."""
        if any(intention.affects(name) for name in answered.left):
            return False
        refused = next((name for name in answered.refused if intention.affects(name)), None)
        if refused is None:
            return True
        error, path = answered.refused[refused], unquote(intention.paths[0]).removeprefix("/")
        try:
            send_to_dlq(self.sqs, self.dlq_url, message, path, error)
        except TransientError as refusal:
            self.logger.warning("not parked", reason=refusal.reason, error=str(refusal))
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
    """`/2026/a.jpg` of `/400x300.avif/2026/a.jpg`."""
    return "/" + path[1:].partition("/")[2]


def _folders(photos: Iterable[str]) -> list[str]:
    """Where in the folder of signed pictures those of these photos are, and no others are sent.

    For many photos at once, the one folder that all are in: CloudFront would take no more of them
    for minutes, and the purges of all else would wait. What else is in there is rendered anew.
    """
    folders = sorted(photos)
    if len(folders) <= MAX_WILDCARDS:
        return folders
    return [commonpath(folders).removesuffix("/") + "/"]


def parse_invalidation(body: str) -> InvalidationMessage | None:
    """The intention that a message is; None where the text is no intention.

    Wildcards never pass: a single `*` would purge, and be paid as, everything below it. Paths that
    an earlier deploy has spelled otherwise are spelled as requests are now.
    """
    try:
        said = json.loads(body)
        paths, signed_only = said["paths"], said.get("signed_only")
        if not isinstance(paths, list) or not all(_is_exact(path) for path in paths):
            return None
        spelled = [keys.url_path(unquote_to_bytes(path)) for path in paths]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return InvalidationMessage(spelled, signed_only is True) if spelled else None


def _is_exact(path: object) -> bool:
    return isinstance(path, str) and path.startswith("/") and path.isascii() and "*" not in path
