"""Fits our CPU time to a photo's pixels and a variant's, for `fanout plan`.

The time of one variant is a base, and so much for each megapixel that is read and that is written:
a fit of least squares over a run's inputs, for each format and coding of the photo.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.batch import SECONDS
from bench.peers.peer import Wanted
from bench.race import Race
from lib.images import render
from lib.images.geometry import fit
from lib.sizes import Size
from lib.sizes.size import Format

FILE = Path(__file__).parent.parent / "lib" / "operations" / "plan" / "render_times.json"
HEAD = ("photo", "variants", "base ms", "ms a MP read", "ms a MP written", "off by, median")
# Of lossy formats; between these, the plan interpolates.
QUALITIES = (1, 20, 40, 50, 60, 70, 80, 90, 95, 100)
_LOSSY: tuple[Format, ...] = ("jpeg", "webp", "avif")
_PIXELS = 1e6
_THUMBNAIL = 100_000

Row = tuple[str, ...]


class _Sample(NamedTuple):
    """A variant: the megapixels that were read and written for it, and its milliseconds."""

    read: float
    written: float
    milliseconds: float


def measure_qualities(files: Sequence[Path]) -> dict[str, dict[int, float]]:
    """Returns the bytes at each quality, by those at the default; the median of photographs."""
    return {
        format_: {
            quality: round(median(_compare_quality(file, format_, quality) for file in files), 2)
            for quality in QUALITIES
        }
        for format_ in _LOSSY
    }


def _compare_quality(file: Path, format_: Format, quality: int) -> float:
    data, box = file.read_bytes(), {"width": 800, "height": 600, "format": format_}
    usual, other = Size.model_validate(box), Size.model_validate(box | {"quality": quality})
    return len(render(data, other).data) / len(render(data, usual).data)


def describe(
    races: Sequence[Race], about: dict[str, str], qualities: dict[str, dict[int, float]]
) -> dict[str, Any]:
    """Returns the document that `fanout plan` reads."""
    return {
        "about": {key: about[key] for key in ("Machine", "Inputs", "Rounds") if key in about},
        "s3_seconds": SECONDS,
        "milliseconds": {
            kind: dict(zip(("base", "megapixel_read", "megapixel_written"), factors, strict=True))
            | {"error": round(_median_error(samples, factors), 2)}
            for kind, samples in _by_kind(races).items()
            for factors in [_fit(samples)]
        },
        "bytes_per_pixel": _bytes_per_pixel(races),
        "bytes_by_quality": qualities,
    }


def rows(document: dict[str, Any], races: Sequence[Race]) -> Iterator[Row]:
    """Returns one row for each kind of photo."""
    counts = {kind: len(samples) for kind, samples in _by_kind(races).items()}
    for kind, fitted in document["milliseconds"].items():
        factors = (fitted["base"], fitted["megapixel_read"], fitted["megapixel_written"])
        yield (
            kind,
            str(counts[kind]),
            *(f"{each:.1f}" for each in factors),
            f"{fitted['error']:.0%}",
        )


def write(document: dict[str, Any], file: Path = FILE) -> None:
    """Writes the document, for the plan to read."""
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _by_kind(races: Iterable[Race]) -> dict[str, list[_Sample]]:
    samples = defaultdict[str, list[_Sample]](list)
    for race in races:
        kind = "progressive" if race.traits.coding == "progressive" else race.case.format
        for each in race.wanted:
            seconds = race.laps["ours"].cpu[each.name]
            written = _pixels(race, each) / _PIXELS
            samples[kind].append(_Sample(race.traits.megapixels, written, 1000 * seconds))
    return dict(samples)


def _pixels(race: Race, wanted: Wanted) -> int:
    size = Size(name="any", width=wanted.width or None, height=wanted.height, fit=wanted.fit)
    width, height = fit(size, race.traits.width, race.traits.height).canvas
    return width * height


def _fit(samples: Sequence[_Sample]) -> tuple[float, float, float]:
    """Returns the factors of least squares; one that would be negative is 0."""
    free = [0, 1, 2]
    while True:
        table = [[(1.0, each.read, each.written)[index] for index in free] for each in samples]
        found = _solve(table, [each.milliseconds for each in samples])
        if min(found) >= 0:
            factors = dict(zip(free, found, strict=True))
            first, second, third = (round(factors.get(index, 0.0), 2) for index in range(3))
            return first, second, third
        del free[found.index(min(found))]


def _solve(table: list[list[float]], values: list[float]) -> list[float]:
    """Solves the normal equations by Gauss-Jordan elimination."""
    size = range(len(table[0]))
    matrix = [
        [sum(row[i] * row[j] for row in table) for j in size]
        + [sum(row[i] * value for row, value in zip(table, values, strict=True))]
        for i in size
    ]
    for i in size:
        pivot = matrix[i][i]
        matrix[i] = [each / pivot for each in matrix[i]]
        for k in size:
            if k != i:
                factor = matrix[k][i]
                matrix[k] = [
                    one - factor * other for one, other in zip(matrix[k], matrix[i], strict=True)
                ]
    return [row[-1] for row in matrix]


def _median_error(samples: Iterable[_Sample], factors: tuple[float, float, float]) -> float:
    base, read, written = factors
    return median(
        abs(base + read * each.read + written * each.written - each.milliseconds)
        / each.milliseconds
        for each in samples
    )


def _bytes_per_pixel(races: Iterable[Race]) -> dict[str, float]:
    """Returns the median of a variant's bytes per pixel, by the variant's format.

    Thumbnails have more bytes a pixel and few bytes: they do not count.
    """
    found = defaultdict[str, list[float]](list)
    for race in races:
        for each in race.wanted:
            if (pixels := _pixels(race, each)) >= _THUMBNAIL:
                found[each.format].append(race.laps["ours"].bytes[each.name] / pixels)
    return {format_: round(median(each), 3) for format_, each in found.items()}
