"""Stores the results of an analysis in tags of the original.

Each value begins with the ETag of the analysed original: a replaced one's results do not count.
Moderation results also have the confidence that was required.

    image-fanout-faces        9b2cf535f27731c974343645a3985328 0.3125 0.4410   (or: … none)
    image-fanout-moderation   9b2cf535f27731c974343645a3985328 80 Alcohol=97.1 (or: … 80 ok)
"""

import re
from typing import NamedTuple

from lib.aws.rekognition import Label
from lib.aws.tags import MAX_VALUE
from lib.images import Focus

FACES, MODERATION = "image-fanout-faces", "image-fanout-moderation"
_NONE, _OK = "none", "ok"
_FOCUS = re.compile(r"([01]\.\d{4}) ([01]\.\d{4})")
_LABEL = re.compile(r"([\w .-]+)=(\d{1,3}\.\d)", re.ASCII)
# Characters that a tag cannot hold, and those that separate labels.
_NOT_IN_NAMES = re.compile(r"[^\w .-]", re.ASCII)


class Faces(NamedTuple):
    """The focus of a photo's faces; None for a photo without any."""

    focus: Focus | None


class AnalysisResult(NamedTuple):
    """The results for one original; None for an analysis that has not been made."""

    faces: Faces | None = None
    # In descending order of confidence; empty for a photo that may be published.
    labels: tuple[Label, ...] | None = None

    @property
    def focus(self) -> Focus | None:
        """The focus of the faces, or None if no faces were detected."""
        return self.faces.focus if self.faces else None


def parse_tags(tags: dict[str, str], etag: str, confidence: int | None) -> AnalysisResult:
    """Returns the results that tags hold for the original with this ETag.

    A value that `build_tags` would not write counts as absent, as do labels found with another
    confidence. Without a confidence, labels are ignored.
    """
    faces = _parse_faces(_get_rest(tags.get(FACES, ""), f"{etag} "))
    if confidence is None:
        return AnalysisResult(faces)
    rest = _get_rest(tags.get(MODERATION, ""), f"{etag} {confidence} ")
    return AnalysisResult(faces, _parse_labels(rest))


def build_tags(result: AnalysisResult, etag: str, confidence: int | None) -> dict[str, str]:
    """Builds the tags that hold a result."""
    tags = {}
    if result.faces is not None:
        focus = result.faces.focus
        tags[FACES] = f"{etag} " + (f"{focus[0]:.4f} {focus[1]:.4f}" if focus else _NONE)
    if result.labels is not None:
        tags[MODERATION] = _with_labels(f"{etag} {confidence} ", result.labels)
    return tags


def _get_rest(value: str, prefix: str) -> str:
    return value.removeprefix(prefix) if value.startswith(prefix) else ""


def _parse_faces(text: str) -> Faces | None:
    if text == _NONE:
        return Faces(None)
    match = _FOCUS.fullmatch(text)
    focus = (float(match[1]), float(match[2])) if match else None
    return Faces(focus) if focus and max(focus) <= 1 else None


def _parse_labels(text: str) -> tuple[Label, ...] | None:
    if text == _OK:
        return ()
    matches = [_LABEL.fullmatch(label) for label in text.split("/")]
    labels = tuple(Label(match[1], float(match[2])) for match in matches if match)
    return labels if all(matches) else None


def _with_labels(prefix: str, labels: tuple[Label, ...]) -> str:
    """Appends as many of the labels as a tag has room for; at least one always fits."""
    if not labels:
        return prefix + _OK
    value = prefix
    for number, label in enumerate(labels):
        name = _NOT_IN_NAMES.sub("_", label.name.replace("&", "and"))
        addition = f"{'/' if number else ''}{name}={label.confidence:.1f}"
        if len(value) + len(addition) > MAX_VALUE:
            break
        value += addition
    return value
