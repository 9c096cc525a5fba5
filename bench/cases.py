"""The photos that are raced, and the job: each becomes three variants."""

from dataclasses import dataclass

# The job of the reference systems: a large, a medium and a small variant of each photo.
BOXES = [(800, 600), (400, 300), (200, 150)]


@dataclass(frozen=True)
class Case:
    """One input: a cut of a photograph, and how it is stored.

    `width` x `height` are the pixels as stored; `kind` is the class that a goal speaks of.
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
        """The format that comes out: what came in, and JPEG for what no web page shows."""
        return "jpeg" if self.format == "tiff" else self.format


# 4032 x 3024 is what phones make. Edges are such that a crop around the centre begins at a whole
# pixel: who rounds where is no matter of quality, but half a pixel off costs SSIM dearly.
# `slow` ones are also given to the contenders that need seconds; `typical` ones make a batch.
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
