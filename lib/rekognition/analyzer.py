"""Asks about a photo what a stage wants to know before it is rendered, and remembers the answers.

Any code that renders can use it: a queue's worker, and what renders without storing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib import keys
from lib.aws import rekognition, tags
from lib.aws.rekognition import Label, RekognitionClient
from lib.errors import PermanentError, Reason
from lib.images import Focus
from lib.rekognition import faces, results
from lib.rekognition.analysis_image import AnalysisImage, make_analysis_image
from lib.rekognition.results import AnalysisResult, Faces
from lib.sizes import Size

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Of what Rekognition sees, named in a dead letter: the surest say enough.
_MAX_NAMED = 5
# Inside of it a caller lets pictures be decoded, which takes memory and the processor.
Turn = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class ImageAnalyzer:
    """Looks at photos before they are rendered.

    `confidence` is the per cent that Rekognition must be sure of for a photo not to be shown, and
    None where photos are not moderated; `faces` is whether it may be asked for faces.
    """

    s3: "S3Client"
    originals_bucket: str
    rekognition: RekognitionClient
    confidence: int | None
    faces: bool

    def analyze(
        self, path: str, etag: str, data: bytes, size: Size, turn: Turn = nullcontext
    ) -> Focus | None:
        """What to render an original around at a size; None where nothing is known of that.

        `data` are the bytes of the original with this ETag. PermanentError says that it must not
        be shown (MODERATED), or cannot be rendered at all; TransientError that AWS could not be
        asked, and nothing is known: do not render.
        """
        if self.confidence is None and not self._by_faces(size):
            return None
        key = keys.original_key(path)
        known = results.parse_tags(
            tags.read(self.s3, self.originals_bucket, key), etag, self.confidence
        )
        found = self._completed(known, data, size, turn)
        if found != known:
            told = results.build_tags(found, etag, self.confidence)
            tags.add(self.s3, self.originals_bucket, key, told)
        if found.labels:
            raise self._flagged(found.labels)
        return found.focus if self._by_faces(size) else None

    def find_focus(self, data: bytes, size: Size, turn: Turn = nullcontext) -> Focus | None:
        """As `look`, for a picture that is no original: not moderated, and nothing is remembered.

        Whoever sent it gets it back, and nobody else.
        """
        return self._completed(AnalysisResult(labels=()), data, size, turn).focus

    def _by_faces(self, size: Size) -> bool:
        return self.faces and size.position == "faces"

    def _completed(
        self, known: AnalysisResult, data: bytes, size: Size, turn: Turn
    ) -> AnalysisResult:
        """Ask for what is wanted and not known; of a photo that is not shown for nothing more."""
        judged_by = self.confidence if known.labels is None else None
        unsearched = self._by_faces(size) and known.faces is None and not known.labels
        if judged_by is None and not unsearched:
            return known
        with turn():
            seen = make_analysis_image(data, size.memory)
        if judged_by is not None:
            known = known._replace(labels=self._labels(seen, judged_by))
        if unsearched and not known.labels:
            middle = faces.find_focus(rekognition.detect_faces(self.rekognition, seen.jpeg), seen)
            known = known._replace(faces=Faces(middle))
        return known

    def _labels(self, seen: AnalysisImage, confidence: int) -> tuple[Label, ...]:
        found = rekognition.detect_moderation_labels(
            self.rekognition, seen.jpeg, min_confidence=confidence
        )
        return tuple(sorted(found, key=lambda label: -label.confidence))

    def _flagged(self, labels: tuple[Label, ...]) -> PermanentError:
        named = ", ".join(f"{each.name} ({each.confidence:.1f} %)" for each in labels[:_MAX_NAMED])
        return PermanentError(
            Reason.MODERATED,
            f"Rekognition sees {named}, and {self.confidence} % is enough for a photo not to be "
            "shown: upload another; docs/rekognition.md says how a person lets this one pass",
        )
