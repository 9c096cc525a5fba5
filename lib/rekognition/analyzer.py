"""Analyses a photo with Rekognition before it is rendered, and stores the results."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from lib.aws import rekognition, tags
from lib.aws.clients import S3Client
from lib.aws.rekognition import Label, RekognitionClient
from lib.errors import PermanentError, Reason
from lib.images import Focus
from lib.keys import Originals
from lib.rekognition import faces, results
from lib.rekognition.analysis_image import AnalysisImage, make_analysis_image
from lib.rekognition.results import AnalysisResult, Faces
from lib.sizes import Size

# A dead letter names only so many labels, the most certain ones.
_MAX_NAMED = 5
# Returns a context in which an image may be decoded, which takes memory and the processor.
RenderSlot = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class ImageAnalyzer:
    """Analyses photos before they are rendered.

    `confidence` (per cent) is how certain Rekognition must be to flag a photo; None turns
    moderation off. `faces` permits the detection of faces.
    """

    s3: S3Client
    originals: Originals
    rekognition: RekognitionClient
    confidence: int | None
    faces: bool

    def analyze(
        self, path: str, etag: str, data: bytes, size: Size, render_slot: RenderSlot = nullcontext
    ) -> Focus | None:
        """Returns the focus of an original for a size, or None if it has none.

        `data` are the bytes of the original with this ETag. Raises PermanentError if the photo is
        flagged (MODERATED) or cannot be rendered; TransientError if AWS returned no result, in
        which case the photo must not be rendered.
        """
        if self.confidence is None and not self._needs_faces(size):
            return None
        key = self.originals.key(path)
        stored = results.parse_tags(
            tags.read(self.s3, self.originals.bucket, key), etag, self.confidence
        )
        result = self._complete(stored, data, size, render_slot)
        if result != stored:
            new_tags = results.build_tags(result, etag, self.confidence)
            tags.add(self.s3, self.originals.bucket, key, new_tags)
        if result.labels:
            raise self._make_moderated_error(result.labels)
        return result.focus if self._needs_faces(size) else None

    def find_focus(self, data: bytes, size: Size) -> Focus | None:
        """Returns the focus of an image that is no original: not moderated, nothing is stored.

        Only its sender receives the rendition.
        """
        return self._complete(AnalysisResult(labels=()), data, size, nullcontext).focus

    def _needs_faces(self, size: Size) -> bool:
        return self.faces and size.crops_to_faces

    def _complete(
        self, result: AnalysisResult, data: bytes, size: Size, render_slot: RenderSlot
    ) -> AnalysisResult:
        """Requests what the result lacks; no faces for a flagged photo."""
        confidence = self.confidence if result.labels is None else None
        lacks_faces = self._needs_faces(size) and result.faces is None and not result.labels
        if confidence is None and not lacks_faces:
            return result
        with render_slot():
            image = make_analysis_image(data, size.memory)
        if confidence is not None:
            result = result._replace(labels=self._detect_labels(image, confidence))
        if lacks_faces and not result.labels:
            detected = rekognition.detect_faces(self.rekognition, image.jpeg)
            result = result._replace(faces=Faces(faces.find_focus(detected, image)))
        return result

    def _detect_labels(self, image: AnalysisImage, confidence: int) -> tuple[Label, ...]:
        labels = rekognition.detect_moderation_labels(
            self.rekognition, image.jpeg, min_confidence=confidence
        )
        return tuple(sorted(labels, key=lambda label: -label.confidence))

    def _make_moderated_error(self, labels: tuple[Label, ...]) -> PermanentError:
        named = ", ".join(f"{each.name} ({each.confidence:.1f} %)" for each in labels[:_MAX_NAMED])
        return PermanentError(
            Reason.MODERATED,
            f"Rekognition found {named}; the limit is {self.confidence} %: upload another photo, "
            "or see docs/rekognition.md to let this one pass",
        )
