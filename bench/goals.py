"""What was promised, held against what was measured."""

from collections.abc import Iterable, Sequence

from bench.cases import Case
from bench.figures import Goal, Ratio, ratio, spread
from bench.race import Laps

# Ours by sharp's CPU time, for each kind of input. Formats other than JPEG cannot be decoded at
# a scale, so there it is codec against codec.
_BY_SHARP = {
    "landscape": 1.00,
    "portrait": 1.10,
    "avif": 0.6,
    "tiff": 1.0,
    "webp": 1.2,
    "png": 1.5,
}
_BY_LIMIT = 1.25
# ImageMagick's CPU time by ours.
_MAGICK = 6.0
# No variant may look worse than sharp's by more than anyone could see, nor a case's variants
# differ in bytes by more than settings that are not quite the same would make them.
_SSIM, _BYTES = 0.002, 0.02
_JPEG = {"landscape", "portrait", "progressive"}


def of_speed(raced: Sequence[tuple[Case, Laps]]) -> list[Goal]:
    """The goals of speed, and of what it must not be bought with."""
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
        *_likeness(raced),
    ]


def _likeness(raced: Sequence[tuple[Case, Laps]]) -> list[Goal]:
    """JPEG, under the same shrink rule: the worst variant, and the case furthest off."""
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


def _goal(name: str, limit: float, found: Ratio | None, *, at_least: bool = False) -> Goal:
    return Goal(name, limit, found and found.median, at_least=at_least, range=found)


def _by(raced: Iterable[tuple[Case, Laps]], one: str, other: str, kinds: set[str]) -> Ratio | None:
    """The median over the cases of these kinds, with their range; of one case, its rounds'."""
    ratios = [
        ratio(laps[one].cpu, laps[other].cpu)
        for case, laps in raced
        if case.kind in kinds and one in laps and other in laps
    ]
    if not ratios:
        return None
    return ratios[0] if len(ratios) == 1 else spread([each.median for each in ratios])


def of_memory(measured: Iterable[tuple[str, int, float, str | None]]) -> list[Goal]:
    """Peaks of (name, goal, megabytes, reason of a refusal): refused is as good as small."""
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
    """How busy a batch keeps its core, and how busy it would be one photo after the other."""
    note = f"one after the other: {alone:.2f}"
    return Goal("Batch of 10: efficiency", 0.85, overlapped, unit="", at_least=True, note=note)


def of_start(found: Ratio) -> Goal:
    """The worker's cold start, by that of an S3 client alone."""
    return _goal("Cold start: CPU by an S3 client's alone", 1.6, found)


def of_zip(megabytes: float) -> Goal:
    """The zip with every codec in it."""
    return Goal("Zip for arm64, HEIC included", 25, megabytes, unit=" MB")


def score(goals: Iterable[Goal]) -> str:
    """How many were met, of how many that could be measured."""
    known = [goal.met for goal in goals if goal.met is not None]
    return f"{sum(known)} of {len(known)} goals met"
