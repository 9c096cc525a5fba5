"""The model of a watermark: a picture that is placed on each variant of a size."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

Place = Literal[
    "center",
    "top",
    "top-right",
    "right",
    "bottom-right",
    "bottom",
    "bottom-left",
    "left",
    "top-left",
]
# A logo of 1,000 x 500 pixels takes some tens of KB; all of the zip, 20 MB.
MAX_WATERMARK_BYTES = 1_000_000
# Enough for the largest variants, and 8 MB once it is decoded.
MAX_WATERMARK_PIXELS = 2_000_000
# Bytes that a decoded watermark takes: 4 a pixel.
WATERMARK_MEMORY = 4 * MAX_WATERMARK_PIXELS
# Bytes a pixel of a variant to place the watermark, at worst one that covers all of it: a copy of
# the variant, and the watermark at its size in three modes.
WATERMARK_BYTES_PER_PIXEL = 16
# Variants whose watermark would have a shorter edge carry none: nobody could read it.
MIN_WATERMARK_EDGE = 8

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?%")
_MIN_WIDTH, _MAX_MARGIN = 1, 45
_FILE = re.compile(r"[\w@+-][\w@+. -]*(/[\w@+-][\w@+. -]*)*\.(png|webp)", re.ASCII | re.IGNORECASE)


def _check_file(value: Any) -> Any:
    if not isinstance(value, str) or not _FILE.fullmatch(value):
        raise ValueError(
            "must be a PNG or WebP file below the folder of sizes.yml, such as marks/logo.png: "
            "letters, digits, spaces and - _ . + @, without '..'"
        )
    return value


def _describe_limits(text: str) -> Any:
    """Returns the field with the limits that docs/sizes.md shows."""
    return Field(json_schema_extra={"limits": text})


def _check_percent(least: float, most: float, example: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise ValueError(f"must be a percentage: write {value}%")
        if not isinstance(value, str) or not _PERCENT.fullmatch(value):
            raise ValueError(f"must be a percentage, such as {example}")
        if not least <= float(value.removesuffix("%")) <= most:
            raise ValueError(f"must be {least}% to {most}%")
        return value

    return BeforeValidator(check)


class Watermark(BaseModel, frozen=True, extra="forbid"):
    """The watermark of a size; `sha256` is that of the file, which the reader of sizes.yml adds."""

    file: Annotated[str, BeforeValidator(_check_file), _describe_limits("a PNG or WebP")]
    position: Place = "bottom-right"
    width: Annotated[
        str, _check_percent(_MIN_WIDTH, 100, "20%"), _describe_limits(f"{_MIN_WIDTH}% to 100%")
    ] = "20%"
    opacity: Annotated[float, Field(ge=0.01, le=1, strict=True)] = 1.0
    margin: Annotated[
        str, _check_percent(0, _MAX_MARGIN, "2%"), _describe_limits(f"0% to {_MAX_MARGIN}%")
    ] = "2%"
    sha256: SkipJsonSchema[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None] = None

    @model_validator(mode="after")
    def _fits(self) -> "Watermark":
        if self.width_share + 2 * self.margin_share > 1:
            raise ValueError(
                f"width {self.width} and margin {self.margin} on both sides are more than the "
                "photo: make one of them smaller"
            )
        return self

    @property
    def width_share(self) -> float:
        """The watermark's width as a share of the photo's."""
        return float(self.width.removesuffix("%")) / 100

    @property
    def margin_share(self) -> float:
        """The distance from the photo's edges as a share of its width."""
        return float(self.margin.removesuffix("%")) / 100
