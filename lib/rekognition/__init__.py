"""What is in a photo: where its faces are, and whether it may be shown.

Amazon Rekognition is asked, and gets to see a small picture of our own making. What it says is
kept in tags of the original, so that it is asked once and not for each size.
"""

from lib.rekognition.analyzer import ImageAnalyzer

__all__ = ["ImageAnalyzer"]
