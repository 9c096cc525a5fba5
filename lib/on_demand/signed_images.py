"""Renders originals at the dimensions of a signed URL; stores nothing.

Anybody may send a request, so the signature is checked before anything that costs. An image has
one URL: the CDN normalizes its spellings.
"""

import sys
from dataclasses import dataclass
from urllib.parse import unquote

from lib import images, keys
from lib.aws import s3 as objects
from lib.aws.clients import S3Client
from lib.errors import PermanentError, ProblemKind, RequestError
from lib.keys import Originals
from lib.on_demand import MAX_IMAGE_BYTES, ImageResponse, map_render_errors
from lib.on_demand.signed_requests import SignedRequestVerifier
from lib.rekognition import ImageAnalyzer
from lib.sizes import Size


@dataclass(frozen=True)
class SignedImages:
    """Renders the originals of one stage.

    `memory` is the function's, in MB; `browser_seconds` and `cdn_seconds` limit caching, as does a
    URL's expiry. `image_analyzer` is None without moderation.
    """

    s3: S3Client
    originals: Originals
    verifier: SignedRequestVerifier
    memory: int
    max_bytes: int
    browser_seconds: int
    cdn_seconds: int
    image_analyzer: ImageAnalyzer | None = None

    def render(self, escaped_path: str, options: str, signature: str) -> ImageResponse:
        """Renders the image of a URL, whose three parts are given as the URL has them.

        Raises RequestError if the image is refused, missing or cannot be rendered; TransientError
        if S3 or Secrets Manager fails.
        """
        path = self._path(escaped_path)
        parsed = self.verifier.verify(path, options, signature)
        rendition = self._render(path, parsed.size(self.memory))
        if len(rendition.data) > MAX_IMAGE_BYTES:
            raise RequestError(
                413,
                ProblemKind.TOO_MANY_BYTES,
                f"the picture has {len(rendition.data):,} bytes, the limit is "
                f"{MAX_IMAGE_BYTES:,}: request fewer pixels, a lower quality or another format",
            )
        return ImageResponse(
            rendition.data, rendition.content_type, self._cache_control(parsed.expires)
        )

    def _render(self, path: str, size: Size) -> images.Rendition:
        original = objects.get(self.s3, self.originals.bucket, self.originals.key(path))
        if not isinstance(original, objects.Download):
            raise RequestError(404, ProblemKind.NO_PICTURE, "there is no photo at this path")
        with map_render_errors(original.length):
            data = original.read(max_bytes=self.max_bytes)
            if self.image_analyzer is not None:
                self.image_analyzer.analyze(path, original.etag, data, size)
            return images.render(data, size)

    def _cache_control(self, expires: int | None) -> str:
        """Builds the header; no cache may store an image beyond its URL's expiry."""
        seconds_left = (
            sys.maxsize if expires is None else max(0, int(expires - self.verifier.now()))
        )
        browser, cdn = min(self.browser_seconds, seconds_left), min(self.cdn_seconds, seconds_left)
        return f"public, max-age={browser}, s-maxage={cdn}"

    def _path(self, escaped: str) -> str:
        """Returns a URL's path; raises RequestError if it is invalid or spelled in another way."""
        path = unquote(escaped)
        if not escaped.isascii() or keys.url_path(path) != escaped:
            raise RequestError(
                400,
                ProblemKind.INVALID_REQUEST,
                f"the path {escaped!r} is not spelled as the CDN does it: as UTF-8, "
                "percent-encoded in capitals, all but letters, digits and -._!$&'(),:;=@/",
            )
        try:
            self.originals.check(path)
        except PermanentError as error:
            raise RequestError(422, ProblemKind.BAD_PATH, str(error)) from error
        return path
