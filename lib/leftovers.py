"""Variants of sizes and formats that are not deployed any more: no deploy deletes them.

They cost storage, and stay readable under their addresses, until somebody deletes them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lib.aws import s3 as objects
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def left_folders(s3: "S3Client", images_bucket: str, sizes: list[Size]) -> list[str]:
    """Folders of the images bucket that belong to none of the sizes, nor to their formats."""
    deployed = {folder for size in sizes for folder in size.folders}
    return [name for name in objects.folders(s3, images_bucket) if name not in deployed]


def left_paths(
    s3: "S3Client", images_bucket: str, folder: str, *, prefix: str = ""
) -> Iterator[str]:
    """The paths below `prefix` that such a folder has a variant of, in order."""
    for found in objects.listing(s3, images_bucket, f"{folder}/{prefix}"):
        yield found.key.removeprefix(f"{folder}/")
