"""Put options: the Cache-Control and ACL that variants are stored with.

They do not affect a variant's bytes, so they are no part of the recipe. But a variant with other
put options is stale: S3 stores them with each object, and no later setting of the bucket or the CDN
changes them.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from lib.aws.s3 import StoredObject
    from lib.sizes import Size


class CacheLifetimes(NamedTuple):
    """Seconds for which browsers and CloudFront cache a stage's variants.

    Browsers' default is shorter, since nothing can invalidate their copies. `immutable` stops them
    from revalidating a fresh copy; it is for paths whose content never changes.
    """

    browser_seconds: int
    cdn_seconds: int
    immutable: bool

    def build_header(self, size: "Size") -> str:
        """Returns the Cache-Control of a size's variants, by its own values or the stage's."""
        browser = _override(size.browser_seconds, self.browser_seconds)
        cdn = _override(size.cdn_seconds, self.cdn_seconds)
        immutable = self.immutable if size.immutable is None else size.immutable
        header = f"public, max-age={browser}, s-maxage={cdn}"
        return f"{header}, immutable" if immutable else header


def make_private(cache_control: str) -> str:
    """Returns the Cache-Control that viewers of a private stage get (viewer-response.js).

    Only CloudFront gets the stored one, and caches for all viewers.
    """
    return re.sub(r", s-maxage=\d+", "", re.sub(r"^public\b", "private", cache_control))


def _override(size_value: int | None, stage_value: int) -> int:
    return stage_value if size_value is None else size_value


Acl = Literal["public-read"]
# Metadata key of a variant's ACL, which a HEAD does not return.
ACL = "acl"


@dataclass(frozen=True)
class PutOptions:
    """The Cache-Control and ACL of one size's variants; without an ACL they are private."""

    cache_control: str
    acl: Acl | None = None

    @property
    def metadata(self) -> dict[str, str]:
        """Metadata of a variant that `match` reads."""
        return {ACL: self.acl} if self.acl else {}

    def match(self, variant: "StoredObject") -> bool:
        """Returns whether a variant was stored with these options.

        A superfluous ACL counts as a match: the bucket of private variants ignores it.
        """
        return variant.cache_control == self.cache_control and (
            self.acl is None or variant.metadata.get(ACL) == self.acl
        )
