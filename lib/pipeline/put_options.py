"""How variants are stored so that they are delivered as the stage says: cached how long, by whom.

None of this decides a variant's bytes, so it is no part of the recipe. But a variant that was
stored otherwise is not current: S3 keeps these with each object, and no setting of the bucket or
the CDN changes them afterwards.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from lib.aws.s3 import StoredObject
    from lib.sizes import Size


class CacheLifetimes(NamedTuple):
    """How long a stage's variants are kept, in seconds: by browsers, and by CloudFront.

    Browsers get less by default, since nobody can purge their copies. `immutable` keeps them from
    asking again before that time is over; it is for paths whose content never changes.
    """

    browser_seconds: int
    cdn_seconds: int
    immutable: bool

    def build_header(self, size: "Size") -> str:
        """Cache-Control of a size's variants: the size's own times, or the stage's."""
        browser = _first(size.browser_seconds, self.browser_seconds)
        cdn = _first(size.cdn_seconds, self.cdn_seconds)
        immutable = self.immutable if size.immutable is None else size.immutable
        said = f"public, max-age={browser}, s-maxage={cdn}"
        return f"{said}, immutable" if immutable else said


def _first(own: int | None, stages: int) -> int:
    return stages if own is None else own


Acl = Literal["public-read"]
# Metadata that tells with which ACL a variant was written: a HEAD does not.
ACL = "acl"


@dataclass(frozen=True)
class PutOptions:
    """Cache-Control and ACL of one size's variants; without an ACL they are private."""

    cache_control: str
    acl: Acl | None = None

    @property
    def metadata(self) -> dict[str, str]:
        """What a variant carries so that `holds_for` can tell."""
        return {ACL: self.acl} if self.acl else {}

    def match(self, variant: "StoredObject") -> bool:
        """Whether a variant was stored like this.

        An ACL that is not asked for does no harm: the bucket of private variants ignores it.
        """
        return variant.cache_control == self.cache_control and (
            self.acl is None or variant.metadata.get(ACL) == self.acl
        )
