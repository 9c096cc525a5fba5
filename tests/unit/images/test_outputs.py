"""What is written: formats, qualities, several at once; and how true it is to a full decode."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from lib.errors import PermanentError
from lib.images import decode, kernel, render, render_all
from lib.images.geometry import fit
from lib.images.header import Codec
from lib.images.resample import resample
from lib.sizes import Quality
from tests.unit.images import made

PHOTO = Image.blend(made.photo(512, 384), made.noise(128, 96).resize((512, 384)), 0.4)
JPEG = made.encoded(PHOTO, "JPEG", quality=95)
PNG = made.encoded(PHOTO, "PNG", compress_level=1)


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "avif"])
def test_each_format_is_what_its_content_type_says(format_: str) -> None:
    rendition = render(JPEG, made.size(format=format_))
    image = made.decoded(rendition)
    assert rendition.content_type == f"image/{format_}" == Image.MIME[str(image.format)]
    assert made.difference(image, PHOTO.resize((64, 48), Image.Resampling.LANCZOS)) < 12


def test_all_formats_come_from_one_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    load = decode.load_jpeg

    def counted(*args: Any) -> Any:
        calls.append(args)
        return load(*args)

    monkeypatch.setattr(decode, "load_jpeg", counted)

    renditions = render_all(JPEG, made.size(formats=["webp", "avif", "png"]))

    types = [rendition.content_type for rendition in renditions]
    assert types == ["image/jpeg", "image/webp", "image/avif", "image/png"]
    assert len(calls) == 1
    assert renditions[0] == render(JPEG, made.size(formats=["webp"]))


@pytest.mark.parametrize("format_", ["jpeg", "webp", "avif"])
def test_quality_is_obeyed_as_one_number_and_per_format(format_: str) -> None:
    def length(quality: int | dict[str, int]) -> int:
        return len(render(JPEG, made.size(format=format_, quality=quality)).data)

    assert length(20) < length(60) < length(95)
    assert length({format_: 20}) < length({format_: 95})


def test_one_number_is_on_jpegs_scale() -> None:
    assert made.size(quality=80).quality_of("avif") == 60
    assert made.size(quality=80, format="avif").quality_of("avif") == 80
    assert made.size(quality=80).quality_of("webp") == 80
    assert made.size(quality={"avif": 80}).quality_of("avif") == 80
    assert made.size().quality == Quality()


@pytest.mark.parametrize("format_", ["webp", "png"])
def test_lossless_is_exact(format_: str) -> None:
    source = made.encoded(made.noise(64, 48), "PNG")
    image = made.rendered(source, format=format_, lossless=True)
    assert image.tobytes() == made.noise(64, 48).tobytes()


def test_the_same_source_gives_the_same_bytes() -> None:
    assert render(JPEG, made.size()) == render(JPEG, made.size())


def test_threads_do_not_disturb_each_other() -> None:
    sources = [made.source(PHOTO, name) for name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "HEIC")]
    expected = [render(source, made.size()) for source in sources]
    with ThreadPoolExecutor(4) as pool:
        assert (
            list(pool.map(lambda source: render(source, made.size()), sources * 2)) == expected * 2
        )


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("box", [(400, 300), (200, 150), (100, 75), (50, 38), (60, 200), (200, 30)])
def test_a_scaled_decode_looks_like_a_full_one(box: tuple[int, int], progressive: bool) -> None:
    image = PHOTO.resize((1024, 768), Image.Resampling.BICUBIC)
    data = made.encoded(image, "JPEG", quality=95, progressive=progressive)
    result = made.rendered(data, width=box[0], height=box[1], format="png")

    crop = made.size(width=box[0], height=box[1])
    plan = fit(crop, *image.size)
    full = made.decoded(data).resize(box, Image.Resampling.LANCZOS, box=plan.crop)
    assert made.difference(result, full) < 3


def test_a_portrait_cropped_to_landscape_stops_decoding_below_the_crop() -> None:
    tall = PHOTO.resize((600, 1600))
    data = made.encoded(tall, "JPEG", quality=95)
    result = made.rendered(data, width=300, height=200, format="png", position="top")
    full = made.decoded(data).resize((300, 200), Image.Resampling.LANCZOS, box=(0, 0, 600, 400))
    assert made.difference(result, full) < 1


@pytest.mark.parametrize(
    ("shrink", "scale"),
    [
        (0.5, 1),
        (1, 1),
        (2, 1),
        (2.9, 1),
        (3, 2),
        (4.5, 2),
        (5, 4),
        (8, 4),
        (8.9, 4),
        (9, 8),
        (40, 8),
    ],
)
def test_the_scale_of_a_decode_follows_sharps_rule(shrink: float, scale: int) -> None:
    assert decode.jpeg_scale(shrink) == scale


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "I;16"])
def test_bands_leave_no_seams(mode: str) -> None:
    """A picture of several bands is resized as if it were one."""
    if mode == "I;16":
        image = Image.frombytes("I;16", (1500, 1400), bytes((0, 128)) * (1500 * 1400))
        assert resample(image, (0, 0, 1500, 1400), (90, 80)).getextrema() == (128, 128)
        return
    image = PHOTO.resize((1500, 1400)).convert(mode)
    box = (3.5, 7.25, 1490.5, 1391.0)
    banded = resample(image, box, (97, 83))
    straight = "LA" if mode == "LA" else "RGB"
    whole = image.convert(straight).resize((97, 83), Image.Resampling.LANCZOS, box=box)
    assert made.difference(banded.convert(straight if mode != "LA" else "LA"), whole) < 1.5


def test_any_exception_of_a_decoder_is_permanent(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (RuntimeError("x"), RecursionError(), KeyError("MPO"), SystemError()):
        with monkeypatch.context() as patch:
            patch.setattr(kernel, "resample", raiser(error))
            with pytest.raises(PermanentError):
                render(PNG, made.size())


def test_running_out_of_memory_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "resample", raiser(MemoryError()))
    with pytest.raises(MemoryError):
        render(PNG, made.size())


def raiser(error: Exception) -> object:
    def raises(*args: object, **options: object) -> None:
        raise error

    return raises


def test_every_codec_has_a_decoder() -> None:
    assert set(decode._PLUGINS) == set(Codec)
