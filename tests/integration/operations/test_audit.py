"""The audit on moto: what it finds, and what workers make of what it asks of them."""

import json
import shlex
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.s3.models import s3_backends

from cli.stage import Stage
from handlers import resize
from lib.errors import ConfigError
from lib.operations.audit import AuditEntry, Auditor, list_orphan_folders
from lib.pipeline.failure_records import FailureRecord, FailureRecords
from lib.pipeline.put_options import PutOptions
from lib.sizes import Size
from tests.command_line import fanout
from tests.integration.conftest import SIZE, WorkerCall
from tests.integration.pipeline.test_resize import Failing, put, refusal
from tests.integration.stage import Deployed, deployed
from tests.payloads import ORIGINALS
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["deployed"]  # a fixture

ODD = ["a b.jpg", "a%2Fb.jpg", "a+b&?#'.jpg", "line\nbreak.jpg", "é 😀/\u202ertl.jpg", "x" * 1000]


def auditor(s3: "S3Client", size: Size = SIZE) -> Auditor:
    delivery = PutOptions("public, max-age=60")
    return Auditor(s3, size, delivery, ORIGINALS, "images-bucket", "failures-bucket")


def states(s3: "S3Client", *, size: Size = SIZE, **how: Any) -> dict[str, str]:
    return dict(auditor(s3, size).compare(**how))


def put_many(bucket: str, keys: list[str]) -> None:
    """Put objects past S3's API, which takes seconds for a thousand."""
    (backend,) = s3_backends["123456789012"].values()
    for key in keys:
        backend.put_object(bucket, key, b"x")


def delete_original(s3: "S3Client", path: str) -> None:
    s3.delete_object(Bucket="originals-bucket", Key=f"originals/{path}")


@pytest.mark.parametrize("deep", [False, True])
class TestStates:
    def test_nothing_is_found_where_nothing_is(self, s3: "S3Client", deep: bool) -> None:
        assert states(s3, deep=deep) == {}

    def test_each_path_has_its_own(self, s3: "S3Client", deliver: WorkerCall, deep: bool) -> None:
        deliver(put(s3, "current.jpg"), put(s3, "orphaned.jpg"), put(s3, "failed.jpg", b"broken"))
        put(s3, "missing.jpg")
        delete_original(s3, "orphaned.jpg")
        assert states(s3, deep=deep) == {
            "current.jpg": "current",
            "failed.jpg": "failed",
            "missing.jpg": "missing",
            "orphaned.jpg": "orphaned",
        }

    def test_odd_paths_are_compared_under_their_own_names(
        self, s3: "S3Client", deliver: WorkerCall, deep: bool
    ) -> None:
        deliver(*(put(s3, path) for path in ODD))
        assert states(s3, deep=deep) == dict.fromkeys(ODD, "current")

    def test_what_no_worker_renders_is_left_out(self, s3: "S3Client", deep: bool) -> None:
        for path in ("", "folder/", "a//b.jpg", "../a.jpg", "x" * 1014, "empty.jpg"):
            put(s3, path, b"")
        s3.put_object(Bucket="images-bucket", Key="40x30/", Body=b"")
        s3.put_object(Bucket="originals-bucket", Key="elsewhere/a.jpg", Body=b"x")
        assert states(s3, deep=deep) == {}

    def test_an_empty_original_is_a_failure_once_it_was_tried(
        self, s3: "S3Client", deliver: WorkerCall, deep: bool
    ) -> None:
        deliver(put(s3, "empty.jpg", b""))
        assert states(s3, deep=deep) == {"empty.jpg": "failed"}

    def test_only_paths_below_a_prefix_and_behind_a_path_are_looked_at(
        self, s3: "S3Client", deep: bool
    ) -> None:
        for path in ("2025/z.jpg", "2026/a.jpg", "2026/b.jpg", "2026/c.jpg", "2027/a.jpg"):
            put(s3, path)
        found = states(s3, deep=deep, prefix="2026/", after="2026/a.jpg")
        assert list(found) == ["2026/b.jpg", "2026/c.jpg"]

    def test_pages_of_a_thousand_are_read_on(self, s3: "S3Client", deep: bool) -> None:
        put_many("originals-bucket", [f"originals/{number:04}.jpg" for number in range(1001)])
        assert len(states(s3, deep=deep)) == 1001

    def test_a_size_with_a_new_format_misses_it(
        self, s3: "S3Client", deliver: WorkerCall, deep: bool
    ) -> None:
        deliver(put(s3, "a.jpg"))
        two = SIZE.model_copy(update={"formats": ("webp",)})
        assert states(s3, size=two, deep=deep) == {"a.jpg": "missing"}

    def test_the_same_bytes_uploaded_again_leave_a_variant_current(
        self, s3: "S3Client", deliver: WorkerCall, deep: bool
    ) -> None:
        deliver(put(s3, "a.jpg"))
        put(s3, "a.jpg")
        uploaded_an_hour_later("a.jpg")
        assert states(s3, deep=deep) == {"a.jpg": "current"}

    def test_other_bytes_uploaded_later_make_it_stale_until_a_worker_looks(
        self, s3: "S3Client", deliver: WorkerCall, deep: bool
    ) -> None:
        deliver(put(s3, "a.jpg"))
        event = put(s3, "a.jpg", encoded(quarters(80, 80)))
        uploaded_an_hour_later("a.jpg")
        assert states(s3, deep=deep) == {"a.jpg": "stale"}
        deliver(event)
        assert states(s3, deep=deep) == {"a.jpg": "current"}

    def test_what_is_called_stale_a_worker_mends(
        self, s3: "S3Client", deliver: WorkerCall, deep: bool
    ) -> None:
        """Of all that may be older than its original: by its bytes, its recipe, its delivery."""
        events = [put(s3, path) for path in ("same.jpg", "recipe.jpg", "cache.jpg", "bytes.jpg")]
        deliver(*events)
        for path, lost in (("recipe.jpg", "recipe"), ("cache.jpg", "")):
            key = f"40x30/{path}"
            metadata = s3.head_object(Bucket="images-bucket", Key=key)["Metadata"]
            metadata.pop(lost, None)
            s3.put_object(
                Bucket="images-bucket",
                Key=key,
                Body=b"x",
                Metadata=metadata,
                CacheControl="public, max-age=60" if lost else "no-store",
            )
        put(s3, "bytes.jpg", encoded(quarters(80, 80)))
        for path in ("same.jpg", "recipe.jpg", "cache.jpg", "bytes.jpg"):
            uploaded_an_hour_later(path)
        stale = dict.fromkeys(("bytes.jpg", "cache.jpg", "recipe.jpg"), "stale")
        assert states(s3, deep=deep) == stale | {"same.jpg": "current"}
        deliver(*events)
        assert set(states(s3, deep=deep).values()) == {"current"}


def test_without_deep_only_variants_older_than_their_originals_are_looked_at(
    s3: "S3Client", deliver: WorkerCall
) -> None:
    deliver(*(put(s3, path) for path in ("a.jpg", "b.jpg", "c.jpg", "d.jpg")))
    uploaded_an_hour_later("b.jpg")
    put(s3, "missing.jpg")
    looked: list[str] = []
    s3.meta.events.register(
        "provide-client-params.s3.HeadObject", lambda params, **_: looked.append(params["Key"])
    )
    assert states(s3)["b.jpg"] == "current"
    assert looked == ["40x30/b.jpg"]


def uploaded_an_hour_later(path: str) -> None:
    """Moves the original's time on, where the listing has it from."""
    (backend,) = s3_backends["123456789012"].values()
    backend.buckets["originals-bucket"].keys[f"originals/{path}"].last_modified += timedelta(
        hours=1
    )


class TestDeep:
    def test_another_recipe_is_stale(self, s3: "S3Client", deliver: WorkerCall) -> None:
        deliver(put(s3, "a.jpg"))
        other = SIZE.model_copy(update={"fit": "fill"})
        assert states(s3, size=other) == {"a.jpg": "current"}
        assert states(s3, size=other, deep=True) == {"a.jpg": "stale"}

    def test_another_original_of_the_same_second_is_stale(
        self, s3: "S3Client", deliver: WorkerCall
    ) -> None:
        deliver(put(s3, "a.jpg"))
        put(s3, "a.jpg", b"another")
        assert states(s3, deep=True) == {"a.jpg": "stale"}

    def test_what_is_stored_by_hand_is_stale(self, s3: "S3Client", deployed: Deployed) -> None:
        deployed.put("a.jpg")
        deployed.put_variant("a.jpg")
        assert states(s3, deep=True) == {"a.jpg": "stale"}

    def test_a_failure_of_an_older_original_does_not_excuse_a_newer_one(
        self, s3: "S3Client"
    ) -> None:
        put(s3, "a.jpg")
        now = datetime.now(UTC)
        old = FailureRecord(
            reason="SlowDown",
            error="",
            attempts=10,
            began_at=now - timedelta(minutes=1),
            failed_at=now,
        )
        FailureRecords(s3, "failures-bucket", SIZE.name).put("a.jpg", old)
        assert states(s3, deep=True) == {"a.jpg": "missing"}

    def test_a_record_nobody_can_read_excuses_nothing(self, s3: "S3Client") -> None:
        put(s3, "a.jpg")
        s3.put_object(Bucket="failures-bucket", Key="40x30/a.jpg", Body=b"no record")
        assert states(s3, deep=True) == {"a.jpg": "missing"}


@pytest.mark.parametrize("operation", ["ListObjectsV2", "HeadObject"])
def test_without_leave_to_look_it_says_which_page_lists_what_is_needed(
    s3: "S3Client", deliver: WorkerCall, operation: str
) -> None:
    deliver(put(s3, "a.jpg"))
    refused = refusal("403" if operation == "HeadObject" else "AccessDenied", 403)
    s3.meta.events.register("before-call.s3", Failing(operation, refused, times=99))
    with pytest.raises(ConfigError, match=r"may not (list|read).*docs/operations\.md"):
        states(s3, deep=True)


class TestCommand:
    def test_prints_a_line_for_each_path_that_is_not_current_and_a_last_with_the_sums(
        self, deployed: Deployed, deliver: WorkerCall
    ) -> None:
        deliver(put(deployed.s3, "current.jpg"))
        deployed.put("line\nbreak 😀.jpg")
        run = fanout("audit", "--stage", "dev", "--json")
        none = {"stale": 0, "orphaned": 0, "failed": 0}
        assert run.lines == [
            {"size": "40x30", "path": "line\nbreak 😀.jpg", "state": "missing"},
            {"summary": {"40x30": {"current": 1, "missing": 1, **none}}, "repaired": 0},
        ]
        assert run.code == 1
        assert deployed.waiting() == []

    def test_succeeds_where_all_is_current_or_known_to_have_failed(
        self, deployed: Deployed, deliver: WorkerCall
    ) -> None:
        assert fanout("audit", "--stage", "dev").code == 0
        deliver(put(deployed.s3, "a.jpg"), put(deployed.s3, "b.jpg", b"broken"))
        run = fanout("audit", "--stage", "dev")
        assert run.code == 0
        assert "│ 40x30 │ 1       │ 0       │ 0     │ 0        │ 1      │" in run.out

    def test_has_workers_mend_what_it_found(self, deployed: Deployed, deliver: WorkerCall) -> None:
        s3 = deployed.s3
        deliver(put(s3, "current.jpg"), put(s3, "orphaned.jpg"), put(s3, "failed.jpg", b"broken"))
        delete_original(s3, "orphaned.jpg")
        for number in range(11):
            put(s3, f"missing %2F\n😀 {number}.jpg")
        put(s3, "stored by hand.jpg")
        deployed.put_variant("stored by hand.jpg")
        run = fanout("audit", "--stage", "dev", "--deep", "--repair", "--yes", "--json")
        assert run.code == 0
        assert run.lines[-1]["repaired"] == 13
        messages = deployed.waiting()
        assert len(messages) == 13
        assert deliver(*messages) == []
        run = fanout("audit", "--stage", "dev", "--deep", "--json")
        assert run.code == 0
        assert run.lines[-1]["summary"]["40x30"] == {
            "current": 13,
            "missing": 0,
            "stale": 0,
            "orphaned": 0,
            "failed": 1,
        }

    def test_names_the_command_that_repairs_what_it_found(self, deployed: Deployed) -> None:
        deployed.put("2026/it's.jpg")
        run = fanout("audit", "--stage", "dev", "--deep", "--prefix", "2026/it's")
        assert run.code == 1
        command = "./fanout audit --stage dev --deep --prefix '2026/it'\"'\"'s' --repair"
        assert run.err == f"To repair 1 variant: {command}\n"
        assert fanout(*shlex.split(command)[1:], "--yes").out.endswith(
            "Asked the workers to check 1 path.\n"
        )

    def test_asks_before_it_has_anything_removed(self, deployed: Deployed) -> None:
        deployed.put_variant("orphan.jpg")
        run = fanout("audit", "--stage", "dev", "--repair", answer="n")
        assert run.code == 1
        assert "render 0 missing and 0 stale variants, and delete 1 orphaned variant?" in run.err
        assert deployed.waiting() == []
        run = fanout("audit", "--stage", "dev", "--repair", answer="y")
        assert run.code == 0
        assert len(deployed.waiting()) == 1

    def test_does_nothing_where_nobody_can_be_asked(self, deployed: Deployed) -> None:
        deployed.put("a.jpg")
        run = fanout("audit", "--stage", "dev", "--repair")
        assert run.code == 2
        assert "--yes" in run.err
        assert deployed.waiting() == []

    def test_sends_again_what_sqs_did_not_take(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(10):
            deployed.put(f"{number}.jpg")
        sqs = RefusingSome(times=2)
        self.use(sqs, monkeypatch)
        assert fanout("audit", "--stage", "dev", "--repair", "--yes").code == 0
        paths = [json.loads(body)["Records"][0]["s3"]["object"]["key"] for body in sqs.taken]
        assert sorted(paths) == [f"originals/{number}.jpg" for number in range(10)]

    def test_says_so_where_sqs_does_not_take_it_at_last(
        self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deployed.put("a.jpg")
        self.use(RefusingSome(times=99), monkeypatch)
        run = fanout("audit", "--stage", "dev", "--repair", "--yes")
        assert run.code == 1
        assert "SQS did not take 1 message in 5 tries" in run.err

    def use(self, sqs: "RefusingSome", monkeypatch: pytest.MonkeyPatch) -> None:
        """Talk to this SQS, and do not wait between tries."""
        clients = {"s3": boto3.client("s3"), "sqs": sqs}
        monkeypatch.setattr(Stage, "client", lambda _, service, *_config: clients[service])
        monkeypatch.setattr("lib.pipeline.rechecks._RETRY_DELAYS", (0, 0, 0, 0))


class RefusingSome:
    """An SQS that, so many times, takes only the second half of a batch."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.taken: list[str] = []

    def send_message_batch(self, **given: Any) -> dict[str, Any]:
        entries = given["Entries"]
        refused = entries[: (len(entries) + 1) // 2] if self.times > 0 else []
        self.times -= 1
        taken = entries[len(refused) :]
        self.taken += [entry["MessageBody"] for entry in taken]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in refused],
        }


def test_findings_come_in_order(s3: "S3Client") -> None:
    for path in ("b.jpg", "a/b.jpg", "a b.jpg", "a.jpg"):
        put(s3, path)
    assert list(auditor(s3).compare(deep=True)) == [
        AuditEntry(path, "missing") for path in ("a b.jpg", "a.jpg", "a/b.jpg", "b.jpg")
    ]


class TestSizesThatAreNoMore:
    @pytest.fixture
    def left(self, deployed: Deployed) -> Deployed:
        for key in ("old/a b.jpg", "old/2026/c.jpg", "40x30.avif/a.jpg", "loose.jpg"):
            deployed.s3.put_object(Bucket="images-bucket", Key=key, Body=b"variant")
        return deployed

    def test_are_listed_as_orphaned_by_their_folders(self, left: Deployed) -> None:
        run = fanout("audit", "--stage", "dev", "--json")
        assert run.lines[:-1] == [
            {"size": "40x30.avif", "path": "a.jpg", "state": "orphaned"},
            {"size": "old", "path": "2026/c.jpg", "state": "orphaned"},
            {"size": "old", "path": "a b.jpg", "state": "orphaned"},
        ]
        summary = run.lines[-1]["summary"]
        assert list(summary) == ["40x30", "40x30.avif", "old"]
        assert summary["old"]["orphaned"] == 2
        assert run.code == 0

    def test_only_below_the_prefix(self, left: Deployed) -> None:
        run = fanout("audit", "--stage", "dev", "--prefix", "2026/", "--json")
        assert [line["path"] for line in run.lines[:-1]] == ["2026/c.jpg"]

    def test_are_listed_with_the_command_that_deletes_them(self, left: Deployed) -> None:
        run = fanout("audit", "--stage", "dev")
        assert "│ old        │ 0       │ 0       │ 0     │ 2        │ 0      │" in run.out
        assert "aws s3 rm --recursive s3://images-bucket/old/\n" in run.err

    def test_are_left_alone_by_a_repair(self, left: Deployed) -> None:
        left.put_variant("orphan.jpg")
        run = fanout("audit", "--stage", "dev", "--repair", answer="y")
        assert "and delete 1 orphaned variant?" in run.err
        assert len(left.waiting()) == 1
        assert left.s3.head_object(Bucket="images-bucket", Key="old/2026/c.jpg")

    def test_more_than_a_page_of_folders_is_read_on(self, s3: "S3Client") -> None:
        put_many("images-bucket", [f"{number:04}/a.jpg" for number in range(1001)])
        assert len(list_orphan_folders(s3, "images-bucket", [SIZE])) == 1001


LIMITED = Size.model_validate({**SIZE.model_dump(), "paths": ["avatars/"], "except": ["*/x/"]})


@pytest.mark.parametrize("deep", [False, True])
def test_a_variant_of_a_photo_that_the_size_is_not_made_of_is_an_orphan(
    s3: "S3Client", deliver: WorkerCall, deep: bool
) -> None:
    deliver(*(put(s3, path) for path in ("a.jpg", "avatars/a.jpg", "avatars/x/a.jpg")))
    put(s3, "b.jpg")
    put(s3, "avatars/b.jpg")
    deliver(put(s3, "broken.jpg", b"broken"))
    assert states(s3, size=LIMITED, deep=deep) == {
        "a.jpg": "orphaned",
        "avatars/a.jpg": "current",
        "avatars/b.jpg": "missing",
        "avatars/x/a.jpg": "orphaned",
    }


def test_its_repair_deletes_it_and_renders_the_others(
    deployed: Deployed, deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(put(deployed.s3, "a b+c.jpg"))
    put(deployed.s3, "avatars/a.jpg")
    deployed.environment["SIZE"] = LIMITED.model_dump_json()
    run = fanout("backfill", "--stage", "dev", "--size", SIZE.name, "--dry-run")
    assert "1 photo to render at 40x30" in run.out
    assert fanout("audit", "--stage", "dev", "--repair", "--yes").code == 0
    monkeypatch.setenv("SIZE", LIMITED.model_dump_json())
    resize._worker.cache_clear()  # the next deploy
    assert deliver(*deployed.waiting()) == []
    listed = deployed.s3.list_objects_v2(Bucket="images-bucket")["Contents"]
    assert [entry["Key"] for entry in listed] == ["40x30/avatars/a.jpg"]
    assert fanout("audit", "--stage", "dev").code == 0
