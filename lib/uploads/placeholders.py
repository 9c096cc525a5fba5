"""The placeholder of a variant, as the API returns it."""

from pydantic import BaseModel

from lib.aws.s3 import StoredObject
from lib.pipeline.metadata_keys import COLOR, THUMBHASH


class Placeholder(BaseModel, frozen=True):
    """Placeholder that a page can show until a variant is loaded.

    `thumbhash` is base64; `color` is the variant's most frequent colour, such as #3a86ff, and null
    if all of it is transparent.
    """

    thumbhash: str
    color: str | None = None


def read_placeholder(variant: StoredObject) -> Placeholder | None:
    """Returns the placeholder in a variant's metadata, if it has one."""
    if THUMBHASH not in variant.metadata:
        return None
    return Placeholder(thumbhash=variant.metadata[THUMBHASH], color=variant.metadata.get(COLOR))
