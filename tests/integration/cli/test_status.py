"""`fanout status`: what it says of variants that are there and no longer as they should be."""

import json
from typing import TYPE_CHECKING

import pytest

from lib.pipeline.metadata_keys import ORIGINAL_ETAG, RECIPE
from lib.sizes import recipe_id
from tests.integration.deployed import PREFIX, Commands, Deployed, fanout, size_called
from tests.payloads import ORIGINALS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fanout"]

SIZE = size_called("400x300")
CACHE_CONTROL = "public, max-age=3600"
CURRENT = recipe_id(SIZE)
SETTINGS = {"SIZE": SIZE.model_dump_json(), "CACHE_CONTROL": CACHE_CONTROL}


@pytest.mark.parametrize(
    ("recipe", "cache_control", "line"),
    [
        (CURRENT, CACHE_CONTROL, "400x300  ready"),
        ("old", CACHE_CONTROL, "400x300  ready  stale: the size has another recipe now"),
        (
            CURRENT,
            "no-cache",
            "400x300  ready  stale: stored with another Cache-Control or ACL than the stage's now",
        ),
    ],
)
def test_a_variant_that_is_stale_says_why(
    fanout: Commands, s3: "S3Client", recipe: str, cache_control: str, line: str
) -> None:
    deployed = Deployed(outputs=False)
    deployed.outputs(
        Sizes=json.dumps([SIZE.name]),
        ImagesBucketName="images-bucket",
        FailuresBucketName="failures-bucket",
    )
    deployed.function(
        SIZE.name,
        FunctionName=f"{PREFIX}-uploads",
        Environment={"Variables": {"IMAGES_URL": "https://images.example/"}},
    )
    deployed.lambda_.update_function_configuration(
        FunctionName=f"{PREFIX}-resize-{SIZE.name}", Environment={"Variables": SETTINGS}
    )
    etag = s3.put_object(Bucket=ORIGINALS.bucket, Key=ORIGINALS.key("a.jpg"), Body=b"a")["ETag"]
    s3.put_object(
        Bucket="images-bucket",
        Key=f"{SIZE.name}/a.jpg",
        Body=b"variant",
        CacheControl=cache_control,
        Metadata={ORIGINAL_ETAG: etag.strip('"'), RECIPE: recipe},
    )
    run = fanout("status", "a.jpg")
    assert run.err == ""
    assert run.out.splitlines()[0] == line
    assert run.code == 0
