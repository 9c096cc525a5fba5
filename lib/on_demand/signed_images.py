"""Pictures of any dimensions, for whoever has a signed URL; nothing is stored.

A stranger may ask for anything, so that all that costs something comes behind the signature. And
one picture has one URL, to which the CDN brings every spelling of it.
"""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lib import images, keys
from lib.aws import s3 as objects
from lib.errors import PermanentError, ProblemKind, RequestError
from lib.on_demand import MAX_IMAGE_BYTES, ImageResponse, map_render_errors
from lib.on_demand.signed_requests import SignedRequestVerifier
from lib.rekognition import ImageAnalyzer
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class SignedImages:
    """The originals of one stage, and who may have them at any size.

    `memory` is the function's, in MB; `browser_seconds` and `cdn_seconds` are how long a picture
    may be kept where no expiry comes before that. `content` is None where nobody asks what is in
    a photo.
    """

    s3: "S3Client"
    originals_bucket: str
    verifier: SignedRequestVerifier
    memory: int
    max_bytes: int
    browser_seconds: int
    cdn_seconds: int
    image_analyzer: ImageAnalyzer | None = None

    def render(self, escaped_path: str, options: str, signature: str) -> ImageResponse:
        """The picture that the three parts of a URL ask for, which are as the URL has them.

        Raises RequestError for what cannot be had, and TransientError where S3 or Secrets Manager
        cannot be asked now.
        """
        path = _path(escaped_path)
        wanted = self.verifier.verify(path, options, signature)
        rendition = self._rendered(path, wanted.size(self.memory))
        if len(rendition.data) > MAX_IMAGE_BYTES:
            raise RequestError(
                413,
                ProblemKind.TOO_MANY_BYTES,
                f"the picture has {len(rendition.data):,} bytes, the limit is "
                f"{MAX_IMAGE_BYTES:,}: ask for fewer pixels, a lower quality or another format",
            )
        return ImageResponse(
            rendition.data, rendition.content_type, self._cache_control(wanted.expires)
        )

    def _rendered(self, path: str, size: Size) -> images.Rendition:
        found = objects.get(self.s3, self.originals_bucket, keys.original_key(path))
        if not isinstance(found, objects.Download):
            raise RequestError(404, ProblemKind.NO_PICTURE, "there is no photo at this path")
        with map_render_errors(found.length):
            data = found.read(max_bytes=self.max_bytes)
            if self.image_analyzer is not None:
                self.image_analyzer.analyze(path, found.etag, data, size)
            return images.render(data, size)

    def _cache_control(self, expires: int | None) -> str:
        """Nobody keeps it for longer than its URL is valid."""
        left = sys.maxsize if expires is None else max(0, int(expires - self.verifier.now()))
        browser, cdn = min(self.browser_seconds, left), min(self.cdn_seconds, left)
        return f"public, max-age={browser}, s-maxage={cdn}"


def _path(escaped: str) -> str:
    """The path that a URL has; RequestError where it is none, or could be written otherwise."""
    path = unquote(escaped)
    if not escaped.isascii() or keys.url_path(path) != escaped:
        raise RequestError(
            400,
            ProblemKind.INVALID_REQUEST,
            f"the path {escaped!r} is not spelled as the CDN does it: as UTF-8, percent-encoded "
            "in capitals, all but letters, digits and -._!$&'(),:;=@/",
        )
    try:
        keys.check_original(path)
    except PermanentError as error:
        raise RequestError(422, ProblemKind.BAD_PATH, str(error)) from error
    return path
