"""Which variants are current is told by themselves: original, recipe, and how they are stored."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lib.aws.s3 import StoredObject
from lib.images import Rendition
from lib.pipeline.put_options import PutOptions
from lib.pipeline.variant_metadata import VariantMetadata
from lib.sizes import Size

SIZE = Size.model_validate({"name": "400x300", "width": 400, "height": 300})
PLAIN = PutOptions("public, max-age=60")
TODAY = VariantMetadata(SIZE, PLAIN)
RENDITION = Rendition(b"...", "image/jpeg", 400, 267, 3000, 2000)


def stored(by: VariantMetadata = TODAY, etag: str = "one") -> StoredObject:
    metadata = by.build(etag, RENDITION)
    return StoredObject(
        "v",
        3,
        "image/jpeg",
        by.put_options.cache_control,
        metadata,
        datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_metadata_have_the_original_and_both_sizes_in_pixels() -> None:
    metadata = TODAY.build("one", RENDITION)
    assert metadata.pop("recipe")
    assert metadata == {
        "original-etag": "one",
        "original-pixels": "3000x2000",
        "pixels": "400x267",
    }


def test_what_was_made_so_from_this_original_is_current() -> None:
    assert TODAY.matches(stored(), "one")
    assert TODAY.is_current(stored(), "one")


@pytest.mark.parametrize(
    "variant",
    [
        None,
        stored(etag="another"),
        stored(VariantMetadata(SIZE.model_copy(update={"quality": 31}), PLAIN)),
        stored()._replace(metadata={}),
    ],
    ids=["missing", "original", "recipe", "strange"],
)
def test_anything_else_is_another_image(variant: StoredObject | None) -> None:
    assert not TODAY.matches(variant, "one")
    assert not TODAY.is_current(variant, "one")


@pytest.mark.parametrize(
    "delivery", [PutOptions("no-store"), PutOptions("public, max-age=60", "public-read")]
)
def test_what_is_stored_otherwise_is_the_same_picture_yet_not_current(delivery: PutOptions) -> None:
    now = VariantMetadata(SIZE, delivery)
    assert now.matches(stored(), "one")
    assert not now.is_current(stored(), "one")
    assert now.is_current(stored(now), "one")


@pytest.mark.parametrize(
    ("variants", "original"),
    [
        ([stored()], "one"),
        ([stored(), stored()], "one"),
        ([stored(), stored(etag="another")], None),
        ([stored(), None], None),
        ([None, stored()], None),
        ([stored()._replace(cache_control="no-store")], None),
        ([], None),
    ],
)
def test_all_formats_must_be_of_one_original(variants: list[Any], original: str | None) -> None:
    assert TODAY.find_original_etag(variants) == original
