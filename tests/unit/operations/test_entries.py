"""The stage's entry among a bucket's notifications: what is its own, and what overlaps with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.operations.originals.entries import EVENTS, OwnEntry, list_entries

TOPIC = "arn:aws:sns:eu-west-1:123456789012:image-fanout-dev"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:theirs"
LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function:theirs"
OTHER_TOPIC = "arn:aws:sns:eu-west-1:123456789012:theirs"
OWN = OwnEntry("image-fanout-dev", TOPIC, "photos/")


def entry(kind: str, *events: str, prefix: str | None = None, suffix: str | None = None) -> Any:
    """One entry as S3 returns it: its names of rules begin with a capital."""
    made: dict[str, Any] = {"Id": "theirs", "Events": [*events]}
    made |= {
        "TopicConfigurations": {"TopicArn": OTHER_TOPIC},
        "QueueConfigurations": {"QueueArn": QUEUE},
        "LambdaFunctionConfigurations": {"LambdaFunctionArn": LAMBDA},
    }[kind]
    rules = [
        {"Name": name, "Value": value}
        for name, value in (("Prefix", prefix), ("Suffix", suffix))
        if value is not None
    ]
    if rules:
        made["Filter"] = {"Key": {"FilterRules": rules}}
    return made


KINDS = ["TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("event", "prefix", "suffix"),
    [
        ("s3:ObjectCreated:*", None, None),
        ("s3:ObjectCreated:*", "", None),
        ("s3:ObjectCreated:Put", "photos/", None),
        ("s3:ObjectRemoved:DeleteMarkerCreated", "photos/2026/", ".jpg"),
        ("s3:ObjectCreated:CompleteMultipartUpload", "ph", ".pdf"),
        ("s3:LifecycleExpiration:Delete", "photos/", None),
        ("s3:ObjectRestore:*", "photos/", None),
        ("s3:ObjectRestore:Completed", None, ".jpg"),
    ],
)
def test_an_entry_for_the_same_events_below_the_same_folder_overlaps(
    kind: str, event: str, prefix: str | None, suffix: str | None
) -> None:
    found = OWN.find_overlaps({kind: [entry(kind, event, prefix=prefix, suffix=suffix)]})
    assert [each.id for each in found] == ["theirs"]
    assert "'theirs'" in str(found[0])
    assert event in str(found[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("event", "prefix"),
    [
        ("s3:ObjectCreated:*", "documents/"),
        ("s3:ObjectCreated:*", "photos-old/"),
        ("s3:ObjectCreated:*", "Photos/"),
        ("s3:ObjectRestore:Post", "photos/"),
        ("s3:ObjectTagging:*", None),
        ("s3:Replication:*", None),
        ("s3:ReducedRedundancyLostObject", None),
    ],
)
def test_an_entry_for_other_events_or_folders_does_not(
    kind: str, event: str, prefix: str | None
) -> None:
    assert OWN.find_overlaps({kind: [entry(kind, event, prefix=prefix)]}) == []


def test_a_prefix_is_compared_as_s3_spells_it() -> None:
    own = OWN._replace(prefix="a b/")
    escaped = entry("QueueConfigurations", "s3:ObjectCreated:*", prefix="a+b/2026%2F")
    assert own.find_overlaps({"QueueConfigurations": [escaped]})


def test_event_bridge_overlaps_with_nothing() -> None:
    assert OWN.find_overlaps({"EventBridgeConfiguration": {}}) == []


def test_the_whole_bucket_overlaps_with_each_folder() -> None:
    own = OWN._replace(prefix="")
    theirs = entry("QueueConfigurations", "s3:ObjectCreated:*", prefix="documents/")
    assert len(own.find_overlaps({"QueueConfigurations": [theirs]})) == 1
    assert "Filter" not in own.add_to({})["TopicConfigurations"][0]


def test_entries_of_a_removed_stack_to_the_same_topic_are_its_own() -> None:
    """CloudFormation names its entries, and leaves them in a bucket that it retains."""
    old = [
        {"Id": f"made-{number}", "TopicArn": TOPIC, "Events": [event]}
        for number, event in enumerate(EVENTS)
    ]
    notifications = {"TopicConfigurations": old}
    assert OWN.find_overlaps(notifications) == []
    assert [each.id for each in OWN.find(notifications)] == [each["Id"] for each in old]
    added = OWN.add_to(notifications)["TopicConfigurations"]
    assert [each["Id"] for each in added] == ["image-fanout-dev"]


_OTHERS = st.fixed_dictionaries(
    {},
    optional={
        **{
            kind: st.lists(
                st.builds(
                    lambda number, prefix, kind=kind: (
                        entry(kind, "s3:ObjectCreated:*", prefix=prefix) | {"Id": f"other-{number}"}
                    ),
                    st.integers(0, 9),
                    st.sampled_from([None, "documents/", "a b/", "é/"]),
                ),
                max_size=3,
            )
            for kind in KINDS
        },
        "EventBridgeConfiguration": st.just({}),
    },
)


@given(_OTHERS, st.sampled_from(["", "photos/", "shop/photos/"]))
def test_everything_of_others_survives_adding_changing_and_removing(
    others: dict[str, Any], prefix: str
) -> None:
    own = OWN._replace(prefix=prefix)
    added = own.add_to(OWN.add_to(others))
    assert own.find(added) == [own.entry]
    assert own.find_others(added) == list(list_entries(others))
    removed = own.remove_from(added)
    assert own.find(removed) == []
    assert list(list_entries(removed)) == list(list_entries(others))
    for kind in ("QueueConfigurations", "LambdaFunctionConfigurations", "EventBridgeConfiguration"):
        assert removed.get(kind) == others.get(kind)
