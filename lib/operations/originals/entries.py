"""Entries of a bucket's notifications: the stage's own one among those of others.

S3 refuses two entries for one event type whose prefixes overlap and whose suffixes overlap,
whatever their destinations. The stage's entry has no suffix, so each suffix overlaps with it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from lib.aws.notifications import Notifications

# Types of S3 events after which variants may be stale.
EVENTS = (
    "s3:ObjectCreated:*",
    "s3:ObjectRemoved:*",
    "s3:LifecycleExpiration:*",
    "s3:ObjectRestore:Completed",
)
_TOPICS = "TopicConfigurations"
# The lists of entries, and the key of an entry's destination in each.
_DESTINATIONS = {
    _TOPICS: "TopicArn",
    "QueueConfigurations": "QueueArn",
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
}


class Entry(NamedTuple):
    """One entry, in a form that can be compared."""

    id: str
    destination: str
    events: frozenset[str]
    prefix: str
    suffix: str

    def __str__(self) -> str:
        """Returns the entry for messages."""
        below = f", prefix {self.prefix!r}" if self.prefix else ", the whole bucket"
        suffix = f", suffix {self.suffix!r}" if self.suffix else ""
        events = " ".join(sorted(self.events))
        return f"{self.id!r} ({events} to {self.destination}{below}{suffix})"


class OwnEntry(NamedTuple):
    """The stage's entry: below `prefix`, to its topic.

    Whatever is sent to this topic is the stage's own too: a removed stack of the same name has left
    entries in the bucket that it created.
    """

    id: str
    topic_arn: str
    prefix: str

    @property
    def entry(self) -> Entry:
        """The entry as S3 has it when all is well."""
        return Entry(self.id, self.topic_arn, frozenset(EVENTS), self.prefix, "")

    def find(self, notifications: Notifications) -> list[Entry]:
        """Returns the stage's entries in a bucket's notifications."""
        return [entry for entry in list_entries(notifications) if self._is_own(entry)]

    def find_others(self, notifications: Notifications) -> list[Entry]:
        """Returns everybody else's entries."""
        return [entry for entry in list_entries(notifications) if not self._is_own(entry)]

    def find_overlaps(self, notifications: Notifications) -> list[Entry]:
        """Returns the entries of others that S3 does not accept beside the stage's."""
        return [entry for entry in self.find_others(notifications) if _overlap(self.entry, entry)]

    def add_to(self, notifications: Notifications) -> Notifications:
        """Returns the notifications with the stage's entry, in place of earlier ones."""
        added = self.remove_from(notifications)
        entry: dict[str, Any] = {
            "Id": self.id,
            "TopicArn": self.topic_arn,
            "Events": [*EVENTS],
        }
        if self.prefix:
            rule = {"Name": "prefix", "Value": self.prefix}
            entry["Filter"] = {"Key": {"FilterRules": [rule]}}
        return added | {_TOPICS: [*added.get(_TOPICS, []), entry]}

    def remove_from(self, notifications: Notifications) -> Notifications:
        """Returns the notifications without the stage's entries."""
        kept = dict(notifications)
        for kind in _DESTINATIONS.keys() & kept.keys():
            kept[kind] = [each for each in kept[kind] if not self._is_own(_parse_entry(kind, each))]
        return kept

    def _is_own(self, entry: Entry) -> bool:
        return self.id == entry.id or self.topic_arn == entry.destination


def list_entries(notifications: Notifications) -> Iterator[Entry]:
    """Yields all entries; EventBridge, which overlaps with nothing, is none."""
    for kind in _DESTINATIONS:
        for each in notifications.get(kind, []):
            yield _parse_entry(kind, each)


def _parse_entry(kind: str, given: dict[str, Any]) -> Entry:
    rules = given.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    # S3 returns the names as Prefix and Suffix, and values in the escaped form of its events.
    values = {rule["Name"].lower(): unquote_plus(rule["Value"]) for rule in rules}
    return Entry(
        given.get("Id", ""),
        given[_DESTINATIONS[kind]],
        frozenset(given["Events"]),
        values.get("prefix", ""),
        values.get("suffix", ""),
    )


def _overlap(one: Entry, other: Entry) -> bool:
    return (
        any(_share_events(mine, theirs) for mine in one.events for theirs in other.events)
        and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
        and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
    )


def _share_events(one: str, other: str) -> bool:
    """Returns whether an event can be of both types; `s3:ObjectCreated:*` is all below it."""
    if one.endswith("*") and other.endswith("*"):
        one, other = one[:-1], other[:-1]
        return one.startswith(other) or other.startswith(one)
    if one.endswith("*"):
        return other.startswith(one[:-1])
    if other.endswith("*"):
        return one.startswith(other[:-1])
    return one == other
