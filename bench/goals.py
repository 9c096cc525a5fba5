"""Compares measurements with the goals."""

from collections.abc import Iterable, Sequence

from bench.baseline import Difference
from bench.figures import Goal, Ratio, spread
from bench.race import Race
from lib.plurals import pluralize

# Classes of JPEGs, one for each file.
CLASSES = ("landscape", "portrait or turned", "square", "panorama", "progressive")
# Our CPU time divided by sharp's: the median over all JPEGs, that of each class, and of each kind
# of other files.
_JPEG, _CLASS = 0.90, 1.0
_OTHERS = {
    "PNG": 0.90,
    "WebP": 1.0,
    "TIFF raw": 1.0,
    "TIFF lzw": 1.0,
    "TIFF deflate": 1.0,
    "TIFF jpeg": 1.0,
    "AVIF": 0.45,
}
_NAMES = {"png": "PNG", "webp": "WebP", "tiff": "TIFF", "avif": "AVIF", "heic": "HEIC"}
# Our CPU time divided by that of libjpeg-turbo alone.
_LIMIT = 1.12
# ImageMagick's CPU time divided by ours.
_MAGICK = 6.0
# PNGs have the bytes of sharp's: another filter or level would be another speed.
_PNG_BYTES = 1.01
# A JPEG may look worse than sharp's only by an invisible difference, and its variants may differ in
# bytes only as slightly different settings do.
_SSIM_BY_SHARP, _BYTES_BY_SHARP = 0.002, 0.02
# No variant may look worse than before, and no input's variants be larger.
_SSIM, _BYTES = 0.001, 0.01
_EFFICIENCY, _COLD_START, _ZIP = 0.93, 1.55, 20


def class_of(race: Race) -> str:
    """Returns a JPEG's class."""
    if race.traits.coding == "progressive":
        return "progressive"
    if race.traits.turned or race.traits.shape == "portrait":
        return "portrait or turned"
    return race.traits.shape


def kind_of(race: Race) -> str:
    """Returns the kind of a file that is no JPEG."""
    name = _NAMES[race.case.format]
    return f"{name} {race.case.variety}" if name == "TIFF" else name


def jpegs(races: Iterable[Race]) -> list[Race]:
    """Returns the races of JPEGs."""
    return [race for race in races if race.case.format == "jpeg"]


def ratio(race: Race, one: str, other: str, sizes: Iterable[str] = ()) -> float | None:
    """Divides the CPU times of two contenders, each summed over the sizes that both made."""
    mine, theirs = sum_times([race], one, other, sizes)
    return mine / theirs if theirs else None


def sum_times(
    races: Iterable[Race], one: str, other: str, sizes: Iterable[str] = ()
) -> tuple[float, float]:
    """Returns the CPU times of two contenders, summed over what both made; of all sizes or some."""
    pairs = [
        (race.laps[one].cpu[name], race.laps[other].cpu[name])
        for race in races
        if one in race.laps and other in race.laps
        for name in sizes or race.laps[one].cpu
        if name in race.laps[one].cpu and name in race.laps[other].cpu
    ]
    return sum(mine for mine, _ in pairs), sum(theirs for _, theirs in pairs)


def over(races: Iterable[Race], one: str, other: str, sizes: Iterable[str] = ()) -> Ratio | None:
    """Returns the median and range of a ratio, over files."""
    found = [each for race in races if (each := ratio(race, one, other, sizes)) is not None]
    return spread(found) if found else None


def of_speed(races: Sequence[Race]) -> list[Goal]:
    """Returns the goals of speed."""
    photos = jpegs(races)
    by_class = [
        _speed(f"JPEG, {each}", _CLASS, [race for race in photos if class_of(race) == each])
        for each in CLASSES
    ]
    others = [race for race in races if race.case.format not in ("jpeg", "heic")]
    by_kind = [
        _speed(each, limit, [race for race in others if kind_of(race) == each])
        for each, limit in _OTHERS.items()
    ]
    return [
        _speed("JPEG", _JPEG, photos),
        *by_class,
        _speed("JPEG", _LIMIT, photos, "limit"),
        *by_kind,
        _goal("ImageMagick: CPU by ours", _MAGICK, over(races, "magick", "ours"), at_least=True),
    ]


def _speed(name: str, limit: float, races: Sequence[Race], other: str = "sharp") -> Goal:
    whose = {"sharp": "sharp's", "limit": "libjpeg-turbo's alone"}[other]
    measured = over(races, "ours", other)
    files = pluralize(len(races), "file")
    slower = sum((ratio(race, "ours", other) or 0) > 1 for race in races)
    return Goal(
        f"{name}: CPU by {whose}",
        limit,
        measured and measured.median,
        range=measured,
        note=f"{files}, {slower} above 1" if other == "sharp" else files,
        cases=tuple(race.case for race in races),
    )


def of_quality(races: Sequence[Race], difference: Difference | None) -> list[Goal]:
    """Returns the goals of what speed must not cost."""
    png = [race for race in races if race.case.format == "png"]
    pairs = [
        (race.laps["ours"], race.laps["sharp"], _jpeg_variants(race))
        for race in jpegs(races)
        if "sharp" in race.laps
    ]
    below = [
        theirs.likeness[name].ssim - ours.likeness[name].ssim
        for ours, theirs, names in pairs
        for name in names
    ]
    apart = [
        abs(sum(ours.bytes[name] for name in names) / sum(theirs.bytes[name] for name in names) - 1)
        for ours, theirs, names in pairs
    ]
    return [
        _goal("PNG: bytes by sharp's", _PNG_BYTES, bytes_over(png)),
        _worst("JPEG: SSIM below sharp's, worst variant", _SSIM_BY_SHARP, below),
        _worst("JPEG: bytes apart from sharp's, worst photo", _BYTES_BY_SHARP, apart),
        Goal(
            "SSIM below the baseline's, worst variant",
            _SSIM,
            difference and difference.ssim,
            unit="",
            note=pluralize(difference.inputs, "input") if difference else "",
        ),
        Goal(
            "Bytes above the baseline's, worst input",
            _BYTES,
            difference and difference.bytes,
            unit="",
        ),
    ]


def _jpeg_variants(race: Race) -> list[str]:
    """Names the sizes that keep JPEG: of the thumbnail, a WebP, the encoder says more."""
    return [each.name for each in race.wanted if each.format == "jpeg"]


def bytes_over(races: Iterable[Race]) -> Ratio | None:
    """Returns the median and range of our bytes divided by sharp's."""
    found = [
        sum(race.laps["ours"].bytes.values()) / sum(race.laps["sharp"].bytes.values())
        for race in races
        if "sharp" in race.laps
    ]
    return spread(found) if found else None


def _worst(name: str, limit: float, values: list[float]) -> Goal:
    return Goal(name, limit, max(values, default=None), unit="")


def _goal(name: str, limit: float, measured: Ratio | None, *, at_least: bool = False) -> Goal:
    return Goal(name, limit, measured and measured.median, at_least=at_least, range=measured)


def of_memory(measured: Iterable[tuple[str, int, float, str | None]]) -> list[Goal]:
    """Returns goals from (name, limit, megabytes, refusal); a refused photo meets its goal."""
    return [
        Goal(
            f"{name}: peak memory",
            limit,
            megabytes,
            unit=" MB",
            note=f"refused: {refused}" if refused else "",
        )
        for name, limit, megabytes, refused in measured
    ]


def of_batch(name: str, efficiency: float) -> Goal:
    """Returns the goal of a batch's efficiency."""
    return Goal(f"Batch of 10, {name}: efficiency", _EFFICIENCY, efficiency, unit="", at_least=True)


def of_start(measured: Ratio) -> Goal:
    """Returns the goal of the worker's cold start, against an S3 client alone."""
    return _goal("Cold start: CPU by an S3 client's alone", _COLD_START, measured)


def of_zip(megabytes: float) -> Goal:
    """Returns the goal of the zip's size, with every codec in it."""
    return Goal("Zip for arm64, HEIC included", _ZIP, megabytes, unit=" MB")


def score(goals: Iterable[Goal]) -> str:
    """Counts the goals that are met, of those that were measured."""
    results = [goal.met for goal in goals if goal.met is not None]
    return f"{sum(results)} of {len(results)} goals met"
