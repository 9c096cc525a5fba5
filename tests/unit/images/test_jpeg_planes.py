"""JPEGs rendered in planes, beside Pillow's decoder, an exact filter, and broken files."""

import io
import struct
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from lib.errors import PermanentError
from lib.images import jpeg_planes, jpeg_to_jpeg, kernel, render
from lib.images.decode import jpeg_scale
from lib.images.formats import read_header
from lib.images.formats.jpeg import JpegHeader
from lib.images.geometry import Geometry
from lib.images.jpeg_planes import Planes
from lib.images.orient import auto_orient, stored_box, stored_size
from tests.unit.images import made
from tests.unit.images.test_colour import PROFILES, srgb
from tests.unit.images.test_mutations import EDITS, mutated

# Factors of luma that Pillow does not write; chroma has 1 x 1.
RARE = [(1, 2), (4, 1), (1, 4), (4, 2)]


def detailed(width: int, height: int) -> Image.Image:
    """Coloured corners with grain of a few pixels, as a photo has at all scales."""
    grain = made.noise(width, height).filter(ImageFilter.GaussianBlur(1.5))
    return Image.blend(made.photo(width, height), grain, 0.4)


@cache
def jpeg(width: int, height: int, subsampling: str = "4:2:0", **options: Any) -> bytes:
    image = detailed(width, height)
    return made.encoded(image, "JPEG", quality=95, subsampling=subsampling, **options)


def in_planes(data: bytes, **options: Any) -> bool:
    """Whether a photo is rendered in planes."""
    return jpeg_to_jpeg.render(read_header(data), made.size(**options), None) is not None


def by_pillow(monkeypatch: pytest.MonkeyPatch, data: bytes, **options: Any) -> Image.Image:
    with monkeypatch.context() as patch:
        patch.setattr(jpeg_planes, "decode", lambda *_: None)
        return made.rendered(data, **options)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(8, 130), st.integers(8, 130)),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.tuples(*[st.floats(0, 1)] * 4),
    st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]),
    st.booleans(),
    st.integers(1, 8),
)
@example((8, 65), (1, 1), (0.0, 0.0, 0.5, 0.5), "4:4:4", False, 2)
def test_luma_is_that_of_the_whole_plane(
    edges: tuple[int, int],
    scaled: tuple[int, int],
    shares: tuple[float, ...],
    subsampling: str,
    progressive: bool,
    orientation: int,
) -> None:
    """Pillow decodes luma alone as grey, at the same scale; its rows come all at once."""
    exif = made.exif(orientation)
    data = jpeg(*edges, subsampling, progressive=progressive, exif=exif)
    header = read_header(data)
    assert isinstance(header, JpegHeader)
    (left, right), (top, bottom) = (
        sorted((shares[axis] * edge, shares[axis + 2] * edge))
        for axis, edge in enumerate(header.upright)
    )
    crop = min(left, header.upright[0] - 0.5), min(top, header.upright[1] - 0.5)
    plan = Geometry((*crop, max(right, crop[0] + 0.5), max(bottom, crop[1] + 0.5)), scaled, scaled)
    scale = jpeg_scale(plan.shrink)
    planes = jpeg_planes.decode(header, plan)
    assert planes is not None
    assert planes.blue.size == planes.red.size == (-(-scaled[0] // 2), -(-scaled[1] // 2))
    grey = JpegImageFile(io.BytesIO(data))
    grey.draft("L", (header.width // scale, header.height // scale))
    grey.load()
    box = stored_box(plan.crop, orientation, (header.width, header.height))
    left, top, right, bottom = (edge / scale for edge in box)
    expected = kernel.resample(grey, (left, top, right, bottom), stored_size(scaled, orientation))
    assert planes.luma.tobytes() == auto_orient(expected, orientation).tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_a_variant_is_no_further_from_the_exact_filter_than_pillows(
    subsampling: str, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exif = made.exif(orientation)
    data = jpeg(203, 151, subsampling, exif=exif)
    whole = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    for box in ((91, 67), (51, 33), (30, 40), (140, 7)):
        options = {"width": box[0], "height": box[1], "fit": "fill", "quality": 95}
        assert in_planes(data, **options)
        exact = whole.resize(box, Image.Resampling.LANCZOS)
        error = made.difference(made.rendered(data, **options), exact)
        assert error <= made.difference(by_pillow(monkeypatch, data, **options), exact) + 0.15


@pytest.mark.parametrize("edges", [(1, 1), (1, 40), (2, 2), (15, 17), (16, 16), (33, 31), (64, 9)])
def test_planes_are_encoded_as_pillow_encodes_an_image(edges: tuple[int, int]) -> None:
    image = made.photo(*edges).convert("YCbCr")
    luma, *chroma = image.split()
    planes = Planes(luma, *(band.reduce(2) for band in chroma))
    data = jpeg_planes.encode(planes, 80)
    assert data is not None
    expected = made.encoded(
        image.convert("RGB"), "JPEG", quality=80, progressive=True, subsampling="4:2:0"
    )
    tables = b"\xff\xc4"
    assert data[: data.index(tables)] == expected[: expected.index(tables)]
    assert made.difference(made.decoded(data), made.decoded(expected)) < 3


def test_rows_below_the_crop_are_not_decoded() -> None:
    """What a photo lacks there is not shown; but one without an end is truncated."""
    data = jpeg(64, 800)
    cut = data[: len(data) * 3 // 4]
    closed = cut.rstrip(b"\xff") + b"\xff\xd9"
    assert in_planes(closed, width=32, height=24, position="top")
    assert not in_planes(closed, width=32, height=24, position="bottom")
    assert not in_planes(cut, width=32, height=24, position="top")


@pytest.mark.parametrize(
    "options",
    [
        {"format": "webp"},
        {"formats": ["webp"]},
        {"fit": "contain", "width": 64, "height": 64},
        {"position": "attention"},
        {"watermark": {"file": "logo.png"}},
        {"width": 4000, "height": 3000, "enlarge": True},
    ],
    ids=str,
)
def test_what_needs_rgb_is_left_to_pillow(options: dict[str, Any]) -> None:
    data = jpeg(128, 96)
    assert in_planes(data)
    assert not in_planes(data, **options)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colours_are_left_to_pillow(mode: str) -> None:
    assert not in_planes(made.encoded(made.photo().convert(mode), "JPEG"))


def test_rgb_without_a_conversion_is_left_to_pillow() -> None:
    assert not in_planes(made.encoded(made.photo(), "JPEG", keep_rgb=True))


def test_a_profile_is_left_to_pillow_unless_it_is_srgb() -> None:
    for profile, expected in ((srgb().tobytes(), True), (PROFILES["Display P3"], False)):
        data = made.encoded(made.photo(), "JPEG", icc_profile=profile)
        assert in_planes(data) is expected


def of_flat_blocks(edges: tuple[int, int], factors: tuple[int, int]) -> bytes:
    """A JPEG of blocks of one value each: a ramp of luma to the right, of chroma down and up."""
    across, down = factors
    unit = 8 * across, 8 * down
    columns, rows = (-(-edge // size) for edge, size in zip(edges, unit, strict=True))
    last, bits = [0, 0, 0], ""
    for row, column in product(range(rows), range(columns)):
        blocks = [
            (0, (column * across + x) / (columns * across))
            for _ in range(down)
            for x in range(across)
        ]
        blocks += [(1, row / rows), (2, 1 - row / rows)]
        for component, share in blocks:
            value = round(1200 * share - 600)
            change, last[component] = value - last[component], value
            length = abs(change).bit_length()
            # Lengths have codes of four bits; the end of a block has one.
            bits += f"{length:04b}"
            bits += (
                f"{change if change > 0 else change + 2**length - 1:0{length}b}" if length else ""
            )
            bits += "0"
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    components = bytes((1, across * 16 + down, 0, 2, 0x11, 0, 3, 0x11, 0))
    lengths = bytes((0, 0, 0, 12)) + bytes(12) + bytes(range(12)), bytes((1,)) + bytes(15) + b"\0"
    return b"".join(
        (
            b"\xff\xd8",
            made.segment(0xDB, b"\0" + bytes([1]) * 64),
            made.segment(0xC0, struct.pack(">BHHB", 8, edges[1], edges[0], 3) + components),
            made.segment(0xC4, b"\0" + lengths[0] + b"\x10" + lengths[1]),
            made.segment(0xDA, bytes((3, 1, 0, 2, 0, 3, 0, 0, 63, 0))),
            scan,
            b"\xff\xd9",
        )
    )


@pytest.mark.parametrize("factors", RARE, ids=str)
def test_rare_factors_of_chroma(factors: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    data = of_flat_blocks((200, 120), factors)
    for edges in ((150, 90), (48, 32), (20, 12)):
        options = {"width": edges[0], "height": edges[1], "fit": "fill", "quality": 95}
        assert in_planes(data, **options)
        found = made.rendered(data, **options)
        assert made.difference(found, by_pillow(monkeypatch, data, **options)) < 4


def verdict(data: bytes, position: str) -> str:
    try:
        found = render(data, made.size(width=10, height=8, position=position))
    except PermanentError as error:
        return str(error)
    return f"{found.width} x {found.height}"


SMALL = Image.blend(made.photo(40, 30), made.noise(40, 30), 0.3)
SOURCES = [
    made.encoded(SMALL, "JPEG", exif=made.exif(6)),
    made.encoded(SMALL, "JPEG", progressive=True),
    made.encoded(SMALL, "JPEG", subsampling="4:4:4", restart_marker_rows=1),
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SOURCES), EDITS, st.integers(0, 255), st.sampled_from(["top", "center", "left"])
)
def test_broken_files_have_pillows_verdict(
    data: bytes, edits: list[tuple[int, str]], byte: int, position: str
) -> None:
    broken = mutated(data, edits, byte)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_planes, "decode", lambda *_: None)
        expected = verdict(broken, position)
    assert verdict(broken, position) == expected


def test_without_libjpegs_functions_pillow_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg(128, 96)
    monkeypatch.setattr(jpeg_planes, "FUNCTIONS", ("jpeg_of_another_library",))
    jpeg_planes._library.cache_clear()
    try:
        assert not in_planes(data)
        assert made.rendered(data).size == (64, 48)
    finally:
        jpeg_planes._library.cache_clear()
