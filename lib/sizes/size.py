"""The model of a size: its box, and how photos are fitted into it and encoded."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from lib.sizes.paths import FOLDERS, MAX_PATTERNS, covers, find_mistake, matches_any
from lib.sizes.watermark import WATERMARK_BYTES_PER_PIXEL, WATERMARK_MEMORY, Place, Watermark

Fit = Literal["cover", "contain", "inside", "fill"]
Format = Literal["keep", "jpeg", "png", "webp", "avif"]
ExtraFormat = Literal["jpeg", "png", "webp", "avif"]
Position = Literal[
    Place,
    "attention",
    "faces",
    "focus",
]
# Where a crop is placed around photos that have no focus.
Fallback = Literal["center", "attention", "faces"]

# Pixels; the maximum edge of a box. 8K screens are 7680 wide, and a variant of 8192 x 8192 RGBA
# takes 256 MB, which fits beside its source in a 1769 MB function.
MAX_EDGE = 8192
# Lambda's own limits, in MB.
MIN_MEMORY, MAX_MEMORY = 128, 10240
# 1769 MB buy exactly one vCPU: with less, rendering is slower; with more, a second core idles.
ONE_CPU_MEMORY = 1769
MEGABYTE = 1 << 20
# MB of the interpreter with boto3, pydantic and Pillow: 85 measured.
RUNTIME_MEMORY = 96
# Shares of the rest: one render may take the first; malloc retains the second between renders
# instead of returning it to the kernel, which saves a fifth of the time. The photos of the batch
# that wait get what is left.
PIXEL_SHARE, RETAINED_SHARE = 0.8, 0.125
# The resized image, its copy in sRGB, and the encoder's buffers: 4 bytes each.
OUTPUT_BYTES_PER_PIXEL = 12
# Long enough for names that people give. The 64 characters of a function's name are the tighter
# limit; they depend on the stage, so infra/naming.py checks them.
MAX_NAME = 40

Edge = Annotated[int, Field(ge=1, le=MAX_EDGE, strict=True)]
Percent = Annotated[int, Field(ge=1, le=100, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
# At most a year: CloudFront caches nothing longer.
Seconds = Annotated[int, Field(ge=0, le=365 * 24 * 60 * 60, strict=True)]

# pydantic's type of an error that is about several keys; its context has them as `keys`.
CONFLICT = "conflict"
# Queues and metrics of these names belong to no size, on any stage: stages share sizes.yml, and may
# switch a feature on.
RESERVED = ("purge", "purge-dlq", "fetch", "fetch-dlq", "on-demand")
# What the name of a size's queue is followed by in the names of its other queues.
QUEUE_ENDINGS = ("", "-dlq", "-subscription-dlq")

# AVIF's own scale runs lower: its 60 has the SSIM of WebP's 80 (0.978, median of six photographs
# at 800x600) at 4/5 of the bytes, and at 3/5 of those of a JPEG of 80 (SSIM 0.984).
DEFAULT_QUALITY = {"jpeg": 80, "webp": 80, "avif": 60}


class Quality(BaseModel, frozen=True, extra="forbid"):
    """The quality of each lossy format, on that format's own scale."""

    jpeg: Percent = DEFAULT_QUALITY["jpeg"]
    webp: Percent = DEFAULT_QUALITY["webp"]
    avif: Percent = DEFAULT_QUALITY["avif"]


def _kind_of_quality(value: object) -> str:
    """Returns the tag of the type to validate, so that a mistake is reported once."""
    return "mapping" if isinstance(value, (dict, Quality)) else "number"


def _check_pattern(pattern: str) -> str:
    if mistake := find_mistake(pattern):
        raise ValueError(mistake)
    return pattern


Patterns = Annotated[
    tuple[Annotated[str, AfterValidator(_check_pattern)], ...], Field(max_length=MAX_PATTERNS)
]


class Size(BaseModel, frozen=True, extra="forbid", serialize_by_alias=True):
    """An entry of sizes.yml.

    `python -m infra.sizes_reference` writes the descriptions of the fields to docs/sizes.md.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=MAX_NAME)] = Field(
        description="Names the size in URLs (`/<name>/<path>`), queues, functions and commands. It "
        "begins and ends with a letter or a digit. Without it, the box names the size: `400x300`. "
        "A new name is a new size, with a new folder, queue and function."
    )
    width: Edge | None = Field(
        None,
        description="Sets the width of the box in pixels. A size needs a width, a height or both. "
        "With only one of them, the other follows the photo's own ratio, and `fit` has no effect.",
    )
    height: Edge | None = Field(
        None, description="Sets the height of the box in pixels, as `width` sets its width."
    )
    fit: Fit = Field(
        "cover",
        description="Sets how the photo fills a box that has a width and a height, in the words of "
        "CSS `object-fit` and sharp. `cover` fills the box and crops what does not fit. `contain` "
        "shows the whole photo, and fills the rest of the box with `background`. `inside` shows "
        "the whole photo, and adds nothing: one edge may be shorter than the box. `fill` "
        "stretches the photo to the box.",
    )
    format: Format = Field(
        "keep",
        description="Sets the file format of the variant. `keep` takes that of the original; HEIC, "
        "TIFF and BMP become JPEG, or PNG if they have transparency. A JPEG shows "
        "`background` where the original is transparent.",
    )
    formats: tuple[ExtraFormat, ...] = Field(
        (),
        description="Adds formats that are stored beside the size's own, in "
        "`/<name>.<format>/<path>`; all come from one decode. With the parameter "
        "[`serve_formats`](delivery.md#formats-by-what-the-browser-takes), one URL gives each "
        "browser the first of them that it takes. A format is listed once, and not if it is the "
        "size's `format`.",
    )
    quality: Annotated[
        Annotated[Percent, Tag("number")] | Annotated[Quality, Tag("mapping")],
        Discriminator(_kind_of_quality),
    ] = Field(
        Quality(),
        description="Sets the quality of lossy formats: more is better, and larger. One number is "
        "the quality of the size's own format and of JPEG and WebP beside it; an AVIF beside it "
        "gets three quarters of it, which looks alike. A mapping sets each format by itself, and "
        "a format that it omits keeps its default. PNG and GIF have no quality.",
    )
    lossless: Flag = Field(
        False,
        description="Writes WebP without loss, for logos and screenshots; photographs become "
        "several times larger. It changes WebP alone: PNG always is lossless. A size that makes "
        "AVIF, or JPEG alone, cannot have it.",
    )
    position: Position = Field(
        "center",
        description="Sets which part of the photo `fit: cover` keeps, or where `fit: contain` "
        "places it in the box. Any but `center` needs a width and a height. `attention` keeps the "
        "part with most detail, saturated colour and skin. `faces` crops around the faces that "
        "Rekognition finds ([prices and permissions](rekognition.md)), and "
        "as `attention` if there are none. `focus` crops around the photo's "
        "[focal point](focal-point.md), which an upload or a later request gives. These three "
        "need `fit: cover`.",
    )
    fallback: Fallback = Field(
        "center",
        description="Sets the position of the crop, with `position: focus`, of photos that have no "
        "focal point.",
    )
    animated: Flag = Field(
        False,
        description="Keeps all frames of animated GIF, PNG, WebP and AVIF files; otherwise the "
        "variant is the first frame. A JPEG beside it shows the first frame. A size that makes "
        "JPEG alone cannot have it.",
    )
    background: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] = Field(
        "#ffffff",
        description="Sets the colour beside a photo with `fit: contain`, and behind a transparent "
        "one that becomes a JPEG. Write it in quotes: in YAML, `#` begins a comment.",
    )
    enlarge: Flag = Field(
        False,
        description="Enlarges photos that are smaller than the box. Without it, `cover` gives the "
        "largest crop of the box's ratio, `inside` and `fill` leave a short edge short, and "
        "`contain` surrounds the photo with `background`.",
    )
    paths: Patterns | None = Field(
        None,
        description="Makes the size of photos at these paths alone; without it, of every photo. "
        "`avatars/` is everything below that folder, `*` any text within the name of a folder or "
        "file, and `**` any number of folders: `shops/*/logos/`, `**/cover.jpg`. Everything else "
        "stands for itself, and capitals count. A pattern matches the whole path, which begins "
        'below the folder of originals. One that begins with `*` needs quotes: `["**/icons/"]`. '
        "[Sizes per folder](operations.md#sizes-per-folder) has what a change does.",
    )
    except_: Patterns = Field(
        (),
        alias="except",
        description="Leaves out photos at these paths, also those of `paths`. The patterns are "
        "those of `paths`.",
    )
    placeholder: Flag = Field(
        False,
        description="Stores a [ThumbHash](https://evanw.github.io/thumbhash) of each variant (some "
        "25 bytes: a blurred preview) and its most frequent colour with it, for pages to show "
        "until the image is loaded. [The status](api.md#photo-status) has both. They take 2 ms, "
        "and change no pixel: if this key alone changes, variants are rendered again, but the "
        "CDN's copies stay.",
    )
    watermark: Watermark | None = Field(
        None,
        description="Places a PNG or WebP with transparency, such as a logo, on each variant. "
        "`file` is relative to sizes.yml; it is packed with the functions, and variants become "
        "stale if it changes. `width` and `margin` are shares of the photo's width; `position` is "
        "one of the nine of `position`, on the photo itself and not on the padding of `fit: "
        "contain`; `opacity` is from 0 to 1. Colours are mixed in sRGB, as browsers do. A photo "
        "carries no watermark that would be less than 8 pixels wide or high, or would not fit "
        "between the margins. All frames of an animation have it; images at signed URLs have none.",
    )
    memory: Annotated[int, Field(ge=MIN_MEMORY, le=MAX_MEMORY, strict=True)] = Field(
        ONE_CPU_MEMORY,
        description="Sets the memory of the size's Lambda function in MB. "
        f"{ONE_CPU_MEMORY} MB buy one vCPU: less is slower, more idles. It bounds the originals "
        "that can be rendered (`too_many_pixels`) and the box: "
        f"{OUTPUT_BYTES_PER_PIXEL} bytes a pixel must fit into {PIXEL_SHARE:.0%} of what is "
        f"left beside {RUNTIME_MEMORY} MB.",
    )
    cdn_seconds: Seconds | None = Field(
        None,
        description="Sets how long CloudFront keeps a variant (`s-maxage`). Without it, [the "
        "stage's parameter](delivery.md#caching) applies.",
    )
    browser_seconds: Seconds | None = Field(
        None,
        description="Sets how long browsers keep a variant (`max-age`); nothing can purge their "
        "copies. Without it, [the stage's parameter](delivery.md#caching) applies.",
    )
    immutable: Flag | None = Field(
        None,
        description="Keeps browsers from asking again within `browser_seconds`: for photos whose "
        "path changes with their content. Without it, [the stage's parameter]"
        "(delivery.md#caching) applies.",
    )

    @model_validator(mode="before")
    @classmethod
    def _name_after_box(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data:
            box = f"{data.get('width') or ''}x{data.get('height') or ''}"
            return {**data, "name": box}
        return data

    @field_validator("name")
    @classmethod
    def _name_has_no_dash_at_its_ends(cls, name: str) -> str:
        if name.startswith("-") or name.endswith("-"):
            raise ValueError("must begin and end with a letter or a digit")
        return name

    @model_validator(mode="after")
    def _options_agree(self) -> "Size":
        conflicts = [
            InitErrorDetails(
                type=PydanticCustomError(
                    CONFLICT, "{message}", {"message": message, "keys": keys.split()}
                ),
                input=None,
            )
            for keys, message in self._find_conflicts()
        ]
        # A ValueError would end with the first of them.
        if conflicts:
            raise ValidationError.from_exception_data("Size", conflicts)
        return self

    def _find_conflicts(self) -> Iterator[tuple[str, str]]:
        """Yields the keys that do not go together, and why; a message begins with its key."""
        if self.width is None and self.height is None:
            yield "width height", "needs a width, a height or both"
        for index, extra in enumerate(self.formats):
            if extra == self.format or extra in self.formats[:index]:
                yield "formats format", f"formats: {extra} is stored already: remove it"
        yield from self._find_position_conflicts()
        yield from self._find_path_conflicts()
        formats = {self.format, *self.formats}
        if self.animated and formats == {"jpeg"}:
            yield (
                "animated format formats",
                "animated: a JPEG cannot be: use format keep, webp, avif or png",
            )
        if self.lossless and (formats == {"jpeg"} or "avif" in formats):
            yield (
                "lossless format formats",
                "lossless: JPEG cannot be, nor AVIF exactly: use format webp or png",
            )
        needed = (self.width or 1) * (self.height or 1) * self.output_bytes_per_pixel
        if needed > self.pixel_memory:
            yield (
                "memory width height",
                f"memory: {self.width}x{self.height} pixels take {needed // MEGABYTE} MB to make, "
                f"and of {self.memory} MB only {self.pixel_memory // MEGABYTE} are free for that: "
                "give it more, or make the box smaller",
            )

    def _find_position_conflicts(self) -> Iterator[tuple[str, str]]:
        has_box = self.width is not None and self.height is not None
        keys = "position fit width height"
        depends_on_photo = self.position == "focus" or self.searches
        if depends_on_photo and not (self.fit == "cover" and has_box):
            yield keys, f"position: {self.position} needs fit: cover, with a width and a height"
        elif self.position != "center" and not (self.fit in ("cover", "contain") and has_box):
            yield (
                keys,
                f"position: {self.position} needs fit: cover or contain, with a width and a "
                "height: nothing is cropped or padded here",
            )
        if self.fallback != "center" and self.position != "focus":
            yield (
                "fallback position",
                f"fallback: {self.fallback} is for photos without a focal point: say position: "
                f"focus, or position: {self.fallback}",
            )

    def _find_path_conflicts(self) -> Iterator[tuple[str, str]]:
        if self.paths == ():
            yield "paths", f'paths: is an empty list: write ["{FOLDERS}"] for every photo'
        for key, patterns in (("paths", self.paths or ()), ("except", self.except_)):
            for index, pattern in enumerate(patterns):
                if pattern in patterns[:index]:
                    yield key, f"{key}: {pattern} is in the list twice: remove one"
        paths = self.paths or (FOLDERS,)
        if all(any(covers(each, pattern) for each in self.except_) for pattern in paths):
            yield (
                "except paths",
                f"except: leaves out every photo of paths ({', '.join(paths)}): make it narrower, "
                "or remove the size",
            )

    def applies_to(self, path: str) -> bool:
        """Returns whether the size is made of photos at this path."""
        is_listed = self.paths is None or matches_any(self.paths, path)
        return is_listed and not matches_any(self.except_, path)

    @property
    def is_limited(self) -> bool:
        """Whether `paths` or `except` name the photos that the size is made of."""
        return self.paths is not None or bool(self.except_)

    def quality_of(self, format_: str) -> int:
        """Returns the quality of one format, on that format's own scale."""
        if isinstance(self.quality, Quality):
            return int(getattr(self.quality, format_))
        if format_ == "avif" and self.format != "avif":
            return max(1, round(self.quality * DEFAULT_QUALITY["avif"] / DEFAULT_QUALITY["jpeg"]))
        return self.quality

    @property
    def has_focus(self) -> bool:
        """Whether variants depend on the focal point that an original has."""
        return self.position == "focus"

    @property
    def own_position(self) -> Position:
        """The position of the crop of photos without a focal point."""
        return self.fallback if self.has_focus else self.position

    @property
    def searches(self) -> bool:
        """Whether the position of the crop depends on the photo's content."""
        return self.own_position in ("attention", "faces")

    @property
    def crops_to_faces(self) -> bool:
        """Whether the position of the crop depends on faces in the photo."""
        return self.own_position == "faces"

    @property
    def output_bytes_per_pixel(self) -> int:
        """Bytes that a variant takes for each of its pixels until it is encoded."""
        return OUTPUT_BYTES_PER_PIXEL + (WATERMARK_BYTES_PER_PIXEL if self.watermark else 0)

    @property
    def _free_memory(self) -> int:
        watermark = WATERMARK_MEMORY if self.watermark else 0
        return (self.memory - RUNTIME_MEMORY) * MEGABYTE - watermark

    @property
    def pixel_memory(self) -> int:
        """Bytes of the function's memory that one render may take."""
        return int(self._free_memory * PIXEL_SHARE)

    @property
    def retained_memory(self) -> int:
        """Bytes that malloc may retain between renders."""
        return int(self._free_memory * RETAINED_SHARE)

    @property
    def waiting_memory(self) -> int:
        """Bytes that a batch's originals may take together while one of them is rendered."""
        return self._free_memory - self.pixel_memory - self.retained_memory

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders of the images bucket: the size's own, then one for each extra format."""
        return (self.name, *(f"{self.name}.{extra}" for extra in self.formats))

    @property
    def logical_id(self) -> str:
        """The name in letters and digits only, for CloudFormation's logical ids."""
        return "".join(part.capitalize() for part in self.name.split("-"))


def options() -> dict[str, FieldInfo]:
    """Returns the fields by their key in sizes.yml: `except` is no name in Python."""
    return {field.alias or name: field for name, field in Size.model_fields.items()}


def list_changes(size: Size, other: Size) -> list[str]:
    """Returns the keys in which two sizes differ."""
    fields = ((field.alias or name, name) for name, field in Size.model_fields.items())
    return [key for key, name in fields if getattr(size, name) != getattr(other, name)]


# Keys excluded from the recipe: they decide where a variant is stored, which function renders it
# and how it is cached, and which photos have one, but not its bytes.
PUT_OPTIONS = {"cdn_seconds", "browser_seconds", "immutable"}
PATHS = {"paths", "except"}
NOT_IN_RECIPE = {"name", "memory", "formats"} | PUT_OPTIONS | PATHS
# Options that were added after variants had been stored: at their defaults they are excluded from
# the recipe, so that an upgrade makes nothing stale.
ADDED_LATER = {"fallback", "placeholder", "watermark"}

# Part of every recipe id: raise it with each change of lib/images that alters the variants' pixels,
# so that existing variants become stale.
RENDERER_VERSION = "5"


def recipe_id(size: Size, renderer_version: str = RENDERER_VERSION) -> str:
    """Returns a 48-bit hash of everything that decides a variant's bytes.

    Extra formats are excluded: each is an object of its own, and adding one leaves the others
    current. A JPEG with others beside it is rendered in RGB, without them in planes; the two differ
    by the rounding of colours.
    """
    given = size.model_dump(mode="json")
    unused = {key for key in ADDED_LATER if given[key] == Size.model_fields[key].default}
    recipe = {key: value for key, value in given.items() if key not in NOT_IN_RECIPE | unused}
    if size.watermark:
        # The name of the file does not matter: its hash is part of the recipe.
        recipe["watermark"] = given["watermark"] | {"file": None}
    text = json.dumps([renderer_version, recipe], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
