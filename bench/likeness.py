"""Compares variants with the best possible ones: SSIM and SSIMULACRA2."""

import io
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pillow_heif
from PIL import Image, ImageCms, ImageOps

from bench import inputs
from bench.cases import Case
from bench.peers.peer import Wanted
from bench.sources import CACHE
from lib.errors import ConfigError

# SSIMULACRA2 takes two seconds a megapixel: one size stands for all.
JUDGED = "800x600"
# Pixels of the photo by which two crops are the same.
_SAME = 1e-6

Crop = tuple[float, float, float, float]


class Likeness(NamedTuple):
    """SSIM of luma, up to 1, and SSIMULACRA2, up to 100; the second of one size only."""

    ssim: float
    ssimulacra2: float | None


def compare(case: Case, wanted: Wanted, variant: Path, *, thorough: bool) -> Likeness | None:
    """Returns the likeness of a variant to the best possible one that crops alike.

    None if its size is rounded another way: 112.5 pixels are 112 of sharp's.
    """
    # Only `make bench` installs it.
    from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415

    with Image.open(variant) as image:
        shown = _opaque(image)
    if _size(references(case, wanted)[0]) != shown.size:
        return None
    found = {best: _ssim(best, shown) for best in references(case, wanted)}
    nearest = max(found, key=lambda best: found[best])
    if not (thorough and wanted.name == JUDGED):
        return Likeness(found[nearest], None)
    with tempfile.NamedTemporaryFile(suffix=".png") as opaque:
        shown.save(opaque.name)
        return Likeness(found[nearest], float(compute_ssimulacra2(str(nearest), opaque.name)))


def _size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


def _ssim(best: Path, shown: Image.Image) -> float:
    # Untyped, and installed for benchmarks only.
    metrics: Any = import_module("skimage.metrics")
    with Image.open(best) as reference:
        return float(
            metrics.structural_similarity(
                *(_luma(image) for image in (reference, shown)),
                data_range=255,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
        )


def references(case: Case, wanted: Wanted) -> list[Path]:
    """Returns the best possible variants, making them if necessary: one for each way to crop.

    The whole photo is decoded, converted to sRGB, put on white, and resized by Lanczos in floating
    point; nothing is encoded with loss.
    """
    source = inputs.make(case)
    folder = CACHE / "references" / f"{case.name}.{case.format}-{inputs.VERSION}"
    files = [folder / f"{wanted.name}-{way}.png" for way in ("exact", "whole")]
    marker = folder / f"{wanted.name}.made"
    if not marker.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for file, image in zip(files, best_of(source, wanted), strict=False):
            image.save(file, "png", compress_level=1)
        # Last, so that no incomplete file counts.
        marker.touch()
    return [file for file in files if file.exists()]


def best_of(source: Path, wanted: Wanted) -> list[Image.Image]:
    """Renders the best possible variants of a file: one for each way to crop."""
    pillow_heif.register_heif_opener()
    with Image.open(source) as image:
        upright = _opaque(_srgb(ImageOps.exif_transpose(image)))
    size, crops = _geometry(upright.size, wanted)
    bands = [band.convert("F") for band in upright.split()]
    return [
        # Pillow's conversion from F truncates.
        Image.merge(
            "RGB",
            [
                band.resize(size, Image.Resampling.LANCZOS, box=crop)
                .point(lambda value: value * 1 + 0.5)
                .convert("L")
                for band in bands
            ],
        )
        for crop in crops
    ]


def _geometry(size: tuple[int, int], wanted: Wanted) -> tuple[tuple[int, int], list[Crop]]:
    """Returns the variant's pixels, and what it may show of the photo.

    A crop begins anywhere, or (sharp's) at a whole pixel of the resized photo: half a pixel would
    say more than all the rest, and nothing of quality.
    """
    if not (wanted.fit == "cover" and wanted.height):
        scale = min(1.0, wanted.width / size[0], (wanted.height or size[1]) / size[1])
        whole = (0.0, 0.0, float(size[0]), float(size[1]))
        return (round(size[0] * scale), round(size[1] * scale)), [whole]
    box = (wanted.width, wanted.height)
    scale = max(box[0] / size[0], box[1] / size[1])
    resized = [round(edge * scale) for edge in size]
    exact = [(edge - part / scale) / 2 for edge, part in zip(size, box, strict=True)]
    # As libvips rounds.
    starts = [
        (both - part + 1) // 2 * edge / both
        for both, part, edge in zip(resized, box, size, strict=True)
    ]
    extents = [part * edge / both for both, part, edge in zip(resized, box, size, strict=True)]
    crops = [
        (exact[0], exact[1], size[0] - exact[0], size[1] - exact[1]),
        (starts[0], starts[1], starts[0] + extents[0], starts[1] + extents[1]),
    ]
    # Rounding must not put an edge outside the photo.
    crops = [
        (max(0, left), max(0, top), min(size[0], right), min(size[1], bottom))
        for left, top, right, bottom in crops
    ]
    same = all(abs(one - other) < _SAME for one, other in zip(*crops, strict=True))
    return box, crops[:1] if same else crops


def _srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or image.mode != "RGB":
        return image
    srgb = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(
        image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), srgb
    )
    if converted is None:
        raise ConfigError("lcms converts into a new image")
    return converted


def _opaque(image: Image.Image) -> Image.Image:
    """Returns the image in RGB, on white where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    shown = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", shown.size, "#ffffff"), shown).convert("RGB")


def _luma(image: Image.Image) -> object:
    import numpy as np  # noqa: PLC0415  only `make bench` installs it

    return np.asarray(image.convert("RGB").convert("F"))
