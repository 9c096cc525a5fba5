"""Watermarks in the functions, which find them where they are packed."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops

from handlers import render, resize
from lib import watermarks
from lib.errors import ConfigError
from lib.sizes import Size, pack_sizes
from tests.integration.api import Api, api
from tests.integration.conftest import SIZE, WorkerCall
from tests.integration.pipeline.test_resize import put, variant
from tests.pictures import decoded, encoded

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api"]  # a fixture
PHOTO = encoded(Image.new("RGB", (400, 300), (128, 128, 128)), "PNG")
Pack = Callable[[tuple[int, int, int, int]], Size]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """Packs a watermark of a colour, and returns a size with it."""
    monkeypatch.setattr(watermarks, "_PACKED", tmp_path)
    watermarks._load.cache_clear()

    def made(colour: tuple[int, int, int, int]) -> Size:
        logo = Image.new("RGBA", (20, 20), colour)
        # A file without a clear pixel is none.
        logo.paste((0, 0, 0, 0), (0, 0, 20, 1))
        data = encoded(logo, "PNG")
        digest = hashlib.sha256(data).hexdigest()
        (tmp_path / digest).write_bytes(data)
        given = {"file": "logo.png", "position": "center", "width": "50%", "sha256": digest}
        return Size.model_validate({**SIZE.model_dump(), "watermark": given})

    return made


def centre(data: bytes) -> Any:
    image = decoded(data).convert("RGB")
    return image.getpixel((image.width // 2, image.height // 2))


def deploy(monkeypatch: pytest.MonkeyPatch, size: Size) -> None:
    monkeypatch.setenv("SIZE", size.model_dump_json())
    resize._worker.cache_clear()


def test_a_worker_places_it_and_a_new_one_replaces_variants(
    s3: "S3Client", deliver: WorkerCall, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for colour in ((0, 0, 255, 255), (255, 0, 0, 255)):
        deploy(monkeypatch, pack(colour))
        assert deliver(put(s3, "a.png", PHOTO)) == []
        seen.append(centre(variant(s3, "a.png")["Body"].read()))
    assert seen == [(0, 0, 255), (255, 0, 0)]


def test_a_worker_decodes_it_once(
    s3: "S3Client", deliver: WorkerCall, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(monkeypatch, pack((0, 0, 255, 255)))
    deliver(put(s3, "a.png", PHOTO))
    monkeypatch.setattr(watermarks, "read_watermark_image", None)
    deliver(put(s3, "b.png", PHOTO))
    assert centre(variant(s3, "b.png")["Body"].read()) == (0, 0, 255)


def test_a_worker_does_not_begin_without_it(
    s3: "S3Client", deliver: WorkerCall, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = pack((0, 0, 255, 255))
    assert size.watermark
    (watermarks._PACKED / str(size.watermark.sha256)).write_bytes(b"another file")
    deploy(monkeypatch, size)
    with pytest.raises(ConfigError, match="was packed with other bytes: deploy again"):
        deliver(put(s3, "a.png", PHOTO))


def test_an_image_that_is_rendered_at_once_has_it_too(
    api: Api, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Size(name="plain", width=40, height=30)
    monkeypatch.setenv("PACKED_SIZES", pack_sizes([pack((0, 0, 255, 255)), plain]))
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "1000000")
    render._direct_renderer.cache_clear()
    made, without = (
        api("POST", "/render", PHOTO, {"size": name}, content_type="image/png").body
        for name in (SIZE.name, "plain")
    )
    assert (centre(made), centre(without)) == ((0, 0, 255), (128, 128, 128))
    assert ImageChops.difference(decoded(made), decoded(without)).getbbox() == (10, 6, 30, 25)
