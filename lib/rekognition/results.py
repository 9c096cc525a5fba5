"""What is known of a photo's content, and how tags of the original tell it.

Each tag's value begins with the ETag of the original that was looked at: what is said of one that
was replaced counts for nothing. A verdict also has the confidence that was asked for.

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
# What a tag may not hold, or what stands between labels.
_FOREIGN = re.compile(r"[^\w .-]", re.ASCII)


class Faces(NamedTuple):
    """Where the middle of a photo's faces is; None for a photo without any."""

    focus: Focus | None


class AnalysisResult(NamedTuple):
    """What is known of one original; None for what nobody has looked for yet."""

    faces: Faces | None = None
    # The surest first; none on a photo that may be shown.
    labels: tuple[Label, ...] | None = None

    @property
    def focus(self) -> Focus | None:
        """The middle of the faces, where they were looked for and found."""
        return self.faces.focus if self.faces else None


def parse_tags(tags: dict[str, str], etag: str, confidence: int | None) -> AnalysisResult:
    """What an original's tags tell of the original with this ETag.

    Whatever is not of the form that `written` gives it counts as absent, as does a verdict by
    another confidence. Without a confidence no verdict is looked for.
    """
    faces = _faces(_behind(f"{etag} ", tags.get(FACES, "")))
    if confidence is None:
        return AnalysisResult(faces)
    return AnalysisResult(
        faces, _labels(_behind(f"{etag} {confidence} ", tags.get(MODERATION, "")))
    )


def build_tags(findings: AnalysisResult, etag: str, confidence: int | None) -> dict[str, str]:
    """The tags that tell what is known."""
    tags = {}
    if findings.faces is not None:
        middle = findings.faces.focus
        tags[FACES] = f"{etag} " + (f"{middle[0]:.4f} {middle[1]:.4f}" if middle else _NONE)
    if findings.labels is not None:
        tags[MODERATION] = _with_labels(f"{etag} {confidence} ", findings.labels)
    return tags


def _behind(start: str, value: str) -> str:
    """What stands behind this beginning; nothing where it begins otherwise."""
    return value.removeprefix(start) if value.startswith(start) else ""


def _faces(told: str) -> Faces | None:
    if told == _NONE:
        return Faces(None)
    found = _FOCUS.fullmatch(told)
    middle = (float(found[1]), float(found[2])) if found else None
    return Faces(middle) if middle and max(middle) <= 1 else None


def _labels(told: str) -> tuple[Label, ...] | None:
    if told == _OK:
        return ()
    found = [_LABEL.fullmatch(each) for each in told.split("/")]
    return tuple(Label(each[1], float(each[2])) for each in found if each) if all(found) else None


def _with_labels(start: str, labels: tuple[Label, ...]) -> str:
    """As many of the labels as a tag has room for; it always has for one."""
    if not labels:
        return start + _OK
    value = start
    for number, label in enumerate(labels):
        name = _FOREIGN.sub("_", label.name.replace("&", "and"))
        more = f"{'/' if number else ''}{name}={label.confidence:.1f}"
        if len(value) + len(more) > MAX_VALUE:
            break
        value += more
    return value
