"""`fanout contact-sheet --stage`: the originals of a stage instead of a folder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lib.images import render
from lib.pipeline.focus import focus_metadata
from lib.sizes import Size
from tests.integration.deployed import SIZES, Commands, Deployed, fanout, refuse
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["fanout"]  # a fixture

PHOTO = encoded(quarters())


@pytest.fixture(autouse=True)
def _stage(
    s3: "S3Client", fanout: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Deployed(outputs=False).outputs(Sizes=json.dumps(SIZES))
    Path("sizes.yml").write_text("sizes: [{name: crop, width: 60, height: 60, position: focus}]")


def put(s3: "S3Client", path: str, data: bytes = PHOTO, **options: Any) -> None:
    s3.put_object(Bucket="originals-bucket", Key=f"originals/{path}", Body=data, **options)


def sheet(fanout: Commands, *options: str) -> tuple[int, list[dict[str, Any]], str]:
    run = fanout("contact-sheet", "--sizes-file", "sizes.yml", "--json", *options)
    return run.code, [json.loads(line) for line in run.out.splitlines()], run.err


def test_originals_below_the_prefix_are_shown_around_their_focal_point(
    s3: "S3Client", fanout: Commands
) -> None:
    put(s3, "2026/plain.jpg")
    put(s3, "2026/é+ ~.jpg", Metadata=focus_metadata((1.0, 0.5)))
    put(s3, "2026/")
    put(s3, "2025/other.jpg")
    code, documents, _ = sheet(fanout, "--prefix", "2026/")
    assert code == 0
    assert [each["path"] for each in documents] == ["2026/plain.jpg", "2026/é+ ~.jpg"]
    size = Size(name="crop", width=60, height=60, position="focus")
    expected = [len(render(PHOTO, size, focus).data) for focus in (None, (1.0, 0.5))]
    assert expected[0] != expected[1]
    found = [each["sizes"]["crop"]["images"][0]["bytes"] for each in documents]
    assert found == expected
    assert Path("contact-sheet/contact-sheet.png").exists()


def test_broken_and_archived_originals_have_their_reasons(s3: "S3Client", fanout: Commands) -> None:
    put(s3, "broken.jpg", PHOTO[:300])
    put(s3, "cold.jpg", StorageClass="GLACIER")
    code, documents, err = sheet(fanout)
    assert code == 1
    reasons = {each["path"]: each["sizes"]["crop"]["reason"] for each in documents}
    assert reasons == {"broken.jpg": "truncated", "cold.jpg": "archived"}
    assert "cold.jpg: the original is archived" in err


def test_many_originals_need_a_limit_and_are_not_all_listed(
    s3: "S3Client", fanout: Commands
) -> None:
    for number in range(39):
        put(s3, f"{number:02}.jpg", b"")
    code, documents, err = sheet(fanout)
    assert (code, documents) == (2, [])
    assert "and there are more than 36" in " ".join(err.split())
    _, documents, err = sheet(fanout, "--limit", "2")
    assert [each["path"] for each in documents] == ["00.jpg", "01.jpg"]
    assert "2 photos, more beyond --limit\n" in err


def test_a_stage_without_such_originals_is_told(fanout: Commands) -> None:
    code, documents, err = sheet(fanout, "--prefix", "none/")
    assert (code, documents) == (1, [])
    assert err == "originals-bucket/originals/none/: has no photos\n"


def test_missing_permissions_are_said(
    s3: "S3Client", fanout: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "a.jpg")
    refuse(monkeypatch, "GetObject", "AccessDenied")
    code, documents, err = sheet(fanout)
    assert (code, documents) == (1, [])
    assert "AccessDenied" in err


def test_a_folder_and_a_stage_are_one_too_many(fanout: Commands, tmp_path: Path) -> None:
    assert sheet(fanout, str(tmp_path))[0] == 2
