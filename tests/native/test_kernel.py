"""The kernel beside a floating-point filter, and its builds beside each other."""

import io
import platform
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from math import ceil, floor
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageMath, ImageStat

from lib import kernel_library
from lib.errors import ConfigError
from lib.images import kernel, render
from lib.images.geometry import Box
from lib.images.resample import resample
from tests.unit.images import made

LANCZOS = Image.Resampling.LANCZOS
MODES = ("L", "RGB", "RGBa", "CMYK")
PNG_MODES = ("L", "LA", "RGB", "RGBA")
SOURCES = (Path("native/resample.c"), Path("native/rows.c"), Path("tests/native/driver.c"))
PROJECT = Path(__file__).parents[2]
# Half a step is the rounding itself; a few hundredths come from 16 bits between the two passes, and
# from coefficients of 14 bits where a picture is enlarged.
ROUNDING = 0.55


class Case(NamedTuple):
    """A call of the kernel: its function's number in the driver, its bytes and the result's."""

    function: int
    fields: tuple[float, ...]
    given: bytes
    expected: bytes

    def packed(self) -> bytes:
        lengths = len(self.given), len(self.expected)
        fields = (self.function, *lengths, *self.fields, *(0,) * 9)[:12]
        return struct.pack("=12d", *map(float, fields)) + self.given


def picture(mode: str, size: tuple[int, int], seed: int) -> Image.Image:
    """Noise, of all levels or of black and white, which overshoots most."""
    grain = random.Random(seed)  # noqa: S311  no secret
    data = grain.randbytes(size[0] * size[1] * len(Image.new(mode, (1, 1)).getbands()))
    if seed % 2:
        data = bytes(255 * (value > 127) for value in data)
    return Image.frombytes(mode, size, data)


def errors(image: Image.Image, original: Image.Image, box: Box) -> tuple[float, float]:
    """Mean and largest difference from Pillow's filter in floating point, over all bands."""
    means, most = [], 0.0
    for band, source in zip(image.split(), original.split(), strict=True):
        exact = source.convert("F").resize(image.size, LANCZOS, box=box)
        difference = ImageMath.lambda_eval(
            lambda of: abs(of["band"] - of["min"](of["max"](of["exact"], 0), 255)),
            band=band.convert("F"),
            exact=exact,
        )
        means.append(difference.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)))
        most = max(most, difference.getextrema()[1])
    return sum(means) / len(means), most


@st.composite
def boxes(draw: st.DrawFn, source: tuple[int, int]) -> Box:
    left, top = (draw(st.floats(0, edge - 0.5)) for edge in source)
    right = draw(st.floats(left + 0.25, source[0]))
    bottom = draw(st.floats(top + 0.25, source[1]))
    return left, top, right, bottom


edges = st.integers(1, 64)
extents = st.tuples(edges, edges)


@given(st.data(), st.sampled_from(MODES), extents, extents, st.integers(0, 9))
def test_kernel_is_no_further_from_the_exact_filter_than_pillow(
    data: st.DataObject, mode: str, source: tuple[int, int], size: tuple[int, int], seed: int
) -> None:
    image = picture(mode, source, seed)
    box = data.draw(boxes(source))
    mean, most = errors(kernel.resample(image, box, size), image, box)
    pillow_mean, pillow_most = errors(image.resize(size, LANCZOS, box=box), image, box)
    assert most <= max(ROUNDING, pillow_most)
    # Rounding of a few samples may come out better or worse by chance.
    few = 1 / (size[0] * size[1]) ** 0.5
    assert mean <= pillow_mean + 0.02 + few * ROUNDING


@pytest.mark.parametrize("size", [(400, 300), (200, 150), (100, 75), (600, 450)])
@pytest.mark.parametrize("mode", MODES)
def test_a_photo_is_nearer_to_the_exact_filter_than_by_pillow(
    mode: str, size: tuple[int, int]
) -> None:
    image = picture(mode, (504, 378), 3)
    box = (0, 0, 504, 378)
    mean, most = errors(kernel.resample(image, box, size), image, box)
    pillow_mean, pillow_most = errors(image.resize(size, LANCZOS, box=box), image, box)
    assert mean <= pillow_mean
    assert most <= min(ROUNDING, pillow_most)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
def test_a_flat_area_keeps_its_value(mode: str, value: int) -> None:
    bands = len(Image.new(mode, (1, 1)).getbands())
    image = Image.new(mode, (67, 43), value if bands == 1 else (value,) * bands)
    for box, size in (((0, 0, 67, 43), (21, 17)), ((1.5, 2.25, 60, 40), (91, 5))):
        assert set(kernel.resample(image, box, size).tobytes()) == {value}
    assert set(kernel.average(image, (1, 2, 66, 40), (3, 5)).tobytes()) == {value}


@given(st.data(), extents, st.tuples(edges, edges), st.integers(0, 9))
def test_an_average_is_the_mean_rounded_half_up(
    data: st.DataObject, source: tuple[int, int], factors: tuple[int, int], seed: int
) -> None:
    image = picture("L", source, seed)
    left, top = (data.draw(st.integers(0, edge - 1)) for edge in source)
    right = data.draw(st.integers(left + 1, source[0]))
    bottom = data.draw(st.integers(top + 1, source[1]))
    averaged = kernel.average(image, (left, top, right, bottom), factors)
    for x in range(averaged.width):
        for y in range(averaged.height):
            at = left + x * factors[0], top + y * factors[1]
            cell = image.crop(
                (*at, min(right, at[0] + factors[0]), min(bottom, at[1] + factors[1]))
            )
            values = cell.tobytes()
            assert averaged.getpixel((x, y)) == (2 * sum(values) + len(values)) // (2 * len(values))


def test_the_largest_cell_does_not_overflow() -> None:
    image = Image.new("RGB", (kernel.MAX_FACTOR, kernel.MAX_FACTOR), (255, 254, 1))
    factors = (kernel.MAX_FACTOR, kernel.MAX_FACTOR)
    assert kernel.average(image, (0, 0, *factors), factors).getpixel((0, 0)) == (255, 254, 1)


def test_an_image_larger_than_a_block_of_pillows_is_read() -> None:
    """Pillow splits images above 16 MB unless the kernel's module tells it not to."""
    image = Image.new("RGB", (3000, 2000), (9, 8, 7))
    assert kernel.resample(image, (0, 0, 3000, 2000), (3, 2)).getpixel((2, 1)) == (9, 8, 7)


def test_without_the_kernel_pillow_resizes_and_a_warning_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = picture("RGB", (1300, 900), 2)
    box = (0.5, 0, 1300, 900)
    expected = resample(image, box, (64, 48))
    monkeypatch.setattr(kernel, "is_available", lambda: False)
    with pytest.warns(RuntimeWarning, match="make setup"):
        by_pillow = resample(image, box, (64, 48))
    difference = ImageChops.difference(expected, by_pillow)
    assert ImageStat.Stat(difference).mean[0] < 1


def test_a_processor_without_avx2_is_left_to_pillow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cpu = tmp_path / "cpuinfo"
    cpu.write_text("flags : fpu sse sse2 ssse3 sse4_1\n")
    monkeypatch.setattr(kernel, "_CPU", cpu)
    monkeypatch.setattr(kernel_library, "HOST", "linux-x86_64")
    monkeypatch.setattr(kernel_library, "path_of", lambda _: cpu)
    assert not kernel.is_available.__wrapped__()
    cpu.write_text("flags : fpu sse sse2 avx avx2 bmi2\n")
    monkeypatch.setattr(kernel, "_library", lambda: None)
    assert kernel.is_available.__wrapped__()


def test_a_kernel_that_cannot_be_loaded_is_not_the_photos_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "resample.so"
    broken.write_text("no library")
    monkeypatch.setattr(kernel_library, "path_of", lambda _: broken)
    kernel.is_available.cache_clear()
    kernel._library.cache_clear()
    png = made.encoded(made.photo(), "PNG")
    try:
        with pytest.raises(ConfigError, match="make setup"):
            render(png, made.size())
    finally:
        kernel.is_available.cache_clear()
        kernel._library.cache_clear()


def test_the_kernel_runs_here() -> None:
    assert kernel.is_available(), "run make setup"


def zig(*options: str) -> list[str]:
    return [sys.executable, "-m", "ziglang", "cc", *options]


WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
BUILDS = {
    "portable": (["gcc", "-O2", *WARNINGS], []),
    "sanitized": (
        ["gcc", "-O1", "-march=native", *WARNINGS, *SANITIZERS],
        [],
    ),
    "aarch64": (
        zig("-target", "aarch64-linux-musl", "-mcpu=neoverse_n1", "-static", "-O3", *WARNINGS),
        ["qemu-aarch64"],
    ),
    "x86_64": (
        zig("-target", "x86_64-linux-musl", "-mcpu=x86_64_v3", "-static", "-O3", *WARNINGS),
        ["qemu-x86_64", "-cpu", "max"],
    ),
}


def cases() -> Iterator[Case]:
    """Odd numbers of pixels and taps, crops, both directions, short rows and long filters."""
    for mode in MODES:
        samples = 1 if mode == "L" else 4
        boxes: tuple[tuple[tuple[int, int], Box, tuple[int, int]], ...] = (
            ((101, 75), (0, 0, 101, 75), (80, 60)),
            ((101, 75), (3.3, 10.7, 90.2, 70.0), (20, 15)),
            ((97, 61), (0, 0, 97, 61), (301, 200)),
            ((5, 4), (0.5, 0.25, 4.75, 4), (40, 3)),
            ((1, 1), (0, 0, 1, 1), (7, 5)),
            ((3000, 20), (0, 0, 3000, 20), (7, 5)),
            ((40, 900), (0, 1.5, 40, 899), (13, 2)),
        )
        for seed, (source, box, size) in enumerate(boxes):
            image = picture(mode, source, seed)
            fields = (*source, samples, *box, *size)
            yield Case(0, fields, memory(image), memory(kernel.resample(image, box, size)))
        for region, factors in (
            ((0, 0, 53, 37), (2, 3)),
            ((5, 1, 50, 36), (7, 7)),
            ((0, 0, 53, 37), (53, 255)),
        ):
            image = picture(mode, (53, 37), 1)
            fields = (53, 37, samples, *region, *factors)
            yield Case(1, fields, memory(image), memory(kernel.average(image, region, factors)))
    for mode, width, filter_ in product(PNG_MODES, (1, 5, 33), kernel.Filter):
        rows, above, target = filtered_rows(mode, (width, 20), 0, filter_)
        given = rows + b"?" + memory(above)
        call = (width, 20, len(target.getbands()), 0, 0, 0, 0, filter_)
        yield Case(2, call, given, memory(target))
    image = every_colour_and_alpha()
    yield Case(3, image.size, memory(image), memory(kernel.premultiply(image)))
    for seed in range(200):
        strip, data = lzw(seed)
        grain = random.Random(seed)  # noqa: S311  no secret
        damaged = bytearray(strip)
        for _ in range(seed % 3):
            damaged[grain.randrange(len(strip))] = grain.randrange(256)
        for given in (bytes(damaged), strip[:1] + grain.randbytes(400)):
            yield Case(4, (), given, decoded(given, len(data)))


@pytest.mark.parametrize("build", BUILDS)
def test_each_build_gives_the_same_bytes(build: str, tmp_path: Path) -> None:
    compiler, runner = BUILDS[build]
    if build == platform.machine():
        runner = []
    for command in (compiler[0], *runner[:1]):
        if not shutil.which(command):
            pytest.skip(f"{command} is not installed")
    program = tmp_path / "driver"
    sources = [str(PROJECT / source) for source in SOURCES]
    subprocess.run([*compiler, *sources, "-o", str(program), "-lm"], check=True)
    asked = list(cases())
    answer = subprocess.run(
        [*runner, str(program)],
        input=b"".join(case.packed() for case in asked),
        capture_output=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert answer.stdout == b"".join(case.expected for case in asked)


def memory(image: Image.Image) -> bytes:
    """Returns the pixels as Pillow has them in memory: RGB and LA with four samples."""
    if image.mode == "LA":
        grey, alpha = image.split()
        return Image.merge("RGBA", (grey, grey, grey, alpha)).tobytes()
    return image.tobytes("raw", "RGBX") if image.mode == "RGB" else image.tobytes()


def lzw(seed: int) -> tuple[bytes, bytes]:
    """A strip as libtiff encodes it, and what it has: noise or repetitions."""
    grain = random.Random(seed)  # noqa: S311  no secret
    length = grain.randint(1, 9000)
    data = grain.randbytes(length) if seed % 2 else (grain.randbytes(7) * length)[:length]
    image = Image.frombytes("L", (length, 1), data)
    file = io.BytesIO()
    image.save(file, "TIFF", compression="tiff_lzw", strip_size=length)
    tags = Image.open(file).tag_v2  # type: ignore[attr-defined]
    return file.getvalue()[tags[273][0] :][: tags[279][0]], data


def decoded(strip: bytes, length: int) -> bytes:
    try:
        return kernel.read_lzw(strip, 0, len(strip), length)
    except ValueError:
        return b"!" * length


@pytest.mark.parametrize("seed", range(20))
def test_lzw_is_decoded_to_what_was_encoded(seed: int) -> None:
    strip, data = lzw(seed)
    assert kernel.read_lzw(strip, 0, len(strip), len(data)) == data
    assert kernel.read_lzw(b"ahead" + strip, 5, len(strip), len(data)) == data


def codes(*numbers: int) -> bytes:
    """Codes of 9 bits."""
    bits = "".join(f"{number:09b}" for number in numbers)
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


CLEAR, END = 256, 257


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((CLEAR, 65, 66, 258, 260, END), b"ABABABA"),
        ((CLEAR, 65, 258, 259, END), b"AAAAAA"),
        ((CLEAR, CLEAR, 65, CLEAR, 66, 258, END), b"ABBB"),
        ((CLEAR, 65, 258, 259, 300), b"AAAAAA"),
    ],
    ids=["strings", "string of itself", "cleared", "ends without an end"],
)
def test_lzw_codes_of_each_kind(numbers: tuple[int, ...], expected: bytes) -> None:
    strip = codes(*numbers)
    for length in range(1, len(expected) + 1):
        assert kernel.read_lzw(strip, 0, len(strip), length) == expected[:length]


@pytest.mark.parametrize(
    "numbers",
    [(65, 66), (CLEAR, 258), (CLEAR, 65, 259), (CLEAR, 65, 66, END), (CLEAR, 65), (END,), ()],
)
def test_broken_lzw_codes_are_an_error(numbers: tuple[int, ...]) -> None:
    strip = codes(*numbers) if numbers else b""
    with pytest.raises(ValueError, match="LZW"):
        kernel.read_lzw(strip, 0, len(strip), 3)


def test_lzw_of_too_many_bytes_or_beyond_the_data_is_an_error() -> None:
    strip = codes(CLEAR, 65)
    for at, size, length in ((0, 4, 1), (-1, 2, 1), (3, 1, 1), (0, 3, kernel.MAX_LZW + 1)):
        with pytest.raises(ValueError, match="early"):
            kernel.read_lzw(strip, at, size, length)


def every_colour_and_alpha() -> Image.Image:
    values = bytes(range(256))
    colour = Image.frombytes("L", (256, 256), values * 256)
    alpha = Image.frombytes("L", (256, 256), bytes(value for value in values for _ in values))
    return Image.merge("RGBA", (colour, colour, colour, alpha))


def test_premultiplied_samples_are_pillows() -> None:
    image = every_colour_and_alpha()
    assert kernel.premultiply(image).tobytes() == image.convert("RGBa").tobytes()


def filtered_rows(
    mode: str, size: tuple[int, int], seed: int, filter_: kernel.Filter = kernel.Filter.OF_ROW
) -> tuple[bytes, Image.Image, Image.Image]:
    """Makes rows with every filter or one, and undoes it: the rows, the row above, the pixels."""
    width, height = size
    samples = len(Image.new(mode, (1, 1)).getbands())
    grain = random.Random(seed)  # noqa: S311  no secret
    own = filter_ is kernel.Filter.OF_ROW
    rows = b"".join(bytes([y % 5][:own]) + grain.randbytes(width * samples) for y in range(height))
    above, target = picture(mode, (width, 1), seed), Image.new(mode, size)
    kernel.read_rows(rows, 0, filter_, samples, above, target)
    return rows, above, target


@pytest.mark.parametrize("mode", PNG_MODES)
@pytest.mark.parametrize("width", [1, 2, 3, 7, 33])
def test_rows_of_a_png_are_the_pixels_of_its_specification(mode: str, width: int) -> None:
    rows, above, target = filtered_rows(mode, (width, 15), 4)
    samples = len(target.getbands())
    before, expected = above.tobytes(), b""
    for y in range(15):
        method, *row = rows[y * (width * samples + 1) :][: width * samples + 1]
        for at, value in enumerate(row):
            left = row[at - samples] if at >= samples else 0
            corner = before[at - samples] if at >= samples else 0
            row[at] = value + predicted(method, left, before[at], corner) & 255
        before = bytes(row)
        expected += before
    assert target.tobytes() == expected


def predicted(method: int, left: int, above: int, corner: int) -> int:
    """PNG's filters: https://www.w3.org/TR/png-3/#9Filter-types."""
    estimate = left + above - corner
    nearest = min((left, above, corner), key=lambda sample: abs(estimate - sample))
    return (0, left, above, (left + above) // 2, nearest)[method]


def test_an_unknown_filter_of_a_png_is_an_error() -> None:
    row = Image.new("RGB", (2, 1))
    with pytest.raises(ValueError, match="filter"):
        kernel.read_rows(
            bytes((5, *range(6))), 0, kernel.Filter.OF_ROW, 3, row, Image.new("RGB", (2, 1))
        )


@pytest.mark.parametrize(("length", "at"), [(11, 0), (12, 1), (12, -1), (0, 0)])
def test_rows_beyond_the_data_are_an_error(length: int, at: int) -> None:
    target = Image.new("RGB", (2, 2))
    with pytest.raises(ValueError, match="early"):
        kernel.read_rows(bytes(length), at, kernel.Filter.NONE, 3, target, target)


@pytest.mark.parametrize("mode", PNG_MODES)
@pytest.mark.parametrize("width", [1, 5, 6, 33])
@pytest.mark.parametrize("filter_", [kernel.Filter.NONE, kernel.Filter.LEFT])
def test_rows_of_one_filter_are_those_that_each_name_it(
    mode: str, width: int, filter_: kernel.Filter
) -> None:
    rows, above, target = filtered_rows(mode, (width, 7), 3, filter_)
    length = len(rows) // 7
    named = b"".join(
        bytes([filter_]) + rows[at : at + length] for at in range(0, 7 * length, length)
    )
    again = Image.new(mode, target.size)
    kernel.read_rows(named, 0, kernel.Filter.OF_ROW, len(mode), above, again)
    assert again.tobytes() == target.tobytes()
    elsewhere = Image.new(mode, target.size)
    kernel.read_rows(b"ahead" + rows, 5, filter_, len(mode), above, elsewhere)
    assert elsewhere.tobytes() == target.tobytes()


@given(st.data(), st.sampled_from(MODES), extents, extents, st.integers(0, 9))
def test_rows_that_are_resized_at_times_are_those_of_the_whole(
    data: st.DataObject, mode: str, source: tuple[int, int], size: tuple[int, int], seed: int
) -> None:
    image = picture(mode, source, seed)
    box = data.draw(boxes(source))
    resize = kernel.Resize(mode, source, box, size)
    scale = (box[3] - box[1]) / size[1]
    margin = 3 * max(1.0, scale)
    at = data.draw(st.integers(0, size[1]))
    for first, last in ((0, at), (at, size[1])):
        top = max(0, floor(box[1] + first * scale - margin))
        bottom = min(source[1], ceil(box[1] + last * scale + margin))
        resize.fill(image.crop((0, top, source[0], bottom)), top, first, last)
    assert resize.target.tobytes() == kernel.resample(image, box, size).tobytes()
