"""Checks a photo's content with Amazon Rekognition: its faces, and whether it may be published.

The results are stored as tags of the original, so that all sizes share one request.
"""

from lib.rekognition.analyzer import ImageAnalyzer

__all__ = ["ImageAnalyzer"]
