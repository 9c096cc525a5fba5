"""What is uploaded under fire: small photos, each different, some replaced, deleted or broken."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from PIL import Image

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "chaos"
_UPLOADERS = 8
_EDGES = ((320, 240), (640, 480), (800, 600))
_GRAIN = 24
# Of so many, one is broken, deleted or replaced after its upload.
_BROKEN, _DELETED, _REPLACED = 25, 10, 5

Fate = Literal["kept", "replaced", "deleted", "broken"]


@dataclass(frozen=True)
class Photo:
    """One path, and what becomes of it."""

    number: int

    @property
    def path(self) -> str:
        """Its path in the stack."""
        return f"{FOLDER}/{self.number:04}.jpg"

    @property
    def fate(self) -> Fate:
        """What happens to it after its upload."""
        if self.number % _BROKEN == 1:
            return "broken"
        if self.number % _DELETED == 2:  # noqa: PLR2004  any number, for another one than above
            return "deleted"
        return "replaced" if self.number % _REPLACED == 0 else "kept"


def upload(s3: "S3Client", bucket: str, count: int, tell: Callable[[int], None]) -> list[Photo]:
    """Upload so many, several at once; `tell` hears how many are done."""
    photos = [Photo(number) for number in range(count)]
    with ThreadPoolExecutor(_UPLOADERS) as pool:
        for done, _ in enumerate(pool.map(lambda photo: _live(s3, bucket, photo), photos), 1):
            tell(done)
    return photos


def _live(s3: "S3Client", bucket: str, photo: Photo) -> None:
    key = f"originals/{photo.path}"
    data = _picture(photo.number)
    s3.put_object(Bucket=bucket, Key=key, Body=data[:-999] if photo.fate == "broken" else data)
    if photo.fate == "replaced":
        s3.put_object(Bucket=bucket, Key=key, Body=_picture(photo.number + 10_000))
    elif photo.fate == "deleted":
        s3.delete_object(Bucket=bucket, Key=key)


def _picture(number: int) -> bytes:
    """A photo-like picture of 15 to 200 KB with a corner in a colour of its own."""
    colour = (number % 251, number // 3 % 241, number // 7 % 239)
    picture = _grain(_EDGES[number % len(_EDGES)]).copy()
    picture.paste(colour, (0, 0, 64, 64))
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


@cache
def _grain(size: tuple[int, int]) -> Image.Image:
    """Grey with so much grain that a JPEG of it has a photo's bytes."""
    return Image.effect_noise(size, _GRAIN).convert("RGB")
