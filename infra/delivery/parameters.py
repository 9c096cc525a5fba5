"""Stage parameters of delivery, and the combinations that are refused."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from infra.stage import StageParameters, Words
from lib.pipeline.put_options import CacheLifetimes

# Seconds of a year: CloudFront keeps nothing longer.
_YEAR = 365 * 24 * 60 * 60
_DOMAIN = re.compile(r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$")
_CERTIFICATE = re.compile(r"^arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/[\w-]+$")
_WEB_ACL = re.compile(r"^arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/[\w-]+/[\w-]+$")
_ORIGIN = re.compile(r"^https?://[a-z0-9.-]+(:\d+)?$")
# CloudFront's certificates and web ACLs must be in this region.
_CLOUDFRONT_REGION = "us-east-1"


class DeliveryParameters(StageParameters):
    """Parameters of public access, caching and protection."""

    delivery: Literal["cloudfront", "public-read", "website"]
    # Base URL of the images, if another CDN stands in front; "" for this stack's own.
    images_url: str
    domain: str
    certificate: str
    cdn_seconds: int = Field(ge=0, le=_YEAR)
    browser_seconds: int = Field(ge=0, le=_YEAR)
    immutable: bool
    serve_formats: bool
    # Whether /photo.jpg?w=300&h=200 selects the size with that box.
    serve_queries: bool
    # Who may see images: everyone, or holders of URLs and cookies that are signed for CloudFront.
    viewers: Literal["everyone", "signed"]
    # Origins whose scripts may read pixels; "*" for all.
    image_origins: Words
    # Seconds of Strict-Transport-Security, 0 for no header; two years are the usual maximum.
    hsts: int = Field(ge=0, le=2 * _YEAR)
    corp: Literal["cross-origin", "same-site", "same-origin", "none"]
    web_acl: str
    # Requests of one address in five minutes; the bounds are WAF's.
    web_acl_rate: int = Field(ge=10, le=2_000_000_000)

    @property
    def caching(self) -> CacheLifetimes:
        """The stage's cache lifetimes; a size may override them."""
        return CacheLifetimes(self.browser_seconds, self.cdn_seconds, self.immutable)

    @property
    def is_public(self) -> bool:
        """Whether the public reads variants from the bucket itself."""
        return self.delivery in ("public-read", "website")

    @property
    def is_private(self) -> bool:
        """Whether CloudFront shows images only to holders of a viewer signature."""
        return self.viewers == "signed"

    @property
    def has_on_demand_origin(self) -> bool:
        """Whether a function is an origin of the CDN; for an emulator, local/cdn.py calls it."""
        return bool(self.on_demand and not self.emulator)

    @property
    def has_failover(self) -> bool:
        """Whether the CDN asks the function for objects that S3 lacks."""
        return self.has_on_demand_origin and "declared" in self.on_demand

    @property
    def has_console_origin(self) -> bool:
        """Whether the CDN has the console; before an emulator's, local/cdn.py serves it."""
        return self.console and not self.emulator

    def find_conflicts(self) -> Iterator[str]:
        """Yields what is wrong with these parameters together."""
        yield from super().find_conflicts()
        yield from self._find_public_conflicts()
        # The emulator's images_url is the address of local/cdn.py, which checks signatures itself.
        if self.is_private and self.images_url and not self.emulator:
            yield (
                f"images_url: got {self.images_url!r} with viewers: signed, and the two exclude "
                "each other: CloudFront compares the signed URL with the one that it is asked for, "
                "and another CDN asks for another, or shows its copies to everyone. Take "
                "images_url away, and use domain for a host name of your own"
            )
        if bool(self.domain) != bool(self.certificate):
            given, lacking = ("domain", "certificate")[:: 1 if self.domain else -1]
            yield (
                f"{given}: got {getattr(self, given)!r} without a {lacking}: CloudFront answers "
                "for a domain of your own with its certificate only. Give both or neither"
            )
        if self.domain and not _DOMAIN.match(self.domain):
            yield (
                f"domain: got {self.domain!r}, must be one host name in small letters such as "
                "images.shop.example, without https:// and without a wildcard"
            )
        if self.certificate and not _CERTIFICATE.match(self.certificate):
            yield (
                f"certificate: got {self.certificate!r}, must be the ARN of an ACM certificate in "
                f"{_CLOUDFRONT_REGION}, where alone CloudFront looks for them: request it there"
            )
        if self.web_acl == "create" and self.region != _CLOUDFRONT_REGION:
            yield (
                f"web_acl: got 'create' for a stack in {self.region}: a web ACL for CloudFront can "
                f"only be made in {_CLOUDFRONT_REGION}, and a stack makes all in its own region. "
                "Make one there by itself (docs/delivery.md has the command) and give its ARN"
            )
        if self.web_acl not in ("none", "create") and not _WEB_ACL.match(self.web_acl):
            yield (
                f"web_acl: got {self.web_acl!r}, must be none, create, or the ARN of a web ACL of "
                f"scope CLOUDFRONT (arn:aws:wafv2:{_CLOUDFRONT_REGION}:…:global/webacl/…)"
            )
        for origin in self.image_origins:
            if not (_ORIGIN.match(origin) or self.image_origins == ["*"]):
                yield (
                    f"image_origins: got {origin!r}, must be web sites such as "
                    "https://shop.example, separated by commas, or * alone for all of them"
                )

    def _find_public_conflicts(self) -> Iterator[str]:
        """Yields what a bucket that the public reads cannot do."""
        wrong = {
            "kms_key": (self.kms_key, "S3 decrypts for nobody who may not use the key, and the "
                        "public may not: every picture would answer 403"),
            "domain": (self.domain, "S3 has no certificate for it"),
            "serve_formats": (self.serve_formats, "a bucket gives one object for a URL, whatever "
                              "the browser takes"),
            "web_acl": (self.web_acl != "none", "WAF cannot stand in front of a bucket"),
            "serve_queries": (self.serve_queries, "a bucket has no use for a query"),
            "viewers": (self.is_private, "a bucket checks no signatures of CloudFront's, and its "
                        "images are public by their ACLs"),
            "on_demand": (self.on_demand, "a bucket asks nobody for what it lacks; delivery: "
                          "website does so for declared sizes"),
        }  # fmt: skip
        for name, (is_set, why) in wrong.items():
            if self.is_public and is_set:
                yield (
                    f"{name}: got {getattr(self, name)!r} with delivery: {self.delivery}, and the "
                    f"two exclude each other: {why}. Take {name} away, or use delivery: cloudfront"
                )
