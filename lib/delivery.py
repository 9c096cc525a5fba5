"""How variants are stored so that they are delivered as the stage says: cached how long, by whom.

None of this decides a variant's bytes, so it is no part of the recipe. But a variant that was
stored otherwise is not current: S3 keeps these with each object, and no setting of the bucket or
the CDN changes them afterwards.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lib.aws.s3 import StoredObject

Acl = Literal["public-read"]
# Metadata that tells with which ACL a variant was written: a HEAD does not.
ACL = "acl"


@dataclass(frozen=True)
class Delivery:
    """Cache-Control and ACL of one size's variants; without an ACL they are private."""

    cache_control: str
    acl: Acl | None = None

    @property
    def metadata(self) -> dict[str, str]:
        """What a variant carries so that `holds_for` can tell."""
        return {ACL: self.acl} if self.acl else {}

    def holds_for(self, variant: "StoredObject") -> bool:
        """Whether a variant was stored like this.

        An ACL that is not asked for does no harm: the bucket of private variants ignores it.
        """
        return variant.cache_control == self.cache_control and (
            self.acl is None or variant.metadata.get(ACL) == self.acl
        )
