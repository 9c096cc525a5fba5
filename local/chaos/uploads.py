"""Uploads small, different photos; replaces, deletes or breaks some of them."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from PIL import Image

from lib.keys import Originals

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "chaos"
_UPLOADERS = 8
_EDGES = ((320, 240), (640, 480), (800, 600))
_GRAIN = 24
# One photo in each of these numbers is broken, deleted or replaced.
_BROKEN, _DELETED, _REPLACED = 25, 10, 5

Fate = Literal["unchanged", "replaced", "deleted", "broken"]


@dataclass(frozen=True)
class Photo:
    """One path, and the fate of its photo."""

    number: int

    @property
    def path(self) -> str:
        """The photo's path."""
        return f"{FOLDER}/{self.number:04}.jpg"

    @property
    def fate(self) -> Fate:
        """What the run does with the photo after its upload."""
        if self.number % _BROKEN == 1:
            return "broken"
        if self.number % _DELETED == 2:  # noqa: PLR2004  a remainder that the others do not use
            return "deleted"
        return "replaced" if self.number % _REPLACED == 0 else "unchanged"


def upload(
    s3: "S3Client", originals: Originals, count: int, on_progress: Callable[[int], None]
) -> list[Photo]:
    """Uploads `count` photos concurrently; passes the number done to `on_progress`."""
    photos = [Photo(number) for number in range(count)]
    with ThreadPoolExecutor(_UPLOADERS) as pool:
        for done, _ in enumerate(pool.map(lambda photo: _process(s3, originals, photo), photos), 1):
            on_progress(done)
    return photos


def _process(s3: "S3Client", originals: Originals, photo: Photo) -> None:
    bucket, key = originals.bucket, originals.key(photo.path)
    data = _make_image(photo.number)
    s3.put_object(Bucket=bucket, Key=key, Body=data[:-999] if photo.fate == "broken" else data)
    if photo.fate == "replaced":
        s3.put_object(Bucket=bucket, Key=key, Body=_make_image(photo.number + 10_000))
    elif photo.fate == "deleted":
        s3.delete_object(Bucket=bucket, Key=key)


def _make_image(number: int) -> bytes:
    """Makes a photo-like JPEG of 15 to 200 KB with a corner in its own colour."""
    colour = (number % 251, number // 3 % 241, number // 7 % 239)
    image = _make_grain(_EDGES[number % len(_EDGES)]).copy()
    image.paste(colour, (0, 0, 64, 64))
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


@cache
def _make_grain(size: tuple[int, int]) -> Image.Image:
    """Makes a grey image with enough grain that its JPEG is as large as a photo's."""
    return Image.effect_noise(size, _GRAIN).convert("RGB")
