"""Runs all checks of one stage: reads the settings from AWS and passes them to the checks."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from lib.auth.ttl_cache import utc_now
from lib.auth.viewer_keys import ViewerKeyStore
from lib.aws import buckets, cloudfront, topics
from lib.aws import functions as workers
from lib.aws import sqs as queues
from lib.aws.alarms import list_queue_alarms
from lib.aws.notifications import read_notifications
from lib.aws.stacks import DeployedSize, Stack
from lib.console import CONSOLE_FUNCTIONS
from lib.dead_letters.letter import DlqKind
from lib.errors import ConfigError, TransientError
from lib.operations.doctor import buckets as bucket_checks
from lib.operations.doctor import queues as queue_checks
from lib.operations.doctor import topics as topic_checks
from lib.operations.doctor.alarms import check_alarm
from lib.operations.doctor.existing_bucket import ExistingBucket, check_existing_bucket
from lib.operations.doctor.findings import Finding, Level, warning
from lib.operations.doctor.functions import (
    check_concurrency,
    check_function,
    check_mapping,
    check_runtime,
)
from lib.operations.doctor.sizes import check_sizes, read_deployed
from lib.operations.doctor.viewers import check_behaviours, check_key_group, check_keys
from lib.operations.originals.entries import OwnEntry, list_entries
from lib.operations.stage_commands import StageCommands
from lib.sizes import Size

# Endings of the names of a size's dead-letter queues.
_DLQS = ("dlq", "subscription-dlq")


def diagnose(
    stack: Stack,
    make_client: Callable[[str], Any],
    written: list[Size],
    today: date,
    commands: StageCommands,
) -> Iterator[Finding]:
    """Yields every finding on a stage; `written` are the sizes of sizes.yml.

    `make_client` returns a boto3 client for a service, and `commands` are those that cures advise.
    A failed read yields a warning, and the other checks still run.
    """
    diagnosis = _Diagnosis(stack, make_client, stack.outputs["TopicArn"], commands)
    for what, findings in (
        ("sizes.yml", diagnosis.sizes(written)),
        ("the buckets", diagnosis.buckets()),
        ("the viewers", diagnosis.viewers()),
        ("the topic", diagnosis.topic()),
        ("the alarms", diagnosis.alarms()),
        ("the workers", diagnosis.workers(today)),
        ("the console", diagnosis.console(today)),
        ("the queues of no size", diagnosis.shared_queues()),
        *((f"the queues of {name}", diagnosis.queues(name)) for name in stack.sizes),
    ):
        try:
            for finding in findings:
                lacks_cure = finding.level is not Level.OK and not finding.cure
                yield replace(finding, cure=commands.deploy_again) if lacks_cure else finding
        except (ConfigError, TransientError) as error:
            cure = (
                "give these credentials the permissions in docs/operations.md, or try again later"
            )
            yield warning(f"{what}: not checked", str(error), cure)


@dataclass(frozen=True)
class _Diagnosis:
    stack: Stack
    make_client: Callable[[str], Any]
    topic_arn: str
    commands: StageCommands

    def sizes(self, written: list[Size]) -> Iterator[Finding]:
        yield from check_sizes(written, read_deployed(self.stack), self.commands)

    def buckets(self) -> Iterator[Finding]:
        outputs, s3 = self.stack.outputs, self.make_client("s3")
        private = [("the failures bucket", "FailuresBucketName")]
        if self._existing is None:
            private.append(("the originals bucket", "OriginalsBucketName"))
        else:
            yield from check_existing_bucket(s3, self._existing, self.commands, in_use=True)
        for what, output in private:
            access = buckets.get_access(s3, outputs[output])
            yield bucket_checks.check_private(what, access)
            yield bucket_checks.check_ownership(what, access)
        images = buckets.get_access(s3, outputs["ImagesBucketName"])
        if "DistributionId" not in outputs:
            yield bucket_checks.check_public_images(images)
            return
        yield bucket_checks.check_ownership("the images bucket", images)
        partition, account = self._partition, self.topic_arn.split(":")[4]
        distribution = f"distribution/{outputs['DistributionId']}"
        arn = f"arn:{partition}:cloudfront::{account}:{distribution}"
        yield bucket_checks.check_readers(images, arn)

    def viewers(self) -> Iterator[Finding]:
        outputs = self.stack.outputs
        if "ViewerKeysSecret" not in outputs:
            return
        ids = json.loads(outputs["ViewerKeyIds"])
        keys = ViewerKeyStore(
            self.make_client("secretsmanager"), outputs["ViewerKeysSecret"]
        ).read()
        yield from check_keys(keys, ids, utc_now())
        group = outputs.get("ViewerKeyGroupId")
        if not group:  # an emulator
            return
        client = self.make_client("cloudfront")
        members = cloudfront.list_key_group(client, group)
        yield from check_key_group(members, ids)
        open_paths = cloudfront.list_open_paths(client, outputs["DistributionId"], group)
        yield check_behaviours(open_paths)

    def topic(self) -> Iterator[Finding]:
        sns, bucket = self.make_client("sns"), self.stack.outputs["OriginalsBucketName"]
        bucket_arn = f"arn:{self._partition}:s3:::{bucket}"
        yield topic_checks.check_publisher(
            topics.get_policy(sns, self.topic_arn), bucket_arn, self.commands
        )
        if self._existing is None:
            entries = list_entries(read_notifications(self.make_client("s3"), bucket))
            own = [each for each in entries if each.destination == self.topic_arn]
            events = [event for entry in own for event in entry.events]
            yield topic_checks.check_notification(events, self.commands)
        subscriptions = topics.list_subscriptions(sns, self.topic_arn)
        for name, size in read_deployed(self.stack).items():
            arn = self._arn_of(self.stack.sizes[name].queue_url)
            prefix = self.stack.originals.prefix
            yield topic_checks.check_subscription(size, arn, subscriptions, prefix, self.commands)

    def alarms(self) -> Iterator[Finding]:
        arn = self.stack.outputs["AlarmTopicArn"]
        subscriptions = topics.list_subscriptions(self.make_client("sns"), arn)
        yield topic_checks.check_listeners(arn, subscriptions, self.commands)
        alarms = list_queue_alarms(self.make_client("cloudwatch"), self.stack.name)
        dlqs = [f"{name}-{kind}" for name in self.stack.sizes for kind in _DLQS]
        for dlq in (*dlqs, *(f"{kind}-dlq" for kind in self._shared_queues)):
            yield check_alarm(f"{self.stack.name}-{dlq}", alarms, self.commands)

    def workers(self, today: date) -> Iterator[Finding]:
        every = []
        queue_arns = {
            name: self._arn_of(size.queue_url) for name, size in self.stack.sizes.items()
        } | {kind: self._arn_of(self._shared_url(kind)) for kind in self._shared_queues}
        for name, size in self.stack.sizes.items():
            yield check_runtime(name, size.runtime, today)
        for name, arn in queue_arns.items():
            mappings = workers.list_mappings(self.make_client("lambda"), arn)
            yield check_mapping(name, mappings, self.commands)
            every += mappings
        limits = workers.read_limits(self.make_client("lambda"))
        yield check_concurrency(every, limits.unreserved)

    def console(self, today: date) -> Iterator[Finding]:
        if "ConsoleUrl" not in self.stack.outputs:
            return
        for ending in CONSOLE_FUNCTIONS:
            name = f"{self.stack.name}-{ending}"
            state = workers.get_state(self.make_client("lambda"), name)
            yield from check_function(name, state, today)

    def shared_queues(self) -> Iterator[Finding]:
        for kind in self._shared_queues:
            url = self._shared_url(kind)
            queue = queues.get_attributes(self.make_client("sqs"), url)
            dlq = queues.get_attributes(self.make_client("sqs"), f"{url}-dlq")
            yield queue_checks.check_redrive(kind, queue, dlq)
            yield queue_checks.check_retention(kind, queue, dlq)

    def queues(self, name: str) -> Iterator[Finding]:
        size: DeployedSize = self.stack.sizes[name]
        queue = queues.get_attributes(self.make_client("sqs"), size.queue_url)
        dlq = queues.get_attributes(self.make_client("sqs"), size.dlq_url)
        yield queue_checks.check_visibility(name, queue, size.timeout)
        yield queue_checks.check_redrive(name, queue, dlq)
        yield queue_checks.check_retention(name, queue, dlq)
        yield queue_checks.check_sender(name, queue, self.topic_arn)

    @property
    def _existing(self) -> ExistingBucket | None:
        """The bucket of the originals, unless the stack created it."""
        keys, originals = self.stack.originals_keys, self.stack.originals
        if keys is None:
            return None
        region, account = self.topic_arn.split(":")[3:5]
        own = OwnEntry(self.stack.name, self.topic_arn, originals.prefix)
        return ExistingBucket(originals, region, account, keys, own)

    @property
    def _partition(self) -> str:
        return self.topic_arn.split(":")[1]

    def _arn_of(self, queue_url: str) -> str:
        """Builds the ARN: the queue is in the topic's region and account."""
        name = queue_url.rpartition("/")[2]
        return f"{self.topic_arn.rpartition(':')[0]}:{name}".replace(":sns:", ":sqs:", 1)

    @property
    def _shared_queues(self) -> list[DlqKind]:
        """The queues that belong to no size."""
        invalidates = any(size.invalidates for size in self.stack.sizes.values())
        return [DlqKind.FETCH, DlqKind.PURGE] if invalidates else [DlqKind.FETCH]

    def _shared_url(self, kind: DlqKind) -> str:
        size = next(iter(self.stack.sizes.values()))
        return f"{size.queue_url.rpartition('/')[0]}/{self.stack.name}-{kind}"
