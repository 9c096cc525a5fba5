"""Metadata that decides whether a variant is current, for the reconciler and the audit alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lib import images
from lib.pipeline.metadata_keys import ORIGINAL_ETAG, ORIGINAL_PIXELS, PIXELS, RECIPE
from lib.pipeline.put_options import PutOptions
from lib.sizes import Size, recipe_id

if TYPE_CHECKING:
    from lib.aws.s3 import StoredObject


@dataclass(frozen=True)
class VariantMetadata:
    """The metadata of one size's variants under its current recipe and put options."""

    size: Size
    put_options: PutOptions

    def matches(self, variant: "StoredObject | None", etag: str) -> bool:
        """Returns whether today's recipe rendered the variant from the original `etag`."""
        return (
            variant is not None
            and variant.metadata.get(RECIPE) == self._recipe
            and variant.metadata.get(ORIGINAL_ETAG) == etag
        )

    def is_current(self, variant: "StoredObject | None", etag: str) -> bool:
        """Returns whether the variant matches that original and the put options."""
        return (
            variant is not None and self.matches(variant, etag) and self.put_options.match(variant)
        )

    def find_original_etag(self, variants: Sequence["StoredObject | None"]) -> str | None:
        """Returns the ETag of the original for which all variants are current, or None."""
        first = variants[0] if variants else None
        etag = first.metadata.get(ORIGINAL_ETAG) if first else None
        return etag if etag and all(self.is_current(v, etag) for v in variants) else None

    def build(self, etag: str, rendition: images.Rendition) -> dict[str, str]:
        """Builds the metadata of a variant rendered from the original `etag`."""
        return {
            ORIGINAL_ETAG: etag,
            RECIPE: self._recipe,
            ORIGINAL_PIXELS: f"{rendition.source_width}x{rendition.source_height}",
            PIXELS: f"{rendition.width}x{rendition.height}",
            **self.put_options.metadata,
        }

    @cached_property
    def _recipe(self) -> str:
        return recipe_id(self.size, images.RENDERER_VERSION)
