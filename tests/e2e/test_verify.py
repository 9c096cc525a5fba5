"""`fanout verify` on a stack with everything on, by somebody with the documented policy alone."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lib.aws import s3 as objects
from lib.operations.verify import STEPS
from local.client import aws
from tests.e2e.people import documented_policy, somebody
from tests.e2e.site import PRIVATE, Site
from tests.e2e.steps import dead_letters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.mark.redeploys
def test_every_step_passes_and_nothing_is_left(site: Site, tmp_path: Path) -> None:
    stack = site.have(**PRIVATE)
    person = somebody(stack, site.local, tmp_path, documented_policy())
    run = person("verify", "--json")
    *steps, summary = run.lines
    told = [(step["step"], step["state"], step["detail"]) for step in steps]
    assert run.code == 0, told
    assert [step[:2] for step in told] == [(step.name, "passed") for step in STEPS]
    assert (summary["passed"], summary["left"]) == (len(STEPS), [])

    s3: S3Client = aws(stack, "s3")
    for bucket in s3.list_buckets()["Buckets"]:
        keys = [key for key, _ in objects.list_versions(s3, bucket["Name"], "")]
        assert [key for key in keys if summary["folder"] in key] == []
    for size in stack.sizes:
        assert dead_letters(aws(stack, "sqs"), size, summary["folder"]) == []
    assert "verify" not in person("token", "list").out
