"""Compares measurements with the goals."""

from collections.abc import Iterable, Sequence

from bench.cases import Case
from bench.figures import Goal, Ratio, ratio, spread
from bench.race import Laps

# Our CPU time divided by sharp's, per kind of input. Only JPEG can be decoded at a smaller scale;
# the other goals compare codecs.
_BY_SHARP = {
    "landscape": 1.00,
    "portrait": 1.10,
    "avif": 0.6,
    "tiff": 1.0,
    "webp": 1.2,
    "png": 1.5,
}
_BY_LIMIT = 1.25
# ImageMagick's CPU time divided by ours.
_MAGICK = 6.0
# A variant may look worse than sharp's only by an invisible difference, and a case's variants may
# differ in bytes only as slightly different settings do.
_SSIM, _BYTES = 0.002, 0.02
_JPEG = {"landscape", "portrait", "progressive"}


def of_speed(raced: Sequence[tuple[Case, Laps]]) -> list[Goal]:
    """Returns the goals of speed, and of the quality that speed must not cost."""
    goals = [
        _goal(f"{kind}: CPU by sharp's", limit, _by(raced, "ours", "sharp", {kind}))
        for kind, limit in _BY_SHARP.items()
        if any(case.kind == kind for case, _ in raced)
    ]
    alone = _by(raced, "ours", "limit", {"landscape"})
    slower = _by(raced, "magick", "ours", {"landscape"})
    return [
        *goals,
        _goal("landscape: CPU by libjpeg-turbo's alone", _BY_LIMIT, alone),
        _goal("ImageMagick: its CPU by ours", _MAGICK, slower, at_least=True),
        *_similarity(raced),
    ]


def _similarity(raced: Sequence[tuple[Case, Laps]]) -> list[Goal]:
    """Compares JPEGs, which have the same shrink rule: the worst variant, and the worst case."""
    pairs = [
        (laps["ours"], laps["sharp"])
        for case, laps in raced
        if case.kind in _JPEG and "sharp" in laps
    ]
    if not pairs:
        return [Goal("JPEG: SSIM below sharp's", _SSIM, None)]
    below = max(sharp - own for a, b in pairs for own, sharp in zip(a.ssim, b.ssim, strict=True))
    apart = max(abs(sum(a.bytes) / sum(b.bytes) - 1) for a, b in pairs)
    return [
        Goal("JPEG: SSIM below sharp's, worst variant", _SSIM, below, unit=""),
        Goal("JPEG: bytes apart from sharp's, worst photo", _BYTES, apart, unit=""),
    ]


def _goal(name: str, limit: float, measured: Ratio | None, *, at_least: bool = False) -> Goal:
    return Goal(name, limit, measured and measured.median, at_least=at_least, range=measured)


def _by(raced: Iterable[tuple[Case, Laps]], one: str, other: str, kinds: set[str]) -> Ratio | None:
    """Returns the median and range over the cases of these kinds; for one case, over its rounds."""
    ratios = [
        ratio(laps[one].cpu, laps[other].cpu)
        for case, laps in raced
        if case.kind in kinds and one in laps and other in laps
    ]
    if not ratios:
        return None
    return ratios[0] if len(ratios) == 1 else spread([each.median for each in ratios])


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


def of_batch(alone: float, overlapped: float) -> Goal:
    """Returns the goal of a batch's efficiency; notes that of one photo at a time."""
    note = f"one after the other: {alone:.2f}"
    return Goal("Batch of 10: efficiency", 0.85, overlapped, unit="", at_least=True, note=note)


def of_start(measured: Ratio) -> Goal:
    """Returns the goal of the worker's cold start, against an S3 client alone."""
    return _goal("Cold start: CPU by an S3 client's alone", 1.6, measured)


def of_zip(megabytes: float) -> Goal:
    """Returns the goal of the zip's size, with every codec in it."""
    return Goal("Zip for arm64, HEIC included", 25, megabytes, unit=" MB")


def score(goals: Iterable[Goal]) -> str:
    """Counts the goals that are met, of those that were measured."""
    results = [goal.met for goal in goals if goal.met is not None]
    return f"{sum(results)} of {len(results)} goals met"
