"""The photos to race with, and the job: three variants of each."""

from dataclasses import dataclass

# The job of the reference systems: a large, a medium and a small variant per photo.
BOXES = [(800, 600), (400, 300), (200, 150)]


@dataclass(frozen=True)
class Case:
    """One input: a crop of a photograph, and its encoding.

    `width` x `height` are the stored pixels; `kind` is the class that a goal names.
    """

    name: str
    kind: str
    photo: str
    width: int
    height: int
    format: str = "jpeg"
    progressive: bool = False
    orientation: int = 1
    slow: bool = False
    quick: bool = False
    typical: bool = False

    @property
    def target(self) -> str:
        """The output format: that of the input, but JPEG for TIFF, which browsers do not show."""
        return "jpeg" if self.format == "tiff" else self.format


# Phones make 4032 x 3024. With these edges a centre crop begins at a whole pixel: rounding says
# nothing about quality, but half a pixel costs much SSIM. Contenders that need seconds run only the
# `slow` cases; `typical` ones make a batch.
CASES = [
    Case("JPEG 3 MP", "landscape", "street", 2016, 1512, slow=True, quick=True),
    Case("JPEG 12 MP", "landscape", "street", 4032, 3024, slow=True, quick=True, typical=True),
    Case("JPEG 12 MP, sea", "landscape", "sea", 4032, 3024, typical=True),
    Case("JPEG 24 MP", "landscape", "street", 5664, 4248, slow=True),
    Case("JPEG 48 MP", "landscape", "street", 8064, 6048),
    Case("JPEG 12 MP, progressive", "progressive", "street", 4032, 3024, progressive=True),
    Case("JPEG 12 MP, portrait", "portrait", "sea", 2848, 4272, quick=True),
    Case("JPEG 12 MP, orientation 6", "portrait", "sea", 4272, 2848, orientation=6),
    Case("PNG 12 MP", "png", "street", 4032, 3024, "png"),
    Case("WebP 12 MP", "webp", "street", 4032, 3024, "webp", quick=True),
    Case("AVIF 12 MP", "avif", "street", 4032, 3024, "avif"),
    Case("TIFF 12 MP", "tiff", "street", 4032, 3024, "tiff"),
]
