"""A stream into S3 holds one part at a time, however long it is."""

import tracemalloc
from typing import Any

import pytest

from lib.aws.multipart import PART_BYTES, put_stream

CHUNK = 1 << 16


class ForgetfulS3:
    """Takes parts and keeps their lengths only."""

    def __init__(self) -> None:
        self.parts: list[int] = []
        self.whole: list[int] = []
        self.ended: list[dict[str, Any]] = []

    def create_multipart_upload(self, **_: Any) -> dict[str, str]:
        return {"UploadId": "upload"}

    def upload_part(self, **given: Any) -> dict[str, str]:
        self.parts.append(len(given["Body"]))
        return {"ETag": f'"{given["PartNumber"]}"'}

    def complete_multipart_upload(self, **given: Any) -> dict[str, str]:
        self.ended.append(given)
        return {"ETag": '"whole-13"'}

    def put_object(self, **given: Any) -> dict[str, str]:
        self.whole.append(len(given["Body"]))
        self.ended.append(given)
        return {"ETag": '"whole"'}


def put(s3: Any, count: int, replaces: str | None = None) -> str:
    return put_stream(
        s3,
        "bucket",
        "key",
        (bytes(CHUNK) for _ in range(count)),
        content_type="image/jpeg",
        metadata={},
        replaces=replaces,
        before_end=lambda: None,
    )


def test_no_more_than_a_part_is_held() -> None:
    s3 = ForgetfulS3()
    tracemalloc.start()
    etag = put(s3, (100 << 20) // CHUNK)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (etag, sum(s3.parts)) == ("whole-13", 100 << 20)
    # A part as it came in, and the same in one piece.
    assert peak < 2.2 * PART_BYTES


@pytest.mark.parametrize(
    ("count", "parts", "whole"),
    [
        (0, [], [0]),
        (127, [], [127 * CHUNK]),
        (128, [PART_BYTES], []),
        (129, [PART_BYTES, CHUNK], []),
        (256, [PART_BYTES, PART_BYTES], []),
    ],
)
def test_what_is_smaller_than_a_part_is_put_at_once(
    count: int, parts: list[int], whole: list[int]
) -> None:
    s3 = ForgetfulS3()
    put(s3, count)
    assert (s3.parts, s3.whole) == (parts, whole)


@pytest.mark.parametrize("count", [1, 200])
@pytest.mark.parametrize(
    ("replaces", "condition"),
    [(None, {"IfNoneMatch": "*"}), ("abc", {"IfMatch": '"abc"'})],
)
def test_it_is_written_on_condition_of_what_was_there(
    count: int, replaces: str | None, condition: dict[str, str]
) -> None:
    s3 = ForgetfulS3()
    put(s3, count, replaces)
    (ended,) = s3.ended
    assert {name: ended[name] for name in ended if name.startswith("If")} == condition
