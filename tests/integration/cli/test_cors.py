"""`fanout cors` adds a rule to a bucket that exists, and replaces none of others."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.deployed import PREFIX, SIZES, Commands, Deployed, fanout, refuse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fanout"]  # a fixture

THEIRS: list[Any] = [
    {"ID": "theirs", "AllowedMethods": ["GET"], "AllowedOrigins": ["https://shop.example"]},
    {"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://cms.example"], "MaxAgeSeconds": 60},
]
OURS = {
    "ID": PREFIX,
    "AllowedMethods": ["POST"],
    "AllowedOrigins": ["https://shop.example"],
    "AllowedHeaders": ["*"],
    "MaxAgeSeconds": 3600,
}


def deployed(**outputs: str) -> None:
    Deployed(outputs=False).outputs(Sizes=json.dumps(SIZES), **outputs)


@pytest.fixture
def _existing(fanout: Commands) -> None:
    deployed(OriginalsKmsKeys="none", UploadOrigins='["https://shop.example"]')


def rules(s3: "S3Client") -> Any:
    try:
        found: Any = s3.get_bucket_cors(Bucket="originals-bucket")["CORSRules"]
    except s3.exceptions.ClientError:
        return []
    return found


def allow(s3: "S3Client", rules: list[Any]) -> None:
    s3.put_bucket_cors(Bucket="originals-bucket", CORSConfiguration={"CORSRules": rules})


@pytest.mark.usefixtures("_existing")
class TestWithABucketThatExists:
    def test_it_is_added_once_beside_the_others(self, s3: "S3Client", fanout: Commands) -> None:
        allow(s3, THEIRS)
        before = rules(s3)
        for _ in range(2):
            assert fanout("cors", "--yes").code == 0
            assert rules(s3) == [*before, OURS]
        assert "as they should be already" in fanout("cors").err

    def test_a_dry_run_prints_all_rules_and_changes_none(
        self, s3: "S3Client", fanout: Commands
    ) -> None:
        allow(s3, THEIRS)
        before = rules(s3)
        run = fanout("cors", "--dry-run")
        assert [json.loads(line) for line in run.out.splitlines()] == [*before, OURS]
        assert rules(s3) == before

    def test_an_older_rule_of_the_stage_is_changed(self, s3: "S3Client", fanout: Commands) -> None:
        allow(s3, [OURS | {"AllowedOrigins": ["https://old.example"]}, THEIRS[0]])
        assert fanout("cors", "--yes").code == 0
        assert [rule["ID"] for rule in rules(s3)] == ["theirs", PREFIX]
        assert rules(s3)[1] == OURS

    @pytest.mark.parametrize("theirs", [[], THEIRS])
    def test_it_is_removed_alone(self, s3: "S3Client", fanout: Commands, theirs: Any) -> None:
        if theirs:
            allow(s3, theirs)
        before = rules(s3)
        fanout("cors", "--yes")
        assert fanout("cors", "--remove", "--yes").code == 0
        assert rules(s3) == before

    def test_it_asks_first(self, s3: "S3Client", fanout: Commands) -> None:
        run = fanout("cors")
        assert run.code == 2
        assert f"CORS rule {PREFIX} of the bucket originals-bucket?" in run.err
        assert rules(s3) == []

    def test_a_hundred_rules_are_s3s_limit(self, s3: "S3Client", fanout: Commands) -> None:
        rule: Any = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
        allow(s3, [rule] * 100)
        run = fanout("cors", "--yes")
        assert run.code == 1
        assert "has 100 CORS rules, and S3 takes 100: remove one first" in run.err

    @pytest.mark.parametrize("operation", ["GetBucketCors", "PutBucketCors"])
    def test_without_the_permission_it_says_so(
        self, fanout: Commands, monkeypatch: pytest.MonkeyPatch, operation: str
    ) -> None:
        refuse(monkeypatch, operation, "AccessDenied")
        run = fanout("cors", "--yes")
        assert run.code == 1
        assert "the CORS rules of the bucket originals-bucket" in run.err


def test_a_bucket_of_the_stack_is_left_to_it(s3: "S3Client", fanout: Commands) -> None:
    deployed()
    run = fanout("cors", "--yes")
    assert run.code == 1
    assert "in a bucket that its stack created and configures" in run.err
    assert rules(s3) == []
