"""Compares variants with the best possible ones: SSIM and SSIMULACRA2."""

import io
import tempfile
from pathlib import Path
from typing import NamedTuple

import pillow_heif
from PIL import Image, ImageCms, ImageOps

from bench import inputs
from bench.cases import Case
from bench.peers.peer import Wanted
from bench.sources import CACHE
from lib.errors import ConfigError

# SSIMULACRA2 takes two seconds a megapixel: one size stands for all.
JUDGED = "800x600"


class Likeness(NamedTuple):
    """SSIM of luma, up to 1, and SSIMULACRA2, up to 100; the second of one size only."""

    ssim: float
    ssimulacra2: float | None


def compare(case: Case, wanted: Wanted, variant: Path, *, thorough: bool) -> Likeness:
    """Returns the likeness of a variant to the best possible one."""
    # Only `make bench` installs these.
    from skimage.metrics import structural_similarity  # noqa: PLC0415
    from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415

    best = reference(case, wanted)
    with Image.open(best) as one, Image.open(variant) as other:
        if one.size != other.size:
            raise ConfigError(f"{case.name}, {wanted.name}: {other.size} for {one.size} pixels")
        opaque = _opaque(other)
        ssim = structural_similarity(
            *(_luma(image) for image in (one, opaque)),
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    if not (thorough and wanted.name == JUDGED):
        return Likeness(float(ssim), None)
    with tempfile.NamedTemporaryFile(suffix=".png") as shown:
        opaque.save(shown.name)
        return Likeness(float(ssim), float(compute_ssimulacra2(str(best), shown.name)))


def reference(case: Case, wanted: Wanted) -> Path:
    """Returns the best possible variant, making it if necessary.

    The whole photo is decoded, converted to sRGB, put on white, and resized by Lanczos in floating
    point; nothing is encoded with loss.
    """
    source = inputs.make(case)
    folder = CACHE / "references" / f"{case.name}.{case.format}-{inputs.VERSION}"
    file = folder / f"{wanted.name}.png"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        best_of(source, wanted).save(unfinished, "png", compress_level=1)
        unfinished.rename(file)
    return file


def best_of(source: Path, wanted: Wanted) -> Image.Image:
    """Renders the best possible variant of a file."""
    pillow_heif.register_heif_opener()
    with Image.open(source) as image:
        upright = _opaque(_srgb(ImageOps.exif_transpose(image)))
    size, crop = _geometry(upright.size, wanted)
    bands = [
        band.convert("F").resize(size, Image.Resampling.LANCZOS, box=crop)
        for band in upright.split()
    ]
    # Pillow's conversion from F truncates.
    rounded = [band.point(lambda value: value * 1 + 0.5).convert("L") for band in bands]
    return Image.merge("RGB", rounded)


def _geometry(
    size: tuple[int, int], wanted: Wanted
) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
    """Returns the variant's pixels, and the part of the photo that it shows."""
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    if wanted.fit == "cover" and wanted.height:
        box = (wanted.width, wanted.height)
        scale = max(box[0] / size[0], box[1] / size[1])
        left, top = ((edge - part / scale) / 2 for edge, part in zip(size, box, strict=True))
        return box, (left, top, size[0] - left, size[1] - top)
    scale = min(1.0, wanted.width / size[0], (wanted.height or size[1]) / size[1])
    return (round(size[0] * scale), round(size[1] * scale)), whole


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
