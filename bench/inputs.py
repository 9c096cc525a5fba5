"""Makes the inputs from the photographs, once, in .cache/bench."""

import io
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pillow_heif
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFont, JpegImagePlugin

from bench import turbo
from bench.cases import Case
from bench.sources import CACHE, PROJECT, photograph
from lib.errors import ConfigError

# Raised with each change to the inputs below, so that old ones are made again.
VERSION = 3
_MAKE, _MODEL, _ORIENTATION = 0x010F, 0x0110, 0x0112
_SIDEWAYS = range(5, 9)  # EXIF orientations whose width is shown as height
# Corners of lossless cuts lie on the largest block of any sub-sampling.
_GRID = 16
_SQUARE, _PANORAMA = 1.05, 2.0
_SUBSAMPLING = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0"}
# Names of profiles, by a part of the descriptions that they have.
_PROFILES = {"sRGB": "sRGB", "Display P3": "P3", "Adobe RGB": "Adobe RGB"}
_FRAMES = 12
# TIFF's tag for differences of neighbours, without which LZW makes a photo larger.
_PREDICTOR = 317
# As cameras and editors write. A fast AVIF speed saves time.
_OPTIONS: dict[str, dict[str, Any]] = {
    "png": {"compress_level": 6},
    "webp": {"quality": 90, "method": 4},
    "webp lossless": {"lossless": True, "method": 4},
    "webp animated": {"quality": 80, "method": 2, "duration": 100, "save_all": True},
    "avif": {"quality": 80, "speed": 8},
    "heic": {"quality": 80},
    "tiff raw": {"compression": "raw"},
    "tiff lzw": {"compression": "tiff_lzw", "tiffinfo": {_PREDICTOR: 2}},
    "tiff deflate": {"compression": "tiff_adobe_deflate", "tiffinfo": {_PREDICTOR: 2}},
    "tiff jpeg": {"compression": "jpeg", "quality": 92},
}


class Traits(NamedTuple):
    """What an input is, as read from its file."""

    width: int
    height: int
    shape: str
    subsampling: str
    coding: str
    profile: str
    turned: bool

    @property
    def megapixels(self) -> float:
        """Millions of pixels."""
        return self.width * self.height / 1e6


def make(case: Case) -> Path:
    """Returns the case's input, making it if necessary."""
    if case.name == case.photo:
        return photograph(case.photo)
    file = (
        CACHE
        / f"inputs-{VERSION}"
        / f"{case.name.replace(' ', '-').replace(':', '')}.{case.format}"
    )
    if not file.exists():
        data = _jpeg(case) if case.format == "jpeg" else _other(case)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Written under a temporary name first, so that no incomplete file remains.
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_bytes(data)
        unfinished.rename(file)
    return file


def traits(file: Path) -> Traits:
    """Reads what an input is."""
    pillow_heif.register_heif_opener()
    with Image.open(file) as image:
        turned = image.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
        width, height = image.size[::-1] if turned else image.size
        jpeg = isinstance(image, JpegImagePlugin.JpegImageFile)
        progressive = bool(jpeg and image.info.get("progressive"))
        return Traits(
            width,
            height,
            _shape(width, height),
            _SUBSAMPLING[_factors(image)] if jpeg else image.mode,
            "progressive" if progressive else "baseline",
            _profile_name(image.info.get("icc_profile")),
            turned,
        )


def _shape(width: int, height: int) -> str:
    long, short = max(width, height), min(width, height)
    if long >= _PANORAMA * short:
        return "panorama"
    if long <= _SQUARE * short:
        return "square"
    return "landscape" if width > height else "portrait"


def _factors(image: Image.Image) -> tuple[int, int]:
    """Returns the sampling factors of a JPEG's luma, whose chroma has 1 x 1."""
    _, across, down, _ = image.layer[0]  # type: ignore[attr-defined]
    return across, down


def _profile_name(profile: bytes | None) -> str:
    if not profile:
        return "none"
    name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    return next((known for known, part in _PROFILES.items() if part in name), name)


def _jpeg(case: Case) -> bytes:
    source = photograph(case.photo).read_bytes()
    with Image.open(io.BytesIO(source)) as image:
        exif, profile = image.getexif(), image.info.get("icc_profile")
        region = _region(image.size, case.cut)
        if case.derived == "re-encoded":
            data = _encode_again(image, region, case)
        else:
            progressive = bool(image.info.get("progressive"))
            if case.progressive is not None:
                progressive = case.progressive
            data = turbo.transform(source, region, progressive=progressive)
    if case.turned:
        data = turbo.transform(data, operation=turbo.TURN_LEFT)
    return _mark(data, _tags(exif, case.orientation), _profile(case.profile) or profile)


def _region(size: tuple[int, int], cut: tuple[int, int] | None) -> tuple[int, int, int, int] | None:
    """Returns the left, top, width and height of a cut from the middle, on the blocks' grid."""
    if cut is None:
        return None
    left, top = (
        (whole - part) // 2 // _GRID * _GRID for whole, part in zip(size, cut, strict=True)
    )
    return left, top, *cut


def _encode_again(
    image: Image.Image, region: tuple[int, int, int, int] | None, case: Case
) -> bytes:
    """Encodes with the photograph's own tables, without a detour over RGB."""
    tables = image.quantization  # type: ignore[attr-defined]
    image.draft("YCbCr", image.size)
    whole = _tiled(_cropped(image, region), case.tiles)
    out = io.BytesIO()
    progressive = bool(case.progressive)
    whole.save(out, "jpeg", qtables=tables, subsampling=case.subsampling, progressive=progressive)
    return out.getvalue()


def _cropped(image: Image.Image, region: tuple[int, int, int, int] | None) -> Image.Image:
    if region is None:
        return image.copy()
    left, top, width, height = region
    return image.crop((left, top, left + width, top + height))


def _tiled(part: Image.Image, tiles: tuple[int, int]) -> Image.Image:
    across, down = tiles
    whole = Image.new(part.mode, (part.width * across, part.height * down))
    for column in range(across):
        for row in range(down):
            whole.paste(part, (column * part.width, row * part.height))
    return whole


def _tags(exif: Image.Exif, orientation: int | None) -> bytes:
    """Builds the EXIF of an input: its camera and its orientation."""
    tags = Image.Exif()
    for tag in (_MAKE, _MODEL, _ORIENTATION):
        if tag in exif:
            tags[tag] = exif[tag]
    if orientation:
        tags[_ORIENTATION] = orientation
    return tags.tobytes()


def _mark(data: bytes, exif: bytes, profile: bytes | None) -> bytes:
    """Puts EXIF and a profile behind the first marker of a JPEG."""
    segments = _segment(0xE1, exif)
    if profile:
        segments += _segment(0xE2, b"ICC_PROFILE\0\x01\x01" + profile)
    return data[:2] + segments + data[2:]


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


@cache
def _profile(name: str | None) -> bytes | None:
    if name == "sRGB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return _display_p3() if name else None


def _display_p3() -> bytes:
    """Returns the profile that sharp brings, as no package of Python has one."""
    program = """
        import sharp from 'sharp';
        const grey = { width: 1, height: 1, channels: 3, background: '#888888' };
        const made = await sharp({ create: grey }).withIccProfile('p3').png().toBuffer();
        process.stdout.write(made);
    """
    command = ["node", "--input-type=module", "--eval", program]
    run = subprocess.run(command, cwd=PROJECT / "bench", capture_output=True, check=False)
    if run.returncode != 0:
        raise ConfigError(f"sharp has no Display P3 profile to give:\n{run.stderr.decode()}")
    with Image.open(io.BytesIO(run.stdout)) as image:
        profile: bytes = image.info["icc_profile"]
        return profile


def _other(case: Case) -> bytes:
    pillow_heif.register_heif_opener()
    image = _drawn(case.photo) or _plain(case)
    if case.variety == "alpha":
        image.putalpha(_oval(image.size))
    if case.variety == "palette":
        image = image.quantize(256)
    options = dict(_OPTIONS.get(f"{case.format} {case.variety}") or _OPTIONS[case.format])
    if case.variety == "animated":
        options["append_images"] = [_panned(image, number) for number in range(1, _FRAMES)]
    out = io.BytesIO()
    image.save(out, "heif" if case.format == "heic" else case.format, **options)
    return out.getvalue()


def _plain(case: Case) -> Image.Image:
    """Returns the pixels of a cut, in RGB, without metadata."""
    with Image.open(photograph(case.photo)) as photo:
        image = _cropped(photo.convert("RGB"), _region(photo.size, case.cut))
    image.info = {}
    return _tiled(image, case.tiles)


def _oval(size: tuple[int, int]) -> Image.Image:
    """Returns an alpha channel that fades out towards the corners."""
    fading = Image.radial_gradient("L").resize(size)
    return fading.point([min(255, 2 * (255 - value)) for value in range(256)])


def _panned(image: Image.Image, number: int) -> Image.Image:
    """Returns the frame of a camera that moves to the right."""
    return ImageChops.offset(image, -16 * number, 0)


def _drawn(name: str) -> Image.Image | None:
    """Draws a screenshot: text, buttons and a photograph, on a desktop or on a phone."""
    sizes = {"page": (2560, 1600), "phone": (1284, 2778)}
    if name not in sizes:
        return None
    width, height = sizes[name]
    image = Image.new("RGB", (width, height), "#ffffff")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, 120), fill="#24292f")
    font, title = ImageFont.load_default(30), ImageFont.load_default(56)
    draw.text((40, 30), "Photographs of the year", fill="#ffffff", font=title)
    with Image.open(photograph("street")) as photo:
        shown = photo.convert("RGB").resize(
            (width - 80, (width - 80) * photo.height // photo.width)
        )
    image.paste(shown, (40, 160))
    words = "the quick brown fox jumps over the lazy dog and runs home".split()  # noqa: SIM905
    for row, top in enumerate(range(shown.height + 200, height - 60, 48)):
        line = " ".join(words[(row + index) % len(words)] for index in range(width // 100))
        draw.text((40, top), line, fill="#1f2328", font=font)
        if row % 6 == 0:
            draw.rounded_rectangle((width - 260, top, width - 60, top + 40), 12, fill="#2da44e")
    return image
