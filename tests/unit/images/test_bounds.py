"""What a file declares cannot cost more than its refusal."""

import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import limits, render
from lib.images.formats import jpeg
from tests.unit.images import made

ROOT = Path(__file__).parents[3]


def jpeg_of(width: int, height: int, marker: int = 0xC0) -> bytes:
    data = made.encoded(made.photo(16, 16), "JPEG", progressive=marker == 0xC2)
    at = data.index(bytes((0xFF, marker)))
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def png_of(width: int, height: int) -> bytes:
    return made.png(width, height, made.chunk(b"IDAT", zlib.compress(bytes(1000))))


def gif_of(width: int, height: int) -> bytes:
    gif = made.encoded(Image.new("L", (8, 8)), "GIF")
    return gif[:6] + struct.pack("<HH", width, height) + gif[10:]


def gif_frame_of(width: int, height: int) -> bytes:
    gif = made.encoded(Image.new("L", (8, 8)), "GIF")
    at = gif.index(b",")
    return gif[: at + 5] + struct.pack("<HH", width, height) + gif[at + 9 :]


def webp_of(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<LL", 10, 0)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<L", len(body) + 4) + b"WEBP" + body


def tiff_of(width: int, height: int) -> bytes:
    tiff = made.encoded(Image.new("L", (8, 8)), "TIFF")
    for tag, value in ((256, width), (257, height)):
        old = struct.pack("<HHLL", tag, 4, 1, 8)
        assert old in tiff
        tiff = tiff.replace(old, struct.pack("<HHLL", tag, 4, 1, value))
    return tiff


def bmp_of(width: int, height: int) -> bytes:
    bmp = made.encoded(Image.new("L", (8, 8)), "BMP")
    return bmp[:18] + struct.pack("<ll", width, height) + bmp[26:]


def boxed_of(width: int, height: int, data: bytes) -> bytes:
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">LL", width, height) + data[at + 8 :]


def avif_of(width: int, height: int) -> bytes:
    return boxed_of(width, height, made.encoded(made.photo(), "AVIF"))


def heic_of(width: int, height: int) -> bytes:
    return boxed_of(width, height, made.heic(made.photo()))


MAKERS = [jpeg_of, png_of, gif_of, gif_frame_of, webp_of, tiff_of, bmp_of, avif_of, heic_of]


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (60_000, 1), (1, 60_000)])
def test_a_pixel_bomb_is_refused_from_its_header(maker: object, width: int, height: int) -> None:
    if maker is webp_of and width * height > 2**32:
        pytest.skip("more than the format can say")
    data = maker(width, height)  # type: ignore[operator]
    with made.costing_at_most(3), pytest.raises(PermanentError) as caught:
        render(data, made.size())
    assert caught.value.reason is Reason.TOO_MANY_PIXELS
    assert f"{max(width, height)}" in str(caught.value)


def test_the_largest_dimensions_that_a_header_can_declare() -> None:
    for data in (
        jpeg_of(65_535, 65_535),
        png_of(2**31 - 1, 2**31 - 1),
        jpeg_of(65_535, 65_535, 0xC2),
    ):
        with pytest.raises(PermanentError) as caught:
            render(data, made.size())
        assert caught.value.reason is Reason.TOO_MANY_PIXELS


def test_a_small_function_takes_small_photos() -> None:
    data = made.encoded(Image.new("L", (3000, 2000)), "PNG")
    assert render(data, made.size(memory=512)).width == 64
    with pytest.raises(PermanentError, match="128 MB") as caught:
        render(data, made.size(memory=128))
    assert caught.value.reason is Reason.TOO_MANY_PIXELS


def test_a_jpeg_decoded_at_a_scale_needs_less() -> None:
    data = made.encoded(Image.new("RGB", (4000, 3000)), "JPEG")
    assert render(data, made.size(memory=128)).width == 64
    progressive = made.encoded(Image.new("RGB", (4000, 3000)), "JPEG", progressive=True)
    with pytest.raises(PermanentError):
        render(progressive, made.size(memory=128))


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 1000)
    with pytest.raises(PermanentError, match="the limit is 1,000") as caught:
        render(bytes(1001), made.size())
    assert caught.value.reason is Reason.TOO_MANY_BYTES


def test_thousands_of_scans_are_refused() -> None:
    data = made.encoded(made.photo(1000, 800), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    assert render(data[:-2] + last * 20 + b"\xff\xd9", made.size()).width == 64

    with made.costing_at_most(6), pytest.raises(PermanentError) as caught:
        render(data[:-2] + last * 3000 + b"\xff\xd9", made.size())

    assert caught.value.reason is Reason.TOO_MANY_SCANS


def test_the_more_pixels_the_fewer_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "MAX_SCANNED", 1000)
    data = made.encoded(made.photo(), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(PermanentError, match="more than 10 scans"):
        render(data[:-2] + last + b"\xff\xd9", made.size())


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_thousands_of_frames_cost_a_still_nothing(format_: str) -> None:
    data = bomb_of_frames(format_)
    with made.costing_at_most(30):
        assert render(data, made.size()).width == 48


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_thousands_of_frames_are_refused_as_an_animation(format_: str) -> None:
    data = bomb_of_frames(format_)
    with made.costing_at_most(30), pytest.raises(PermanentError) as caught:
        render(data, made.size(animated=True))
    assert caught.value.reason is Reason.TOO_MANY_FRAMES


def bomb_of_frames(format_: str) -> bytes:
    """5,000 frames."""
    frames = [Image.new("RGB", (48, 48), (shade, 0, 0)) for shade in (10, 200)]
    data = made.encoded(frames[0], format_, save_all=True, append_images=frames[1:], duration=40)
    if format_ == "GIF":
        at = data.rindex(b"!\xf9")
        return data[:at] + data[at:-1] * 5000 + b";"
    if format_ == "WEBP":
        at = data.rindex(b"ANMF")
        body = data[8:at] + data[at:] * 5000
        return b"RIFF" + struct.pack("<L", len(body)) + body
    at = data.index(b"acTL") + 4
    declared = struct.pack(">LL", 5000, 0)
    return data[: at - 8] + made.chunk(b"acTL", declared) + data[at + 12 :]


def test_a_deep_tiff_of_jpegs_is_refused() -> None:
    data = made.encoded(made.photo(6000, 4500), "TIFF", compression="jpeg")
    with pytest.raises(PermanentError, match="upload a JPEG"):
        render(data, made.size())


def test_an_output_is_bounded_even_if_a_photo_is_a_thread() -> None:
    data = made.encoded(Image.new("L", (2, 30_000)), "PNG")
    rendition = render(data, made.size(width=100, height=None, enlarge=True))
    assert (rendition.width, rendition.height) == (1, 8192)


MEASURE = """
import pathlib, pickle, sys
from lib.errors import PermanentError
from lib.images import render
from lib.sizes import Size
size = Size(width=800, height=600)
sources = pickle.load(sys.stdin.buffer)
import PIL.JpegImagePlugin, PIL.PngImagePlugin
def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
before = peak()
for source in sources:
    try:
        render(source, size)
    except PermanentError as error:
        print(error.reason)
    else:
        print("rendered")
print((peak() - before) // 1024)
"""


def measured(*sources: bytes) -> tuple[list[str], int]:
    """What became of each, and how many MB they took at the peak beside interpreter and files.

    Measured in a fresh process, as peaks never go down again; `ru_maxrss` would begin at the peak
    of the process that started it (getrusage(2)), and hide what is below.
    """
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=pickle.dumps(sources),
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    *outcomes, megabytes = ran.stdout.decode().split()
    return outcomes, int(megabytes)


def test_48_megapixels_take_little_memory() -> None:
    outcomes, megabytes = measured(made.encoded(made.photo(8000, 6000), "JPEG"))
    assert outcomes == ["rendered"]
    assert megabytes <= 60


def test_100_megapixels_take_little_memory() -> None:
    outcomes, megabytes = measured(made.encoded(Image.new("RGB", (11_600, 8_700), "teal"), "JPEG"))
    assert outcomes == ["rendered"]
    assert megabytes <= 90


def test_a_100_megapixel_png_stays_within_its_budget() -> None:
    rows = (b"\0" + b"teal" * 11_600) * 100
    compressor = zlib.compressobj(1, wbits=-15)
    # As often as there are hundreds of rows: no block refers to the one before.
    pixels = (compressor.compress(rows) + compressor.flush(zlib.Z_FULL_FLUSH)) * 87
    checksum = zlib.adler32(rows * 87).to_bytes(4, "big")
    stream = b"\x78\1" + pixels + compressor.flush() + checksum
    data = made.png(11_600, 8_700, made.chunk(b"IDAT", stream), colour=6)
    outcomes, megabytes = measured(data)
    assert outcomes == ["rendered"]
    assert megabytes <= 700


def test_a_webp_stays_within_16_bytes_per_pixel() -> None:
    data = made.encoded(Image.new("RGB", (4000, 3000), "teal"), "WEBP", method=0)
    outcomes, megabytes = measured(data)
    assert outcomes == ["rendered"]
    assert megabytes <= 12 * 16 + 20


def test_bombs_take_no_memory() -> None:
    outcomes, megabytes = measured(*(maker(30_000, 30_000) for maker in MAKERS))
    assert outcomes == ["too_many_pixels"] * len(MAKERS)
    assert megabytes <= 60


def test_only_the_codecs_in_use_are_loaded() -> None:
    code = """
import io, sys
from lib.images import render
from lib.sizes import Size
source = sys.stdin.buffer.read()
for format in ("keep", "png"):
    render(source, Size(width=8, height=8, format=format))
    loaded = {name for name in sys.modules if name.endswith("Plugin") or "heif" in name}
    print(*sorted(name.removeprefix("PIL.") for name in loaded), "PIL.ImageCms" in sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=made.encoded(made.photo(), "JPEG"),
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    assert ran.stdout.decode().splitlines() == ["False", "JpegImagePlugin PngImagePlugin False"]
