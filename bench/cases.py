"""The inputs: photographs as cameras wrote them, and what is derived from them."""

from dataclasses import dataclass, field
from typing import Literal

Derived = Literal["untouched", "lossless", "re-encoded"]


@dataclass(frozen=True)
class Case:
    """One input, derived from a photograph; without any option, the photograph itself.

    `cut` is the width and height of a cut from the middle, `tiles` repeats it across and down,
    `turned` rotates the pixels, and `orientation` only says so in EXIF. `subsampling` and `tiles`
    encode anew, with the photograph's own quantization tables; the rest loses nothing.
    """

    photo: str
    cut: tuple[int, int] | None = None
    tiles: tuple[int, int] = (1, 1)
    turned: bool = False
    progressive: bool | None = None
    orientation: int | None = None
    subsampling: str | None = None
    profile: str | None = None
    format: str = "jpeg"
    # What the format holds or how: "palette", "animated", "lzw" ...
    variety: str = ""
    # Belongs to `--quick`; to what all contenders run.
    quick: bool = field(default=False, compare=False)
    everybody: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        """Names the input by how it is derived."""
        parts = [
            self.photo,
            f"{self.cut[0]}x{self.cut[1]}" if self.cut else "",
            f"{self.tiles[0]}x{self.tiles[1]} times" if self.tiles != (1, 1) else "",
            "turned" if self.turned else "",
            {None: "", True: "progressive", False: "baseline"}[self.progressive],
            f"orientation {self.orientation}" if self.orientation else "",
            self.subsampling or "",
            self.profile or "",
            self.variety,
            self.format if self.format != "jpeg" else "",
        ]
        return " ".join(part for part in parts if part)

    @property
    def derived(self) -> Derived:
        """How a JPEG came from its photograph."""
        if self.subsampling or self.tiles != (1, 1):
            return "re-encoded"
        return "untouched" if self == Case(self.photo) else "lossless"

    @property
    def target(self) -> str:
        """The variants' format: the input's, but JPEG for what browsers do not show."""
        return "jpeg" if self.format in ("tiff", "heic") else self.format


_UNTOUCHED = [
    Case("hand"),
    Case("paris", quick=True),
    Case("wall"),
    Case("dog", quick=True),
    Case("top"),
    Case("times"),
    Case("station"),
    Case("mountain", quick=True),
    Case("books"),
    Case("bags", quick=True),
    Case("street"),
    Case("hall"),
]
_CUTS = [
    Case("paris", (4896, 3264)),
    Case("paris", (4000, 3000), everybody=True),
    Case("paris", (3264, 2448)),
    Case("paris", (2592, 1944)),
    Case("paris", (2048, 1536), everybody=True),
    Case("paris", (1632, 1224)),
    Case("times", (3552, 2656)),
    Case("times", (2592, 1944)),
    Case("times", (2048, 1536), quick=True),
    Case("station", (3264, 2448)),
    Case("station", (2048, 1360)),
    Case("mountain", (3648, 2736)),
    Case("mountain", (2592, 1944)),
    Case("mountain", (2048, 1536)),
    Case("dog", (3264, 2448)),
    Case("dog", (2048, 1536)),
    Case("hand", (4000, 3000)),
    Case("hand", (3264, 2448)),
]
_UPRIGHT = [
    Case("paris", (3000, 4000)),
    Case("paris", turned=True),
    Case("times", (2000, 2672)),
    Case("station", (1536, 2048)),
    Case("mountain", (1824, 2736)),
    Case("dog", (1536, 2048)),
    Case("paris", orientation=6),
    Case("paris", (4000, 3000), orientation=8),
    Case("times", (3552, 2656), orientation=6, quick=True),
    Case("mountain", (2592, 1944), orientation=6),
    Case("dog", orientation=6),
]
_SHAPES = [
    Case("paris", (4000, 4000)),
    Case("times", (2688, 2688), quick=True),
    Case("dog", (2592, 2592)),
    Case("hand", (3104, 3104)),
    Case("paris", (6000, 2000)),
]
_CODINGS = [
    Case("paris", progressive=True),
    Case("times", (3552, 2656), progressive=True, quick=True),
    Case("dog", (3264, 2448), progressive=True),
    Case("books", progressive=True),
    Case("hand", (4000, 3000), progressive=True),
    Case("top", progressive=False),
    Case("street", progressive=False),
]
# Phones write 4:2:0, and tag Display P3 or sRGB.
_PHONES = [
    Case("paris", subsampling="4:2:0"),
    Case("paris", (4000, 3000), subsampling="4:2:0", everybody=True, quick=True),
    Case("paris", (4000, 3000), subsampling="4:2:0", orientation=6),
    Case("paris", (4000, 3000), subsampling="4:2:0", profile="Display P3"),
    Case("times", (4000, 2672), subsampling="4:2:0"),
    Case("station", (4000, 2672), subsampling="4:2:0", profile="sRGB"),
    Case("times", (3264, 2448), subsampling="4:2:0", profile="Display P3", orientation=6),
    Case("times", (2048, 1536), subsampling="4:2:0"),
    Case("mountain", (3648, 2736), subsampling="4:2:0", profile="sRGB"),
    Case("station", (2048, 1536), subsampling="4:2:0"),
    Case("dog", (2592, 1944), subsampling="4:2:0"),
    Case("wall", tiles=(2, 2), subsampling="4:2:0"),
    Case("paris", (4032, 3024), (2, 2), subsampling="4:2:0"),
    Case("hand", (4032, 3008), (2, 2), subsampling="4:2:0"),
    Case("times", (4000, 2672), (2, 2), subsampling="4:2:2"),
    Case("paris", (4032, 3024), (2, 2), subsampling="4:2:0", orientation=6),
]
_OTHERS = [
    Case("paris", (4000, 3000), format="png"),
    Case("mountain", (2592, 1944), format="png"),
    Case("dog", (2048, 1536), format="png", quick=True),
    Case("page", format="png", variety="screenshot"),
    Case("phone", format="png", variety="screenshot"),
    Case("dog", (2592, 1944), format="png", variety="alpha"),
    Case("page", format="png", variety="alpha"),
    Case("dog", (2048, 1536), format="png", variety="palette"),
    Case("page", format="png", variety="palette"),
    Case("paris", (4000, 3000), format="webp"),
    Case("times", (3552, 2656), format="webp"),
    Case("dog", (2048, 1536), format="webp", quick=True),
    Case("dog", (2048, 1536), format="webp", variety="lossless"),
    Case("page", format="webp", variety="lossless"),
    Case("dog", (2592, 1944), format="webp", variety="alpha"),
    Case("times", (1600, 1200), format="webp", variety="animated"),
    *(
        Case(photo, cut, format="tiff", variety=variety, quick=variety == "raw" and photo == "dog")
        for variety in ("raw", "lzw", "deflate", "jpeg")
        for photo, cut in (
            ("paris", (4000, 3000)),
            ("mountain", (3648, 2736)),
            ("dog", (2048, 1536)),
        )
    ),
    Case("paris", (4000, 3000), format="avif"),
    Case("dog", (2592, 1944), format="avif"),
    Case("paris", (2592, 1944), format="heic"),
    Case("dog", (2048, 1536), format="heic"),
]
CASES = [*_UNTOUCHED, *_CUTS, *_UPRIGHT, *_SHAPES, *_CODINGS, *_PHONES, *_OTHERS]
