"""Estimates a worker's time and a variant's bytes from the benchmark's figures.

`make bench ARGS=--write-docs` writes them to render_times.json: CPU time on one core of the machine
that it names. A core of Lambda, arm64 or x86_64, is taken to be as fast: it was not measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from lib.images import effort
from lib.images.geometry import fit
from lib.operations.plan.aws_limits import ONE_CPU_MEMORY
from lib.sizes import Size

_FILE = Path(__file__).with_name("render_times.json")
# Milliseconds of CPU time of one call of S3 by boto3: a batch of ten pixels-small photos, five
# calls each, took 7 ms a photo on the benchmark's machine.
_CALL_MS = 1.4
# Calls of each variant (HEAD, PUT, and HEAD of the original after it), and of each photo beside
# them (GET). A replayed photo also takes a DELETE, of its failure record.
_CALLS_OF_VARIANT, _CALLS_OF_PHOTO = 3, 1
# Seconds of a cold start on one vCPU: docs/performance.md, "From an upload to its variants".
_COLD_START = 1.0
# The ratio of phones' and cameras' photos.
_WIDE, _HIGH = 4, 3
_PIXELS = 1e6

PhotoKind = Literal["jpeg", "progressive", "png", "webp", "tiff", "avif", "heic"]
# Bytes a pixel of originals. JPEG and HEIC: what phones write (12 MP in 3.6 and 1.8 MB); the others
# are typical of photographs.
_ORIGINAL_BYTES: dict[PhotoKind, float] = {
    "jpeg": 0.3,
    "progressive": 0.3,
    "png": 1.8,
    "webp": 0.2,
    "tiff": 3.0,
    "avif": 0.15,
    "heic": 0.15,
}
# What `format: keep` makes of a photo (docs/sizes.md).
_KEPT: dict[PhotoKind, str] = {"progressive": "jpeg", "tiff": "jpeg", "heic": "jpeg"}


class _Fitted(BaseModel):
    """Milliseconds of a variant: a base, and so much for each megapixel read and written."""

    base: float
    megapixel_read: float
    megapixel_written: float
    error: float


class _Figures(BaseModel, frozen=True):
    about: dict[str, str]
    s3_seconds: dict[str, float]
    milliseconds: dict[PhotoKind, _Fitted]
    bytes_per_pixel: dict[str, float]
    # By format and quality, relative to the format's default quality.
    bytes_by_quality: dict[str, dict[int, float]]


@dataclass(frozen=True)
class Photo:
    """The photos of a plan: their megapixels, and their kind of file."""

    megapixels: float
    kind: PhotoKind = "jpeg"

    @property
    def bytes(self) -> float:
        """Bytes of an original."""
        return self.megapixels * _PIXELS * _ORIGINAL_BYTES[self.kind]


@dataclass(frozen=True)
class WorkerTime:
    """Seconds that a worker takes for a batch: `waiting` once, and `busy` for each photo.

    Photos of a batch wait for S3 together, and are rendered one after the other.
    """

    waiting: float
    busy: float
    cold_start: float
    measured: bool = False

    def of_batch(self, photos: float) -> float:
        """Returns the seconds of a batch of so many photos."""
        return self.waiting + photos * self.busy


def estimate_worker_time(size: Size, memory: int, photo: Photo) -> WorkerTime:
    """Estimates the worker's time for photos of this kind, at `memory` MB."""
    # One photo is rendered at a time: a second vCPU does not help.
    share = min(1.0, memory / ONE_CPU_MEMORY)
    return WorkerTime(
        waiting=_waiting(size),
        busy=(_render_ms(size, photo) + _calls(size) * _CALL_MS) / 1000 / share,
        cold_start=_COLD_START / share,
    )


def make_measured_time(size: Size, memory: int, busy: float, batch: float) -> WorkerTime:
    """Makes the time from measured seconds of Lambda a photo, in batches of `batch` photos."""
    estimated = estimate_worker_time(size, memory, Photo(0))
    # What is no waiting is work; there is always some.
    own = max(busy - estimated.waiting / batch, estimated.busy)
    return WorkerTime(estimated.waiting, own, estimated.cold_start, measured=True)


def estimate_variant_bytes(size: Size, photo: Photo) -> float:
    """Estimates the bytes of a size's variants of one photo, in all formats together."""
    pixels = _written_megapixels(size, photo) * _PIXELS
    return pixels * sum(_bytes_of(format_, size) for format_ in _formats(size, photo))


def estimate_served_bytes(size: Size, photo: Photo) -> float:
    """Estimates the bytes of the variant in the size's own format."""
    pixels = _written_megapixels(size, photo) * _PIXELS
    return pixels * _bytes_of(_formats(size, photo)[0], size)


def describe_source() -> dict[str, str]:
    """Returns what the figures were measured on."""
    return _read().about


@cache
def _read() -> _Figures:
    return _Figures.model_validate_json(_FILE.read_text(encoding="utf-8"))


def _waiting(size: Size) -> float:
    seconds = _read().s3_seconds
    variant = 2 * seconds["HeadObject"] + seconds["PutObject"]
    return len(size.folders) * variant + seconds["GetObject"]


def _calls(size: Size) -> int:
    return _CALLS_OF_VARIANT * len(size.folders) + _CALLS_OF_PHOTO


def _render_ms(size: Size, photo: Photo) -> float:
    if not photo.megapixels:
        return 0.0
    fitted, written = _read().milliseconds[photo.kind], _written_megapixels(size, photo)
    own, kept = _formats(size, photo), _KEPT.get(photo.kind, photo.kind)
    # The fit has the encoding in the photo's own format. A nanosecond a pixel is a millisecond a
    # megapixel.
    encoding = sum(effort.estimate_nanoseconds(each, size) for each in own)
    encoding -= effort.estimate_nanoseconds(kept, size)
    return max(
        fitted.base,
        fitted.base
        + fitted.megapixel_read * photo.megapixels
        + (fitted.megapixel_written + encoding) * written,
    )


def _formats(size: Size, photo: Photo) -> list[str]:
    """Returns the formats of a photo's variants, the size's own first."""
    own = _KEPT.get(photo.kind, photo.kind) if size.format == "keep" else size.format
    return [own, *size.formats]


def _bytes_of(format_: str, size: Size) -> float:
    """Returns a format's bytes a pixel at the size's quality; what has no loss counts as PNG."""
    known, by_quality = _read().bytes_per_pixel, _read().bytes_by_quality
    if format_ not in by_quality or (format_ == "webp" and size.lossless):
        return known["png"]
    return known[format_] * _interpolate(by_quality[format_], size.quality_of(format_))


def _interpolate(values: Mapping[int, float], at: int) -> float:
    """Returns the value between the two nearest keys."""
    low = max(key for key in values if key <= at)
    high = min(key for key in values if key >= at)
    share = (at - low) / (high - low) if high > low else 0.0
    return values[low] + share * (values[high] - values[low])


def _written_megapixels(size: Size, photo: Photo) -> float:
    """Returns the megapixels of a variant of a photo of the ratio 4:3."""
    if not photo.megapixels:
        return 0.0
    unit = (photo.megapixels * _PIXELS / (_WIDE * _HIGH)) ** 0.5
    width, height = fit(size, max(1, round(_WIDE * unit)), max(1, round(_HIGH * unit))).canvas
    return width * height / _PIXELS
