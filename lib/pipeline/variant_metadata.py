"""What a variant tells of its making, and so whether it is current.

The renderer writes it; the renderer and the audit read it, and mean the same by "current".
"""

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
    """How one size's variants are made and stored today."""

    size: Size
    put_options: PutOptions

    def matches(self, variant: "StoredObject | None", etag: str) -> bool:
        """Whether a variant is the picture that today's recipe makes of the original `etag`."""
        return (
            variant is not None
            and variant.metadata.get(RECIPE) == self._recipe
            and variant.metadata.get(ORIGINAL_ETAG) == etag
        )

    def is_current(self, variant: "StoredObject | None", etag: str) -> bool:
        """Whether it shows that original and is stored as the stage says, too."""
        return (
            variant is not None and self.matches(variant, etag) and self.put_options.match(variant)
        )

    def find_original_etag(self, variants: Sequence["StoredObject | None"]) -> str | None:
        """ETag of the one original for which all of these are current, if there is one."""
        first = variants[0] if variants else None
        etag = first.metadata.get(ORIGINAL_ETAG) if first else None
        return etag if etag and all(self.is_current(each, etag) for each in variants) else None

    def build(self, etag: str, rendition: images.Rendition) -> dict[str, str]:
        """What a variant carries that is made from the original `etag`."""
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
