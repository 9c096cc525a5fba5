"""Animations: every frame, for as long and as often as in the original."""

import io
from typing import Any

import pytest
from PIL import Image, ImageSequence

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


def test_a_cut_animation_is_refused() -> None:
    from lib.errors import PermanentError, Reason  # noqa: PLC0415

    for format_ in ("GIF", "PNG", "WEBP"):
        data = animation(format_, [made.noise(128, 96), *frames()], duration=50)
        with pytest.raises(PermanentError) as caught:
            render(data[: len(data) * 2 // 3], made.size(animated=True))
        assert caught.value.reason is Reason.TRUNCATED
