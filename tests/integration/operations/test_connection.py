"""A stage's notification in a bucket with notifications of others, on moto."""

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lib.aws.notifications import read_notifications, write_notifications
from lib.aws.topics import get_tag
from lib.errors import ConfigError
from lib.keys import Originals
from lib.operations.originals import connection
from lib.operations.originals.connection import TAG, Connection
from lib.operations.originals.entries import OwnEntry
from tests.integration.conftest import REGION
from tests.integration.deployed import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

STACK = "image-fanout-dev"
PLACE = Originals("other-bucket", "photos/")
ELSEWHERE = Originals("images-bucket", "photos/")


class World:
    """The bucket of the shop, and the stage that is connected to it."""

    def __init__(self, s3: "S3Client", sns: "SNSClient") -> None:
        self.s3, self.sns = s3, sns
        self.topic = sns.create_topic(Name=STACK)["TopicArn"]
        self.pauses: list[float] = []
        self.on_pause: Callable[[], None] = lambda: None
        self.connection = Connection(s3, sns, STACK, self.topic, self._pause)
        account = self.topic.split(":")[4]
        self.theirs: dict[str, Any] = {
            "TopicConfigurations": [
                {
                    "Id": "news",
                    "TopicArn": sns.create_topic(Name="news")["TopicArn"],
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "news/"}]}},
                }
            ],
            "QueueConfigurations": [
                {
                    "Id": "documents",
                    "QueueArn": f"arn:aws:sqs:{REGION}:{account}:documents",
                    "Events": ["s3:ObjectCreated:Put"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "documents/"}]}},
                }
            ],
            "LambdaFunctionConfigurations": [
                {
                    "Id": "tags",
                    "LambdaFunctionArn": f"arn:aws:lambda:{REGION}:{account}:function:tags",
                    "Events": ["s3:ObjectTagging:*"],
                }
            ],
        }
        self.put("other-bucket", self.theirs)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.on_pause()

    def put(self, bucket: str, notifications: dict[str, Any]) -> None:
        self.s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration=notifications,  # type: ignore[arg-type]
            SkipDestinationValidation=True,
        )

    def ids(self, bucket: str = "other-bucket") -> list[str]:
        found = read_notifications(self.s3, bucket)
        return sorted(each["Id"] for kind in found.values() for each in kind)

    def own(self, bucket: str = "other-bucket") -> list[str]:
        found = OwnEntry(STACK, self.topic, "").find(read_notifications(self.s3, bucket))
        return [each.prefix for each in found]

    @property
    def tag(self) -> str | None:
        return get_tag(self.sns, self.topic, TAG)


@pytest.fixture
def world(s3: "S3Client") -> World:
    return World(s3, boto3.client("sns"))


OTHERS = ["documents", "news", "tags"]


def test_it_is_added_beside_those_of_others(world: World) -> None:
    before = read_notifications(world.s3, "other-bucket")
    (line,) = world.connection.connect(PLACE)
    assert line == f"Added the notification {STACK} to s3://other-bucket/photos/; kept 3 of others"
    assert world.ids() == sorted([*OTHERS, STACK])
    assert world.own() == ["photos/"]
    after = OwnEntry(STACK, world.topic, "").remove_from(
        read_notifications(world.s3, "other-bucket")
    )
    assert after == before
    assert world.tag == "other-bucket"


def test_a_second_deploy_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.connection.connect(PLACE)
    refuse(monkeypatch, "PutBucketNotificationConfiguration", "AccessDenied")
    assert world.connection.connect(PLACE) == []


@pytest.mark.parametrize("prefix", ["shop/photos/", "p/"])
def test_another_folder_changes_its_own_entry_alone(world: World, prefix: str) -> None:
    world.connection.connect(PLACE)
    world.connection.connect(Originals("other-bucket", prefix))
    assert world.own() == [prefix]
    assert world.ids() == sorted([*OTHERS, STACK])


def test_another_bucket_takes_it_from_the_first(world: World) -> None:
    world.connection.connect(PLACE)
    lines = world.connection.connect(ELSEWHERE)
    assert lines[0] == f"Removed the notification {STACK} from the bucket other-bucket"
    assert (world.ids(), world.ids("images-bucket")) == (OTHERS, [STACK])
    assert world.tag == "images-bucket"


def test_without_a_bucket_that_exists_it_is_taken_away(world: World) -> None:
    world.connection.connect(PLACE)
    assert len(world.connection.disconnect()) == 1
    assert (world.ids(), world.tag) == (OTHERS, None)
    assert world.connection.disconnect() == []


def test_a_bucket_that_is_gone_needs_no_removal(world: World) -> None:
    world.connection.connect(ELSEWHERE)
    world.s3.delete_bucket(Bucket="images-bucket")
    assert world.connection.disconnect() == []
    assert world.tag is None


def test_an_overlap_is_refused_and_nothing_is_changed(world: World) -> None:
    with pytest.raises(ConfigError) as caught:
        world.connection.connect(Originals("other-bucket", "documents/scans/"))
    said = str(caught.value)
    assert "'documents' (s3:ObjectCreated:Put to arn:aws:sqs:" in said
    assert f"subscribe its destination to the stage's topic {world.topic}" in said
    assert world.ids() == OTHERS


def test_the_whole_bucket_names_each_entry_that_overlaps(world: World) -> None:
    with pytest.raises(ConfigError) as caught:
        world.connection.connect(Originals("other-bucket", ""))
    assert "'documents'" in str(caught.value)
    assert "'news'" in str(caught.value)
    assert "'tags'" not in str(caught.value)


@pytest.mark.parametrize("operation", ["TagResource", "PutBucketNotificationConfiguration"])
def test_after_an_interruption_the_next_deploy_finishes(world: World, operation: str) -> None:
    """Stopped before each of the two writes, on the way to another bucket."""
    world.connection.connect(PLACE)
    with pytest.MonkeyPatch.context() as stopped:
        refuse(stopped, operation, "AccessDenied")
        with pytest.raises(ConfigError):
            world.connection.connect(ELSEWHERE)
    world.connection.connect(ELSEWHERE)
    assert (world.ids(), world.own("images-bucket")) == (OTHERS, ["photos/"])


def test_after_an_interrupted_removal_the_next_one_finishes(world: World) -> None:
    world.connection.connect(PLACE)
    with pytest.MonkeyPatch.context() as stopped:
        refuse(stopped, "UntagResource", "AuthorizationError")
        with pytest.raises(ConfigError):
            world.connection.disconnect()
    assert world.ids() == OTHERS
    assert world.connection.disconnect() == []
    assert world.tag is None


def test_a_bucket_that_the_stack_created_is_remembered_and_left(world: World) -> None:
    """Before a deploy that names another bucket; a bucket noted earlier stays noted."""
    created = {"Id": "made", "TopicArn": world.topic, "Events": ["s3:ObjectCreated:*"]}
    world.put("images-bucket", {"TopicConfigurations": [created]})
    world.connection.remember("images-bucket")
    world.connection.remember("failures-bucket")
    assert world.tag == "images-bucket"
    world.connection.connect(PLACE)
    assert (world.ids("images-bucket"), world.own()) == ([], ["photos/"])


class TestSomebodyElseAtTheSameMoment:
    def overwrite(self, world: World, monkeypatch: pytest.MonkeyPatch, theirs: Any) -> None:
        """Another tool replaces the set right after the stage's write."""

        def then_theirs(s3: "S3Client", bucket: str, *given: Any, **how: Any) -> None:
            write_notifications(s3, bucket, *given, **how)
            world.put(bucket, theirs)

        monkeypatch.setattr(connection, "write_notifications", then_theirs)

    def test_who_replaces_the_stages_entry_is_told(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.overwrite(world, monkeypatch, world.theirs)
        with pytest.raises(ConfigError, match="changed by somebody else at the same moment") as e:
            world.connection.connect(PLACE)
        assert f"Missing now: '{STACK}'" in str(e.value)
        monkeypatch.undo()
        world.connection.connect(PLACE)
        assert world.ids() == sorted([*OTHERS, STACK])

    def test_an_entry_of_others_that_vanished_is_named(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.overwrite(world, monkeypatch, {})
        with pytest.raises(ConfigError) as caught:
            world.connection.connect(PLACE)
        for name in (*OTHERS, STACK):
            assert f"'{name}'" in str(caught.value)

    def test_a_set_that_is_read_late_is_waited_for(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """S3 may answer with the old set for moments."""
        old = read_notifications(world.s3, "other-bucket")
        answers = iter([old, old, old])
        monkeypatch.setattr(
            connection,
            "read_notifications",
            lambda *given: next(answers, None) or read_notifications(*given),
        )
        world.connection.connect(PLACE)
        assert world.pauses == [2.0, 2.0]


def test_s3_may_not_know_a_new_topics_policy_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as refused:
        refuse(refused, "PutBucketNotificationConfiguration", "InvalidArgument")
        world.on_pause = refused.undo
        world.connection.connect(PLACE)
    assert world.pauses == [2.0]
    assert world.own() == ["photos/"]


def test_a_destination_of_others_that_is_gone_is_said(world: World) -> None:
    with pytest.MonkeyPatch.context() as refused:
        refuse(refused, "PutBucketNotificationConfiguration", "InvalidArgument")
        with pytest.raises(ConfigError, match="checks the destinations of all entries"):
            world.connection.connect(PLACE)
    assert len(world.pauses) == 5
