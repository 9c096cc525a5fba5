"""Metadata that decides whether a variant is current, for the reconciler and the audit alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lib import images
from lib.pipeline import metadata_keys
from lib.pipeline.put_options import PutOptions
from lib.pipeline.sources import find_source, source_of
from lib.sizes import Size, recipe_id

if TYPE_CHECKING:
    from lib.aws.s3 import Download, StoredObject


@dataclass(frozen=True)
class VariantMetadata:
    """The metadata of one size's variants under its current recipe and put options."""

    size: Size
    put_options: PutOptions

    def source_of(self, original: "StoredObject | Download") -> str:
        """Returns the source that an original is for the size."""
        return source_of(original, has_focus=self.size.has_focus)

    def find_source(self, variant: "StoredObject") -> str | None:
        """Returns the source that a variant was rendered from, by whatever recipe."""
        return find_source(variant, has_focus=self.size.has_focus)

    def matches(self, variant: "StoredObject | None", source: str) -> bool:
        """Returns whether today's recipe rendered the variant from the source."""
        return (
            variant is not None
            and variant.metadata.get(metadata_keys.RECIPE) == self._recipe
            and self.find_source(variant) == source
        )

    def is_current(self, variant: "StoredObject | None", source: str) -> bool:
        """Returns whether the variant matches that source and the put options."""
        return (
            variant is not None
            and self.matches(variant, source)
            and self.put_options.match(variant)
        )

    def find_common_source(self, variants: Sequence["StoredObject | None"]) -> str | None:
        """Returns the source for which all variants are current, or None."""
        first = variants[0] if variants else None
        source = self.find_source(first) if first else None
        return source if source and all(self.is_current(v, source) for v in variants) else None

    def build(self, source: str, rendition: images.Rendition) -> dict[str, str]:
        """Builds the metadata of a variant rendered from the source."""
        etag, _, focus = source.partition(" ")
        return {
            metadata_keys.ORIGINAL_ETAG: etag,
            **({metadata_keys.FOCUS: focus} if focus else {}),
            metadata_keys.RECIPE: self._recipe,
            metadata_keys.ORIGINAL_PIXELS: f"{rendition.source_width}x{rendition.source_height}",
            metadata_keys.PIXELS: f"{rendition.width}x{rendition.height}",
            **_describe(rendition.placeholder),
            **self.put_options.metadata,
        }

    @cached_property
    def _recipe(self) -> str:
        return recipe_id(self.size)


def _describe(placeholder: images.Placeholder | None) -> dict[str, str]:
    if placeholder is None:
        return {}
    color = {metadata_keys.COLOR: placeholder.color} if placeholder.color else {}
    return {metadata_keys.THUMBHASH: placeholder.thumbhash, **color}
