"""Animations: every frame, for as long and as often as in the original."""

import io
import re
import struct
from typing import Any

import pytest
from PIL import Image, ImageSequence

from lib.errors import PermanentError, Reason
from lib.images import render, render_all
from tests.unit.images import made

DURATIONS = [40, 100, 250, 60]


def frames() -> list[Image.Image]:
    """A dot that moves over four corners of colour."""
    made_ = []
    for step in range(4):
        frame = made.photo()
        frame.paste((255, 255, 255), (10 + 25 * step, 30, 30 + 25 * step, 60))
        made_.append(frame)
    return made_


def see_through() -> list[Image.Image]:
    """A disc that moves over nothing: what it leaves must become transparent again."""
    return [made.disc(128, 96, (25 + 25 * step, 48), 16, (220, 30, 30, 255)) for step in range(4)]


def animation(format_: str, pictures: list[Image.Image], **options: Any) -> bytes:
    options = {"duration": DURATIONS, "loop": 0, "save_all": True, **options}
    return made.encoded(pictures[0], format_, append_images=pictures[1:], **options)


def shown(data: bytes) -> tuple[list[Image.Image], list[int]]:
    image = Image.open(io.BytesIO(data))
    pictures, durations = [], []
    for frame in ImageSequence.Iterator(image):
        pictures.append(frame.convert("RGBA"))
        durations.append(round(image.info["duration"]))
    return pictures, durations


@pytest.mark.parametrize("target", ["keep", "webp", "avif", "png"])
@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF"])
def test_all_frames_and_durations_are_kept(format_: str, target: str) -> None:
    rendition = render(animation(format_, frames()), made.size(animated=True, format=target))
    pictures, durations = shown(rendition.data)

    assert durations == DURATIONS
    for picture, original in zip(pictures, frames(), strict=True):
        expected = original.resize((64, 48), Image.Resampling.LANCZOS)
        assert made.difference(picture, expected) < 10
    kept = f"image/{format_.lower()}"
    assert rendition.content_type == (kept if target == "keep" else f"image/{target}")


@pytest.mark.parametrize("target", ["keep", "webp", "png", "avif"])
@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_what_a_frame_leaves_is_wiped(format_: str, target: str) -> None:
    options = {"disposal": 2} if format_ == "GIF" else {"lossless": True, "blend": 0}
    data = animation(format_, see_through(), **options)
    pictures, _ = shown(render(data, made.size(animated=True, format=target)).data)

    for step, picture in enumerate(pictures):
        for other in range(4):
            alpha = picture.getpixel((round((25 + 25 * other) / 2), 24))[3]  # type: ignore[index]
            assert (alpha > 200) is (other == step)


@pytest.mark.parametrize("between", ["avif", "keep"])
@pytest.mark.parametrize("plays", [0, 1, 2, 7, 65_535])
def test_an_avif_plays_as_often(plays: int, between: str) -> None:
    source = made.apng((128, 96), *((picture, {}) for picture in frames()), plays=plays)
    avif = render(source, made.size(animated=True, format="avif")).data
    again = render(avif, made.size(animated=True, format=between)).data
    image = Image.open(io.BytesIO(render(again, made.size(animated=True, format="png")).data))
    assert image.info["loop"] == plays


def test_an_animation_is_the_same_bytes_at_any_time() -> None:
    data = animation("PNG", frames())
    for target in ("avif", "webp", "png"):
        rendition = render(data, made.size(animated=True, format=target))
        # No box tells when it was made: a version, then two times of 8 bytes.
        for header in (b"mvhd", b"tkhd", b"mdhd"):
            for found in re.finditer(header, rendition.data):
                assert rendition.data[found.end() + 4 : found.end() + 20] == bytes(16)
        assert (target == "avif") is (b"mvhd" in rendition.data)


@pytest.mark.parametrize("target", ["keep", "webp", "png"])
@pytest.mark.parametrize("loop", [0, 3, None])
def test_it_plays_as_often(loop: int | None, target: str) -> None:
    data = animation("GIF", frames(), loop=loop)
    image = Image.open(io.BytesIO(render(data, made.size(animated=True, format=target)).data))
    if target == "keep":
        assert image.info.get("loop") == loop
    else:
        assert image.info["loop"] == {0: 0, 3: 4, None: 1}[loop]


def test_a_jpeg_beside_an_animation_is_its_first_frame() -> None:
    data = animation("GIF", frames())
    first, second = render_all(data, made.size(animated=True, formats=["jpeg"]))
    assert first.content_type == "image/gif"
    assert second.content_type == "image/jpeg"
    assert made.difference(made.decoded(second), frames()[0].resize((64, 48))) < 10


def test_a_picture_for_viewers_without_animation_is_no_frame() -> None:
    data = animation("PNG", frames(), default_image=True, duration=DURATIONS[:3])
    pictures, durations = shown(render(data, made.size(animated=True)).data)
    assert durations == DURATIONS[:3]
    assert made.difference(pictures[0], frames()[1].resize((64, 48))) < 10


def test_a_still_is_a_still_where_animations_are_asked_for() -> None:
    for format_ in ("GIF", "PNG", "JPEG", "WEBP"):
        image = made.rendered(made.encoded(made.photo(), format_), animated=True)
        assert image.size == (64, 48)


@pytest.mark.parametrize("target", ["keep", "webp", "png", "avif"])
def test_no_metadata_moves_along(target: str) -> None:
    data = animation("GIF", frames(), comment=b"SECRET")
    assert b"SECRET" in data
    rendition = render(data, made.size(animated=True, format=target))
    assert b"SECRET" not in rendition.data


def test_one_crop_for_all_frames() -> None:
    pictures = [made.disc(200, 50, (40 + 40 * s, 25), 20, (220, 150, 120, 255)) for s in range(4)]
    data = animation("PNG", pictures, blend=0)
    size = made.size(width=50, height=50, animated=True, position="attention")
    alphas = [picture.getchannel("A").getbbox() for picture in shown(render(data, size).data)[0]]
    assert alphas[0] is not None
    assert alphas[-1] is None


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_that_is_cut_anywhere_is_truncated(format_: str) -> None:
    pictures = [Image.new("RGB", (8, 6), colour) for colour in (made.RED, made.BLUE, made.GREEN)]
    data = animation(format_, pictures, duration=50)
    # A PNG's last check sums and chunk, and a GIF's last byte, hold no picture.
    end = len(data) - {"GIF": 1, "PNG": 20}.get(format_, 0)
    for length in range(len(data) * 3 // 4, end):
        if format_ == "GIF" and data[:length].endswith(b"\0") and data[length] == ord("!"):
            continue  # a GIF may end behind any picture
        with pytest.raises(PermanentError) as caught:
            render(data[:length], made.size(animated=True))
        assert caught.value.reason is Reason.TRUNCATED, length


def test_a_cut_animation_is_refused() -> None:
    for format_ in ("GIF", "PNG", "WEBP"):
        data = animation(format_, [made.noise(128, 96), *frames()], duration=50)
        with pytest.raises(PermanentError) as caught:
            render(data[: len(data) * 2 // 3], made.size(animated=True))
        assert caught.value.reason is Reason.TRUNCATED


SMALL = (40, 30)
HIDDEN = 3  # the index that is transparent in the GIFs below
# A picture that covers all, and one that is a box in nothing, on either side.
FULL = made.paletted(SMALL, 0)
LEFT = made.paletted(SMALL, HIDDEN, ((5, 5, 15, 25), 1))
RIGHT = made.paletted(SMALL, HIDDEN, ((25, 5, 35, 25), 2))
PLACES = {"left": (10, 15), "right": (30, 15), "edge": (20, 2)}
NOTHING = None


def seen(data: bytes, target: str = "png") -> list[list[Any]]:
    """The colours at each place of each frame, as played; None for nothing."""
    size = made.size(width=40, height=30, animated=True, format=target)
    pictures, _ = shown(render(data, size).data)
    pixels: Any = [[picture.getpixel(at) for at in PLACES.values()] for picture in pictures]
    return [[pixel[:3] if pixel[3] else NOTHING for pixel in row] for row in pixels]


def alike(one: list[list[Any]], other: list[list[Any]]) -> bool:
    if [len(row) for row in one] != [len(row) for row in other]:
        return False
    pairs = [pair for rows in zip(one, other, strict=True) for pair in zip(*rows, strict=True)]
    return all(
        left is right is None
        or (left and right and max(abs(a - b) for a, b in zip(left, right, strict=True)) < 12)
        for left, right in pairs
    )


def wiped(image: Image.Image, **facts: Any) -> tuple[Image.Image, dict[str, Any]]:
    return image, {"disposal": 2, "transparent": HIDDEN, **facts}


@pytest.mark.parametrize("target", ["keep", "png", "webp", "avif"])
@pytest.mark.parametrize("first", ["opaque", "transparent"])
@pytest.mark.parametrize("mode", ["colour", "grey"])
@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_frames_may_differ_in_transparency(
    format_: str, mode: str, first: str, target: str
) -> None:
    photo, disc = made.photo(40, 30).convert("RGBA"), made.disc(40, 30, (20, 15), 8, made.RED)
    if mode == "grey":
        photo, disc = (image.convert("LA").convert("RGBA") for image in (photo, disc))
    pictures = [photo, disc, photo, disc] if first == "opaque" else [disc, photo, disc, photo]
    if format_ == "GIF":
        indices = [FULL if picture is photo else LEFT for picture in pictures]
        data = made.gif(SMALL, *(wiped(image) for image in indices))
    else:
        exact: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "PNG": {"blend": 0}}
        options = exact.get(format_, {})
        data = animation(format_, pictures, **options)
    size = made.size(width=40, height=30, animated=True, format=target)
    frames_, durations = shown(render(data, size).data)
    assert len(durations) == 4
    for frame, picture in zip(frames_, pictures, strict=True):
        corner: Any = frame.getpixel((1, 1))
        assert (corner[3] > 250) is (picture is photo)
        assert (corner[3] < 5) is (picture is disc)


@pytest.mark.parametrize("target", ["keep", "png", "webp"])
def test_what_a_gif_clears_is_transparent_also_behind_an_opaque_frame(target: str) -> None:
    left, right = (image.crop((5, 5, 15, 25)) for image in (LEFT, made.paletted(SMALL, 2)))
    data = made.gif(SMALL, (FULL, {}), wiped(left, at=(5, 5)), wiped(right, at=(25, 5)))
    assert alike(
        seen(data, target),
        [
            [made.RED, made.RED, made.RED],
            [made.GREEN, made.RED, made.RED],
            [NOTHING, made.BLUE, made.RED],
        ],
    )


@pytest.mark.parametrize("target", ["keep", "png", "webp"])
def test_a_gif_keeps_clears_and_restores_what_frames_leave(target: str) -> None:
    box = made.paletted((10, 20), 2)
    for disposal, left in ((0, made.BLUE), (1, made.BLUE), (2, NOTHING), (3, made.RED)):
        second = box, {"at": (5, 5), "disposal": disposal}
        third = made.paletted((10, 20), 1), {"at": (25, 5), "transparent": HIDDEN}
        data = made.gif(SMALL, (FULL, {}), second, third)
        rows = seen(data, target)
        assert alike(rows[:1], [[made.RED] * 3])
        assert alike(rows[1:2], [[made.BLUE, made.RED, made.RED]])
        assert alike(rows[2:], [[left, made.GREEN, made.RED]])


@pytest.mark.parametrize("target", ["keep", "png", "webp"])
def test_frames_of_nothing_and_of_black_lose_no_pixel(target: str) -> None:
    palette = [(220, 30, 30), (0, 0, 0), (30, 60, 200), (0, 0, 0)]
    black = made.paletted(SMALL, 1)
    nothing = made.paletted(SMALL, HIDDEN)
    order = [LEFT, black, nothing, RIGHT, black, black]
    data = made.gif(SMALL, *(wiped(image) for image in order), palette=palette)
    dark, blue = (0, 0, 0), (30, 60, 200)
    rows = seen(data, target)
    assert alike(rows[:2], [[dark, NOTHING, NOTHING], [dark] * 3])
    assert alike(rows[2:5], [[NOTHING] * 3, [NOTHING, blue, NOTHING], [dark] * 3])


def test_a_gif_that_begins_in_grey_has_colours() -> None:
    grey = [(level, level, level) for level in range(256)]
    colours = {"palette": (made.RED, made.GREEN), "at": (5, 5)}
    box = made.paletted((10, 20), 1)
    data = made.gif(SMALL, (made.paletted(SMALL, 200), {}), (box, colours), palette=grey)
    light = (200, 200, 200)
    assert alike(seen(data), [[light] * 3, [made.GREEN, light, light]])


@pytest.mark.parametrize("target", ["webp", "png", "avif"])
def test_gaps_between_opaque_frames_of_a_webp_are_transparent(target: str) -> None:
    pictures = [Image.new("RGBA", SMALL, made.RED), Image.new("RGBA", SMALL)]
    pictures[1].paste(made.BLUE, (20, 0, 40, 30))
    pictures += [pictures[0], Image.new("RGBA", SMALL)]
    for source in ("WEBP", "PNG"):
        data = animation(source, pictures, **({"lossless": True} if source == "WEBP" else {}))
        frames_, _ = shown(
            render(data, made.size(width=40, height=30, animated=True, format=target)).data
        )
        alphas: Any = [[frame.getpixel((x, 15))[3] for x in (5, 35)] for frame in frames_]  # type: ignore[index]
        assert [[alpha > 127 for alpha in row] for row in alphas] == [
            [True, True],
            [False, True],
            [True, True],
            [False, False],
        ]


def test_a_still_that_is_cleared_or_blended_in_an_apng_is_so_in_rgb_too() -> None:
    back, box = Image.new("RGB", SMALL, made.RED), Image.new("RGB", (10, 20), made.BLUE)
    data = made.apng(
        SMALL,
        (back, {}),
        (box, {"at": (5, 5), "disposal": 1}),
        (box, {"at": (25, 5), "disposal": 2}),
        (Image.new("RGB", (1, 1), made.RED), {}),
    )
    assert alike(
        seen(data),
        [
            [made.RED, made.RED, made.RED],
            [made.BLUE, made.RED, made.RED],
            [NOTHING, made.BLUE, made.RED],
            [NOTHING, made.RED, made.RED],
        ],
    )


def test_half_transparent_over_opaque_is_opaque_in_an_apng() -> None:
    half = Image.new("RGBA", (10, 20), (*made.BLUE, 128))
    opaque = Image.new("RGBA", SMALL, (*made.RED, 255))
    data = made.apng(SMALL, (opaque, {}), (half, {"at": (5, 5), "blend": 1}))
    size = made.size(width=40, height=30, animated=True)
    mixed: Any = shown(render(data, size).data)[0][1].getpixel((10, 15))
    assert mixed == pytest.approx((125, 45, 115, 255), abs=3)


@pytest.mark.parametrize("target", ["keep", "webp", "png", "avif"])
@pytest.mark.parametrize("plays", [65_534, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1])
def test_any_number_of_plays_is_played_or_capped(plays: int, target: str) -> None:
    pair: list[tuple[Image.Image, dict[str, Any]]] = [
        (made.photo(40, 30), {}),
        (Image.new("RGB", SMALL), {}),
    ]
    gif: list[tuple[Image.Image, dict[str, Any]]] = [(FULL, {}), (LEFT, {})]
    sources = [made.apng(SMALL, *pair, plays=plays)]
    sources += [made.gif(SMALL, *gif, loop=plays - 1)] if plays <= 65_536 else []
    for data in sources:
        rendition = render(data, made.size(animated=True, format=target))
        image = Image.open(io.BytesIO(rendition.data))
        assert image.n_frames == 2  # type: ignore[attr-defined]
        most = {"image/webp": 65_535, "image/gif": 65_535, "image/png": 2**31 - 1}
        if rendition.content_type in most:
            loops = plays - (rendition.content_type == "image/gif")
            assert image.info["loop"] == min(loops, most[rendition.content_type])


@pytest.mark.parametrize("target", ["png", "webp", "avif"])
@pytest.mark.parametrize(
    "time", [(65_535, 1), (65_535, 2), (65_535, 7), (65_535, 999), (65_535, 0), (1, 65_535), (0, 1)]
)
def test_any_time_of_a_frame_is_kept_or_capped(time: tuple[int, int], target: str) -> None:
    pictures = [(picture, {"time": time}) for picture in frames()]
    data = made.apng((128, 96), *pictures)
    _, durations = shown(render(data, made.size(animated=True, format=target)).data)
    milliseconds = 1000 * time[0] / (time[1] or 100)
    if target == "webp":
        milliseconds = min(milliseconds, 2**24 - 1)
    assert len(durations) == 4
    # A thousandth of long times; AVIF's shortest is a millisecond.
    assert durations == pytest.approx([milliseconds] * 4, rel=0.001, abs=1)


def test_frames_that_take_longer_together_than_webp_counts_are_capped() -> None:
    pair = [Image.new("RGB", (8, 6), colour) for colour in (made.RED, made.BLUE)]
    data = made.apng((8, 6), *((pair[step % 2], {"time": (65_535, 1)}) for step in range(200)))
    for target in ("webp", "png", "avif"):
        render(data, made.size(width=4, height=3, animated=True, format=target))


@pytest.mark.parametrize("target", ["keep", "png", "webp", "avif"])
@pytest.mark.parametrize("equal", [2, 3, 5])
def test_equal_neighbours_last_as_long_as_before(equal: int, target: str) -> None:
    for first in (FULL, LEFT):
        order = [first] * equal + [RIGHT]
        data = made.gif(SMALL, *(wiped(image, time=40_000) for image in order))
        _, durations = shown(render(data, made.size(animated=True, format=target)).data)
        assert sum(durations) == 400_000 * (equal + 1)


def test_the_longest_time_of_a_gif_is_kept() -> None:
    data = made.gif(SMALL, *((image, {"time": 65_535}) for image in (FULL, LEFT, RIGHT)))
    for target in ("keep", "png", "webp", "avif"):
        _, durations = shown(render(data, made.size(animated=True, format=target)).data)
        assert durations == [655_350] * 3


@pytest.mark.parametrize("edges", [(0, 0), (0, 5), (5, 0)])
def test_a_frame_without_pixels_shows_what_is_there(edges: tuple[int, int]) -> None:
    empty = Image.new("P", edges), {"transparent": HIDDEN}
    begins = made.gif(SMALL, empty, (FULL, {}), (RIGHT, {}))
    assert alike(seen(begins)[:2], [[NOTHING] * 3, [made.RED] * 3])
    between = made.gif(SMALL, (FULL, {}), empty, (made.paletted(SMALL, 1), {}))
    assert alike(seen(between)[-1:], [[made.GREEN] * 3])


@pytest.mark.parametrize("screen", [(0, 0), (0, 30), (40, 0)])
def test_a_gif_without_a_size_takes_its_first_frames(screen: tuple[int, int]) -> None:
    for pictures in ([FULL], [FULL, RIGHT]):
        data = made.gif(screen, *((picture, {}) for picture in pictures))
        for animated in (False, True):
            rendition = render(data, made.size(animated=animated))
            assert (rendition.source_width, rendition.source_height) == SMALL


@pytest.mark.parametrize("frames_", [1, 2])
@pytest.mark.parametrize("edges", [(0, 0), (0, 5), (5, 0)])
def test_a_gif_of_no_size_at_all_is_corrupt(edges: tuple[int, int], frames_: int) -> None:
    data = made.gif(edges, *[(Image.new("P", edges), {})] * frames_)
    for animated in (False, True):
        with pytest.raises(PermanentError) as caught:
            render(data, made.size(animated=animated))
        assert caught.value.reason is Reason.CORRUPT


def test_an_apng_whose_frame_does_not_fit_is_corrupt() -> None:
    back, box = Image.new("RGB", SMALL, made.RED), Image.new("RGB", (10, 20), made.BLUE)
    for at in ((31, 0), (0, 11), (2**32 - 1, 0)):
        with pytest.raises(PermanentError) as caught:
            render(made.apng(SMALL, (back, {}), (box, {"at": at})), made.size(animated=True))
        assert caught.value.reason is Reason.CORRUPT


def test_an_animation_that_is_announced_behind_the_pixels_is_a_still() -> None:
    chunks = made.split(made.encoded(made.photo(), "PNG"))
    late = [*chunks[:-1], (b"acTL", struct.pack(">LL", 5, 0)), chunks[-1]]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(made.chunk(name, body) for name, body in late)
    assert made.difference(made.rendered(data, animated=True), made.photo(64, 48)) < 4
