"""Computes a photo's focus from the faces that Rekognition found."""

from lib.aws.rekognition import Face
from lib.images import Focus
from lib.rekognition.analysis_image import AnalysisImage

# Per cent. Rekognition is all but certain of a clear face; a crop around a pattern that looks like
# a face would be worse than the crop by attention that it replaces.
CONFIDENCE = 90
# Of the largest face's height. Smaller faces belong to passers-by, and would draw the crop away
# from the people in the foreground.
PASSER_BY = 1 / 3


def find_focus(faces: list[Face], image: AnalysisImage) -> Focus | None:
    """Returns the centre of the box around the faces, in shares of the photo; None without any.

    The centre of the box, because a crop around it holds all faces if it can.
    """
    certain = [face for face in faces if face.confidence >= CONFIDENCE]
    if not certain:
        return None
    largest = max(face.height for face in certain)
    foreground = [face for face in certain if face.height >= PASSER_BY * largest]
    left = min(face.left for face in foreground)
    top = min(face.top for face in foreground)
    right = max(face.left + face.width for face in foreground)
    bottom = max(face.top + face.height for face in foreground)
    return image.on_photo((left + right) / 2, (top + bottom) / 2)
