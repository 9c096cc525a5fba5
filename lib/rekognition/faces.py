"""From faces to the one place that a crop is laid around."""

from lib.aws.rekognition import Face
from lib.images import Focus
from lib.rekognition.analysis_image import AnalysisImage

# Per cent. Of a clear face Rekognition is all but certain; a crop that is drawn to a pattern that
# looks like one would be worse than the crop by what draws the eye, which it would replace.
CONFIDENCE = 90
# Of the largest face's height. Smaller ones are passers-by: they would draw the crop away from
# those whom the photo is of.
PASSER_BY = 1 / 3


def find_focus(faces: list[Face], view: AnalysisImage) -> Focus | None:
    """The middle of the box around the faces, in shares of the photo; None without any.

    Of the box, and not of the faces' weights: where a crop can hold all of them, it then does.
    """
    sure = [face for face in faces if face.confidence >= CONFIDENCE]
    if not sure:
        return None
    largest = max(face.height for face in sure)
    kept = [face for face in sure if face.height >= PASSER_BY * largest]
    left = min(face.left for face in kept)
    top = min(face.top for face in kept)
    right = max(face.left + face.width for face in kept)
    bottom = max(face.top + face.height for face in kept)
    return view.on_photo((left + right) / 2, (top + bottom) / 2)
