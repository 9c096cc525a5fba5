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


CROPPED = VariantMetadata(SIZE.model_copy(update={"position": "focus"}), PLAIN)


def original(focus: str | None = None) -> StoredObject:
    metadata = {} if focus is None else {"focus": focus}
    return stored()._replace(etag="one", metadata=metadata)


@pytest.mark.parametrize(
    "focus", [None, "", "0.3", "0.3,0.4,0.5", "1.01,0", "-0.1,0", "a,b", "0,.5"]
)
def test_an_original_without_a_focal_point_is_its_etag(focus: str | None) -> None:
    assert CROPPED.source_of(original(focus)) == "one"
    assert "focus" not in CROPPED.build("one", RENDITION)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [("0.3,0.4", "0.3,0.4"), ("0.30,0.4000", "0.3,0.4"), ("0,1", "0,1"), ("0.0,1.0", "0,1")],
)
def test_a_focal_point_is_part_of_the_source_of_a_size_that_is_cropped_to_it(
    text: str, spelling: str
) -> None:
    source = CROPPED.source_of(original(text))
    assert source == f"one {spelling}"
    variant = stored()._replace(metadata=CROPPED.build(source, RENDITION))
    assert variant.metadata["original-etag"] == "one"
    assert variant.metadata["focus"] == spelling
    assert CROPPED.is_current(variant, source)
    assert CROPPED.find_common_source([variant, variant]) == source
    for other in ("one", "one 0.1,0.1", f"two {spelling}"):
        assert not CROPPED.is_current(variant, other)


def test_a_focal_point_is_nothing_to_other_sizes() -> None:
    assert TODAY.source_of(original("0.3,0.4")) == "one"


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
    assert TODAY.find_common_source(variants) == original
