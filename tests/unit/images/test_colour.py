"""Right tones and colours in every mode that a file can have, and sRGB out."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms

from lib.images import render
from tests.unit.images import made

GREY = made.photo().convert("L")
GREY_SMALL = made.photo(64, 48).convert("L")


def deep(order: str) -> bytes:
    """The grey photo in 16 bits."""
    return b"".join(struct.pack(order + "H", value * 257) for value in GREY.tobytes())


def srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">LH", 1, round(gamma * 256)) + b"\0\0"


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">l", round(value * 65536)) for value in values)


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A small ICC profile, version 2, for a screen."""
    tags = {b"wtpt": xyz(0.9642, 1.0, 0.8249), **tags}
    table, body, at = struct.pack(">L", len(tags)), b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">LL", at + len(body), len(data))
        body += data
    header = struct.pack(
        ">L4sL4s4s4s12s4s4sLLLQLlll4s44x",
        *(at + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ "),
        *(bytes(12), b"acsp", b"APPL", 0, 0, 0, 0, 0, 63190, 65536, 54061, b"lcms"),
    )
    return header + table + body


def rgb_profile(gamma: float, red: Any, green: Any, blue: Any) -> bytes:
    curves = {name: curve(gamma) for name in (b"rTRC", b"gTRC", b"bTRC")}
    primaries = {b"rXYZ": xyz(*red), b"gXYZ": xyz(*green), b"bXYZ": xyz(*blue)}
    return profile(b"RGB ", {**primaries, **curves})


# Primaries as their published profiles have them, adapted to D50.
PROFILES = {
    "Display P3": rgb_profile(
        2.2, (0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)
    ),
    "Adobe RGB": rgb_profile(
        2.2, (0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)
    ),
    "ProPhoto": rgb_profile(
        1.8, (0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249)
    ),
}


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_wide_gamut_photo_looks_in_srgb_as_it_did(format_: str, name: str) -> None:
    wide = ImageCms.ImageCmsProfile(io.BytesIO(PROFILES[name]))
    muted = Image.blend(made.photo(), Image.new("RGB", (128, 96), (128, 128, 128)), 0.5)
    stored = ImageCms.profileToProfile(muted, srgb(), wide)
    assert stored is not None
    data = made.encoded(stored, format_, icc_profile=PROFILES[name])

    image = made.rendered(data)

    expected = muted.resize((64, 48), Image.Resampling.BOX)
    assert made.difference(image, expected) < 3
    assert made.difference(image, stored.resize((64, 48))) > 3
    assert "icc_profile" not in image.info


def test_a_heic_of_a_phone_is_converted_too() -> None:
    data = made.heic(Image.new("RGB", (64, 48), (200, 60, 60)), icc_profile=PROFILES["Display P3"])
    red, green, _ = made.rendered(data, format="png").getpixel((30, 30))  # type: ignore[misc]
    assert red > 205
    assert green < 58


def test_srgb_by_any_name_is_left_as_it_is() -> None:
    data = made.encoded(made.photo(), "PNG", icc_profile=srgb().tobytes())
    assert (
        made.rendered(data).tobytes() == made.rendered(made.encoded(made.photo(), "PNG")).tobytes()
    )


def test_a_grey_profile() -> None:
    linear = profile(b"GRAY", {b"kTRC": curve(1.0)})
    data = made.encoded(Image.new("L", (64, 48), 55), "PNG", icc_profile=linear)
    image = made.rendered(data)
    assert image.mode == "L"
    assert image.getpixel((30, 30)) == pytest.approx(128, abs=2)


@pytest.mark.parametrize("broken", [b"", b"nonsense", PROFILES["ProPhoto"][:140], bytes(200)])
def test_a_broken_profile_counts_as_none(broken: bytes) -> None:
    data = made.encoded(made.photo(), "PNG", icc_profile=broken)
    assert made.difference(made.rendered(data), made.photo(64, 48)) < 2


def test_a_profile_for_other_pixels_counts_as_none() -> None:
    data = made.encoded(GREY, "JPEG", icc_profile=PROFILES["ProPhoto"])
    assert made.difference(made.rendered(data), GREY_SMALL) < 3


def test_cmyk_as_adobe_writes_it() -> None:
    data = made.encoded(made.photo().convert("CMYK"), "JPEG", quality=95)
    image = made.rendered(data)
    assert image.mode == "RGB"
    assert made.difference(image, made.photo(64, 48)) < 5


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_cmyk_without_adobes_marker_is_stored_inverted_all_the_same(
    options: dict[str, Any],
) -> None:
    data = made.encoded(made.photo().convert("CMYK"), "JPEG", quality=95, **options)
    at = data.index(b"\xff\xee\0\x0eAdobe")
    image = made.rendered(data[:at] + data[at + 16 :])
    assert made.difference(image, made.photo(64, 48)) < 5


def test_ycck() -> None:
    # Adobe stores inverted ink, and YCC is made of its inverse: of the photo's negative.
    planes = ImageChops.invert(made.photo()).convert("YCbCr").split()
    ink = [ImageChops.invert(plane) for plane in planes]  # Pillow inverts them back
    stored = Image.merge("CMYK", [*ink, Image.new("L", (128, 96), 0)])
    data = made.encoded(stored, "JPEG", quality=95)
    at = data.index(b"Adobe") + 11
    ycck = data[:at] + b"\2" + data[at + 1 :]
    assert made.difference(made.rendered(ycck), made.photo(64, 48)) < 5


@pytest.mark.parametrize(
    ("mode", "format_"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF")]
)
def test_16_bit_grey_keeps_its_tones(mode: str, format_: str) -> None:
    image = Image.frombytes(mode, GREY.size, deep("<" if mode == "I;16" else ">"))
    result = made.rendered(made.encoded(image, format_), format="png")
    assert made.difference(result, GREY_SMALL) < 2


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [1, 8])
def test_16_bit_grey_whose_0_is_white_is_no_negative(compression: int, order: str) -> None:
    samples = b"".join(struct.pack(order + "H", 65535 - value * 257) for value in GREY.tobytes())
    body = zlib.compress(samples) if compression == 8 else samples
    facts: dict[str, Any] = {"bits": 16, "photometric": 0, "samples": 1}
    data = made.tiff(GREY.size, body, order=order, compression=compression, **facts)
    result = made.rendered(data, format="png")
    assert made.difference(result, GREY_SMALL) < 2


def test_16_bit_rgb_keeps_its_tones() -> None:
    rows = b"".join(
        b"\0"
        + b"".join(
            struct.pack(">H", value * 257)
            for value in made.photo().crop((0, row, 128, row + 1)).tobytes()
        )
        for row in range(96)
    )
    pixels = made.chunk(b"IDAT", zlib.compress(rows))
    result = made.rendered(made.png(128, 96, pixels, depth=16))
    assert made.difference(result, made.photo(64, 48)) < 2


@pytest.mark.parametrize(
    ("mode", "white"), [("F", 1.0), ("F", 255.0), ("F", 65535.0), ("I", 65535)]
)
def test_32_bit_samples_keep_their_tones(mode: str, white: float) -> None:
    image = GREY.convert("F").point(lambda value: value * (white / 255.0) + 0)
    result = made.rendered(made.encoded(image.convert(mode), "TIFF"), format="png")
    assert made.difference(result, GREY_SMALL) < 4


def test_black_and_white_is_averaged_not_dropped() -> None:
    board = Image.new("1", (128, 96))
    board.putdata([(x + y) % 2 * 255 for y in range(96) for x in range(128)])
    for format_ in ("PNG", "TIFF", "BMP"):
        image = made.rendered(made.encoded(board, format_), format="png")
        assert image.getpixel((30, 20)) == pytest.approx(128, abs=8)


def test_lab_becomes_srgb() -> None:
    lab = ImageCms.profileToProfile(
        made.photo(), srgb(), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    assert made.difference(made.rendered(made.encoded(lab, "TIFF")), made.photo(64, 48)) < 5


def test_grey_stays_grey() -> None:
    assert made.rendered(made.encoded(GREY, "JPEG")).mode == "L"


def test_jpegs_are_progressive_quality_80_and_4_2_0_by_default() -> None:
    image = made.decoded(render(made.encoded(made.photo(), "PNG"), made.size(format="jpeg")))
    reference = made.decoded(made.encoded(made.photo(64, 48), "JPEG", quality=80))
    assert image.info["progressive"]
    assert image.quantization == reference.quantization  # type: ignore[attr-defined]
    assert image.layer[0][1:3] == (2, 2)  # type: ignore[attr-defined]
