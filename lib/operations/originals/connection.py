"""Adds a stage's notification to a bucket that exists, and takes it away again.

S3 has no condition for this write: of two writers at the same moment, one loses its change. So each
write is directly after its read, and is read again. A tag of the stage's topic names the bucket
that may have the entry. It is written before the entry and removed after it, so that a deploy after
an interrupted one finds the entry, also if the stage has another bucket now.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lib.aws import topics
from lib.aws.buckets import exists
from lib.aws.clients import S3Client, SNSClient
from lib.aws.notifications import Notifications, read_notifications, write_notifications
from lib.errors import ConfigError, TransientError
from lib.keys import Originals
from lib.operations.originals.entries import Entry, OwnEntry

# The tag of the topic.
TAG = "fanout-originals-bucket"
# A new topic policy takes seconds to apply, and so does a new set of notifications to be read.
_TRIES, _PAUSE = 6, 2.0
# S3's code for a destination that it may not send to.
_INVALID = "InvalidArgument"


@dataclass(frozen=True)
class Connection:
    """The notification of one stage; `stack` is its stack's name, and the id of its entry."""

    s3: S3Client
    sns: SNSClient
    stack: str
    topic_arn: str
    sleep: Callable[[float], None] = time.sleep

    def remember(self, bucket: str) -> None:
        """Notes that a bucket may have the stage's entry, unless another one is noted."""
        if self._read_tag() is None:
            topics.set_tag(self.sns, self.topic_arn, TAG, bucket)

    def connect(self, originals: Originals) -> list[str]:
        """Adds the entry, and takes it from an earlier bucket; returns lines on what changed.

        Raises ConfigError if an entry of others overlaps, or if the set was changed meanwhile.
        """
        lines = []
        earlier = self._read_tag()
        if earlier not in (None, originals.bucket):
            lines += self._take_from(str(earlier))
        if earlier != originals.bucket:
            topics.set_tag(self.sns, self.topic_arn, TAG, originals.bucket)
        return lines + self._add_to(originals)

    def disconnect(self, created: str | None = None) -> list[str]:
        """Takes the entry from the bucket that may have it; returns lines on what changed.

        The bucket `created` keeps its entries: they are of the stack that owns it. It is noted if a
        deploy with another bucket has failed.
        """
        earlier = self._read_tag()
        if earlier is None:
            return []
        lines = [] if earlier == created else self._take_from(earlier)
        topics.remove_tag(self.sns, self.topic_arn, TAG)
        return lines

    def _add_to(self, originals: Originals) -> list[str]:
        own = OwnEntry(self.stack, self.topic_arn, originals.prefix)
        before = read_notifications(self.s3, originals.bucket)
        if overlaps := own.find_overlaps(before):
            raise ConfigError(describe_overlaps(originals.bucket, own, overlaps))
        if own.find(before) == [own.entry]:
            return []
        self._write_validated(originals.bucket, own.add_to(before))
        self._verify(originals.bucket, own, before, [own.entry])
        others = own.find_others(before)
        kept = f"; kept {len(others)} of others" if others else ""
        return [f"Added the notification {self.stack} to s3://{originals}{kept}"]

    def _take_from(self, bucket: str) -> list[str]:
        if not exists(self.s3, bucket):
            return []
        own = OwnEntry(self.stack, self.topic_arn, "")
        before = read_notifications(self.s3, bucket)
        if not own.find(before):
            return []
        # The destinations of others are not this stage's concern.
        write_notifications(self.s3, bucket, own.remove_from(before), validate=False)
        self._verify(bucket, own, before, [])
        return [f"Removed the notification {self.stack} from the bucket {bucket}"]

    def _write_validated(self, bucket: str, notifications: Notifications) -> None:
        for remaining in reversed(range(_TRIES)):
            try:
                write_notifications(self.s3, bucket, notifications, validate=True)
            except TransientError as error:
                if error.reason != _INVALID:
                    raise
                if not remaining:
                    raise ConfigError(
                        f"S3 does not accept the notifications of the bucket {bucket}: it checks "
                        "the destinations of all entries, those of others too. Remove or repair "
                        f"the entry that S3 names, then deploy again: {error.__cause__}"
                    ) from error
                self.sleep(_PAUSE)
            else:
                return

    def _verify(
        self, bucket: str, own: OwnEntry, before: Notifications, expected: list[Entry]
    ) -> None:
        """Reads the set until it is as written; raises ConfigError if it stays different."""
        for remaining in reversed(range(_TRIES)):
            after = read_notifications(self.s3, bucket)
            lost = [each for each in own.find_others(before) if each not in own.find_others(after)]
            if own.find(after) == expected and not lost:
                return
            if remaining:
                self.sleep(_PAUSE)
        missing = [*lost, *(each for each in expected if each not in own.find(after))]
        raise ConfigError(
            f"The notifications of the bucket {bucket} were changed by somebody else at the same "
            "moment, and S3 keeps the last change alone. "
            + (f"Missing now: {'; '.join(map(str, missing))}. " if missing else "")
            + "Add what others miss, then deploy again"
        )

    def _read_tag(self) -> str | None:
        return topics.get_tag(self.sns, self.topic_arn, TAG)


def describe_overlaps(bucket: str, own: OwnEntry, overlaps: list[Entry]) -> str:
    """Returns the message that names the entries of others that overlap, and what to do."""
    below = f"below {own.prefix}" if own.prefix else "in the whole bucket"
    named = "".join(f"  {entry}\n" for entry in overlaps)
    return (
        f"S3 sends an event of the bucket {bucket} to one destination alone, and other "
        f"notifications take events {below}:\n{named}"
        "Give the photos a folder that no other notification is for (originals_prefix), narrow the "
        "other one's prefix or events, or remove it and subscribe its destination to the stage's "
        f"topic {own.topic_arn}, which sends all events on"
    )
