"""An AVIF's AV1 data decide what it costs, not the size that its boxes declare."""

import struct

import pytest
from PIL import Image

from lib.errors import PermanentError, Reason
from lib.images import render
from lib.images.formats import av1, read_header
from tests.unit.images import made
from tests.unit.images.test_bounds import measured


def bits(*fields: tuple[int, int]) -> bytes:
    """Values, each with its number of bits, and what fills up the last byte."""
    text = "".join(f"{value:0{count}b}" for value, count in fields if count)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def obu(kind: int, data: bytes, *, sized: bool = True, extension: bool = False) -> bytes:
    head = bytes([kind << 3 | extension << 2 | sized << 1]) + bytes(extension)
    length = struct.pack("BB", len(data) & 127 | 128, len(data) >> 7) if sized else b""
    return head + length + data


def size_fields(width: int, height: int, count: int = 16) -> list[tuple[int, int]]:
    return [(count - 1, 4), (count - 1, 4), (width - 1, count), (height - 1, count)]


def still(width: int, height: int) -> bytes:
    """What encoders write for a photo: a reduced header, and a frame."""
    return obu(1, bits((0, 3), (1, 1), (1, 1), (8, 5), *size_fields(width, height), (0, 20))) + obu(
        6, bytes(20)
    )


TOOLS = [(0, 1), (0, 7), (0, 1), (1, 1), (1, 1)]  # no ids, no order hints; frames choose the rest


def full(width: int, height: int, count: int = 16) -> bytes:
    """A sequence header with nothing left out of what may stand before the size."""
    timing = [(1, 1), (1, 32), (30, 32), (1, 1), (0, 2), (1, 1), (1, 2)]  # uvlc of 5
    model = [(1, 1), (9, 5), (1, 32), (9, 5), (9, 5)]
    point = [(0, 12), (9, 5), (1, 1), (1, 1), (5, 10), (5, 10), (0, 1), (1, 1), (3, 4)]
    fields = [(0, 3), (0, 1), (0, 1), *timing, *model, (1, 1), (1, 5), *point, *point]
    return obu(1, bits(*fields, *size_fields(width, height, count), *TOOLS, (0, 20)))


def plain(width: int, height: int) -> bytes:
    fields = [(0, 5), (0, 1), (0, 1), (0, 5), (0, 12), (5, 5)]
    return obu(1, bits(*fields, *size_fields(width, height), *TOOLS, (0, 20)))


def frame(*, override: bool = False, hidden: bool = False) -> bytes:
    """A key frame with no tools: shown or not, of the usual size or one of its own."""
    shown = [(0, 1), (1, 1)] if hidden else [(1, 1)]
    start = [(0, 1), (0, 2), *([(0, 1), (0, 1), (0, 1)] if hidden else shown)]
    return obu(6, bits(*start, (0, 1), (0, 1), (override, 1), (0, 60)))


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">L4s", len(body) + 8, name) + body


def full_box(name: bytes, *parts: bytes, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]), *parts)


def avif(*items: tuple[bytes, bytes], idat: bool = False, version: int = 1) -> bytes:
    """Items of a type with their data, declared as 64 x 64, in a file or in its idat box."""
    wide = "L" if version == 2 else "H"

    def meta(start: int) -> bytes:
        locations, at = b"", start
        for number, (_, data) in enumerate(items, 1):
            half = len(data) // 2  # in two pieces
            method = struct.pack(">H", idat) if version else b""
            index = bytes(4) if version else b""
            locations += struct.pack(f">{wide}", number) + method + struct.pack(">HLH", 0, start, 2)
            locations += index + struct.pack(">LL", at - start, half)
            locations += index + struct.pack(">LL", at - start + half, len(data) - half)
            at += len(data)
        kinds = [
            full_box(b"infe", struct.pack(">HH4sx", number, 0, kind), version=2)
            for number, (kind, _) in enumerate(items, 1)
        ]
        sizes = bytes((0x44, 0x44 if version else 0x40))
        return full_box(
            b"meta",
            full_box(b"pitm", struct.pack(">H", 1)),
            full_box(b"iinf", struct.pack(">H", len(items)), *kinds),
            full_box(
                b"iloc",
                sizes,
                struct.pack(f">{wide}", len(items)),
                locations,
                version=version,
            ),
            box(b"iprp", box(b"ipco", full_box(b"ispe", struct.pack(">LL", 64, 64)))),
            box(b"idat", body) if idat else b"",
        )

    body = b"".join(data for _, data in items)
    start = box(b"ftyp", b"avif", bytes(4), b"avifmif1")
    if idat:
        return start + meta(0)
    return start + meta(len(start) + len(meta(0)) + 8) + box(b"mdat", body)


def refusal(data: bytes, **options: object) -> PermanentError:
    with made.costing_at_most(3), pytest.raises(PermanentError) as caught:
        render(data, made.size(**options))
    return caught.value


def declared_as(width: int, height: int, data: bytes) -> bytes:
    for at in [at for at in range(len(data)) if data.startswith(b"ispe", at)]:
        data = data[: at + 8] + struct.pack(">LL", width, height) + data[at + 16 :]
    return data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (65, 33), (300, 200)])
def test_what_pillow_writes_is_as_large_as_it_says(mode: str, size: tuple[int, int]) -> None:
    image = made.photo(*size)
    if "A" in mode:
        image.putalpha(99)
    image = image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)
    header = read_header(made.encoded(image, "AVIF"))
    assert (header.width, header.height) == size
    assert header.decoded in (size[0] * size[1], 2 * size[0] * size[1])
    assert header.pixels == size[0] * size[1]


@pytest.mark.parametrize("subsampling", ["4:0:0", "4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("speed", [4, 10])
def test_whatever_the_encoder_is_told(subsampling: str, speed: int) -> None:
    options = {"subsampling": subsampling, "speed": speed, "tile_rows": 1, "tile_cols": 1}
    data = made.encoded(made.photo(500, 300), "AVIF", autotiling=False, **options)
    assert read_header(data).decoded == 500 * 300
    assert render(data, made.size()).width == 64


@pytest.mark.parametrize(("mode", "tracks"), [("RGB", 1), ("RGBA", 2)])
@pytest.mark.parametrize("frames", [2, 40])
def test_animations(mode: str, tracks: int, frames: int) -> None:
    images = [made.photo(64, 48).rotate(7 * turn).convert(mode) for turn in range(frames)]
    for turn, image in enumerate(images if mode == "RGBA" else []):
        image.putalpha(20 + turn)
    data = made.encoded(images[0], "AVIF", save_all=True, append_images=images[1:], duration=40)
    header = read_header(data)
    assert (header.frames, header.pixels) == (frames, 64 * 48)
    assert header.decoded == tracks * 64 * 48
    assert header.reference_bytes == tracks * 7 * 64 * 48 * 3
    assert render(data, made.size(animated=True)).content_type == "image/avif"
    # An offset of a chunk that lies behind the file's end.
    at = data.index(b"stco") + 12
    broken = data[:at] + struct.pack(">L", len(data)) + data[at + 4 :]
    assert refusal(broken).reason is Reason.TRUNCATED


def test_a_frame_larger_than_it_is_declared() -> None:
    data = made.encoded(Image.new("RGB", (4000, 3000), "teal"), "AVIF", speed=10)
    small = declared_as(64, 48, data)
    assert read_header(small).pixels == 12_000_000
    error = refusal(small, memory=256)
    assert error.reason is Reason.TOO_MANY_PIXELS
    assert "4000 x 3000" in str(error)


def test_an_animations_frames_larger_than_they_are_declared() -> None:
    images = [Image.new("RGB", (2000, 1500), colour) for colour in ("teal", "navy")]
    data = made.encoded(images[0], "AVIF", save_all=True, append_images=images[1:], speed=10)
    header = read_header(declared_as(64, 48, data))
    assert (header.width, header.height) == (2000, 1500)
    assert header.reference_bytes == 7 * 2000 * 1500 * 3


TRUE_SIZES = {
    "a still": still(16_384, 16_384),
    "a full header": full(16_384, 16_384) + obu(3, bits((0, 1), (0, 2), (1, 1), (5, 10), (0, 60))),
    "a plain header": plain(16_384, 16_384) + frame(),
    "a second header": still(64, 64) + still(16_384, 16_384),
    "a size of the frame's own": plain(64, 64) + frame(override=True),
    "a size of a hidden frame's own": plain(64, 64) + frame(override=True, hidden=True) + frame(),
    "units with extensions": obu(2, b"", extension=True) + still(16_384, 16_384),
    "behind a unit that nobody knows": obu(9, bytes(200)) + still(16_384, 16_384),
    "a last unit without a size": still(16_384, 16_384)[:-23] + obu(6, bytes(20), sized=False),
}


@pytest.mark.parametrize("name", TRUE_SIZES)
@pytest.mark.parametrize("version", [0, 1, 2])
def test_bombs(name: str, version: int) -> None:
    error = refusal(avif((b"av01", TRUE_SIZES[name]), version=version))
    assert error.reason is Reason.TOO_MANY_PIXELS
    assert "the limit is" in str(error)
    assert "upload a smaller picture" in str(error)


def test_bombs_take_no_memory() -> None:
    outcomes, megabytes = measured(*(avif((b"av01", bomb)) for bomb in TRUE_SIZES.values()))
    assert outcomes == ["too_many_pixels"] * len(TRUE_SIZES)
    assert megabytes <= 60


def test_a_bomb_in_the_idat_box_or_in_another_item() -> None:
    bomb, small = still(16_384, 16_384), still(64, 64)
    for data in (
        avif((b"av01", bomb), idat=True),
        avif((b"av01", small), (b"av01", bomb)),
        avif((b"grid", bytes((0, 0, 0, 0)) + struct.pack(">HH", 16_384, 16_384)), (b"av01", small)),
        avif((b"grid", bytes((0, 1, 0, 0)) + struct.pack(">LL", 16_384, 16_384)), idat=True),
    ):
        assert refusal(data).reason is Reason.TOO_MANY_PIXELS


def test_many_frames_count_together() -> None:
    tile = still(4000, 4000)
    error = refusal(avif(*[(b"av01", tile)] * 20))
    assert "4000 x 4000 pixels, decoded from frames of 320,000,000" in str(error)
    error = refusal(avif((b"av01", plain(4000, 4000) + frame(hidden=True) * 20 + frame())))
    assert "frames of 336,000,000" in str(error)


def test_what_is_shown_again_is_not_decoded_again() -> None:
    data = avif((b"av01", plain(64, 64) + frame() + obu(3, bits((1, 1), (0, 7))) * 50))
    assert read_header(data).decoded == 64 * 64


def test_a_full_header_is_read_to_the_bit() -> None:
    usual = obu(6, bits((0, 1), (0, 2), (1, 1), (0, 1), (0, 1), (0, 1), (0, 60)))
    header = read_header(avif((b"av01", full(1234, 777, count=11) + usual)))
    assert (header.width, header.height) == (1234, 777)


def moving(samples: list[bytes], *, chunks: list[int] | None = None, same: int = 0) -> bytes:
    """A track beside a small still; `chunks` tells how many samples are in each of them."""
    start = avif((b"av01", still(64, 64)))

    def movie(at: int) -> bytes:
        offsets, runs, first = [], [], 0
        for count in chunks or [len(samples)]:
            offsets.append(at + sum(map(len, samples[:first])))
            runs.append((len(offsets), count, 1))
            first += count
        sizes = b"" if same else b"".join(struct.pack(">L", len(data)) for data in samples)
        tables = [
            full_box(b"stsd", struct.pack(">L", 1), box(b"av01", bytes(78))),
            full_box(b"stco", struct.pack(f">L{len(offsets)}L", len(offsets), *offsets)),
            full_box(
                b"stsc", struct.pack(">L", len(runs)), *[struct.pack(">LLL", *r) for r in runs]
            ),
            full_box(b"stsz", struct.pack(">LL", same, len(samples)), sizes),
        ]
        return box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", *tables)))))

    body = b"".join(samples)
    return start + movie(len(start) + len(movie(0)) + 8) + box(b"mdat", body)


@pytest.mark.parametrize("chunks", [None, [3], [1, 1, 1], [2, 1]])
def test_a_bomb_in_any_sample_of_a_track(chunks: list[int] | None) -> None:
    small, bomb = plain(64, 64) + frame(), frame(override=True)
    assert read_header(moving([small, frame(), frame()], chunks=chunks)).pixels == 64 * 64
    for samples in ([small, frame(), bomb], [small, bomb, frame()], [small + bomb, frame(), small]):
        assert refusal(moving(samples, chunks=chunks)).reason is Reason.TOO_MANY_PIXELS


def test_samples_of_one_size() -> None:
    sample = plain(64, 64) + frame(override=True)
    data = moving([sample, sample], same=len(sample))
    assert refusal(data).reason is Reason.TOO_MANY_PIXELS


def test_thousands_of_hidden_frames() -> None:
    sample = plain(64, 64) + frame(hidden=True) * 500 + frame()
    error = refusal(moving([sample]))
    assert error.reason is Reason.TOO_MANY_FRAMES
    assert "501 AV1 frames behind 1 pictures; the limit is 18" in str(error)


BROKEN = {
    "no sequence header": frame(),
    "a sequence header that breaks off": obu(1, b"\0\0\0"),
    "a frame header that breaks off": plain(64, 64) + obu(6, b"\0"),
    "a unit longer than its data": still(64, 64)[:-1],
    "a unit whose size never ends": b"\x0a" + b"\xff" * 20,
    "a unit that breaks off in its head": still(64, 64) + b"\x0a",
    "time that decoders read in two ways": obu(1, bits((0, 5), (3, 2), (0, 63), (1, 1), (0, 200))),
    "units without end": b"\x12\0" * 30_000,
    "sequences without end": b"".join(still(64, 65 + n) for n in range(200)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_data_that_nobody_can_decode(name: str) -> None:
    with pytest.raises(PermanentError) as caught:
        render(avif((b"av01", BROKEN[name])), made.size())
    assert caught.value.reason is Reason.CORRUPT


def test_the_largest_budget_is_soon_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av1, "_MAX_PARTS", 500)
    assert read_header(avif((b"av01", b"\x12\0" * 400))).decoded == 0
    assert "more than 500 parts" in str(refusal(avif((b"av01", b"\x12\0" * 500))))
    assert "more than 500 parts" in str(refusal(avif(*[(b"av01", b"\x12\0")] * 300)))


def test_layers_whose_units_tell_no_size() -> None:
    """A decoder is given each layer by itself; without the sizes we would read past its end."""
    data = still(64, 64)[:-23] + obu(6, bytes(20), sized=False) + still(16_384, 16_384)
    file = avif((b"av01", data)).replace(b"pitm", b"a1lx")
    assert refusal(file).reason is Reason.CORRUPT


def test_two_boxes_where_one_belongs() -> None:
    data = avif((b"av01", still(64, 64)))
    assert "two iloc boxes" in str(refusal(data.replace(b"iprp", b"iloc")))


def test_an_item_of_another_item() -> None:
    data = avif((b"av01", still(64, 64)))
    at = data.index(b"iloc") + 13
    assert refusal(data[:at] + b"\2" + data[at + 1 :]).reason is Reason.CORRUPT
    assert refusal(data[:at] + b"\1" + data[at + 1 :]).reason is Reason.CORRUPT


@pytest.mark.parametrize("value", [0, 1, 0x7F, 0xFF])
def test_boxes_that_lie(value: int) -> None:
    """Each byte in turn: read_header answers, or refuses."""
    for data in (
        avif((b"av01", still(64, 64)), (b"grid", bytes(8))),
        moving([plain(64, 64) + frame(), frame()], chunks=[1, 1]),
    ):
        for at in range(12, len(data)):
            try:
                read_header(data[:at] + bytes([value]) + data[at + 1 :])
            except PermanentError as error:
                assert error.reason in set(Reason) - {Reason.EMPTY}


def test_boxes_that_were_cut() -> None:
    data = moving([plain(64, 64) + frame(), frame()], chunks=[1, 1])
    for end in range(16, len(data)):
        try:
            read_header(data[:end])
        except PermanentError as error:
            assert error.reason in (Reason.TRUNCATED, Reason.CORRUPT)
