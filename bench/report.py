"""Writes a run's figures as tables, as JSON, and into the marked parts of two pages."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from bench import goals
from bench.contenders import NAMES
from bench.figures import Goal, Ratio
from bench.profiling import Share
from bench.race import Lap, Race

_BEGIN, _END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
_MET = {True: "met", False: "missed", None: "not measured"}
_SMALL = 0.1  # below this, values need more than two places
# Upper ends of the classes of megapixels.
_MEGAPIXELS = {"2": 2.5, "3": 4, "5": 6.5, "8": 11, "12": 14, "16": 20, "24": 30, "48": 60}

Row = tuple[str, ...]
GOAL_HEAD = ("goal", "asked", "measured (range)", "")
JPEG_HEAD = (
    "JPEG",
    "files",
    "x sharp: sum",
    "x sharp: median (range)",
    "x limit: median (range)",
    "bytes x sharp",
    "SSIM - sharp's: median, worst",
    "SSIMULACRA2 - sharp's: median, worst",
)
KIND_HEAD = ("kind", "files", *JPEG_HEAD[2:4], *JPEG_HEAD[5:])
SIZE_HEAD = ("size", "x sharp: sum", "x sharp: median (range)", "x limit: median (range)")
OTHERS_HEAD = ("contender", "files", "its CPU x ours: median (range)", "SSIM - ours: median")
INPUT_HEAD = (
    "input",
    "MP",
    "encoding",
    "derived",
    "CPU ms",
    "x sharp",
    "x sharp by size",
    "x limit",
    "bytes x sharp",
    "SSIM",
    "SSIM of sharp's",
)
PROFILE_HEAD = ("missed goal", "where our time goes")


@dataclass(frozen=True)
class Run:
    """All results of one run."""

    quick: bool
    about: dict[str, str]
    versions: dict[str, str]
    races: list[Race]
    goals: list[Goal]
    profiles: dict[str, list[Share]]


def goal_rows(run: Run) -> list[Row]:
    """Returns one row per goal."""
    return [
        (
            goal.name,
            f"{'>=' if goal.at_least else '<='} {goal.limit:g}{goal.unit}",
            _value(goal),
            _MET[goal.met],
        )
        for goal in run.goals
    ]


def _value(goal: Goal) -> str:
    if goal.value is None:
        return ""
    value = str(goal.range or f"{goal.value:.{4 if goal.limit < _SMALL else 2}f}{goal.unit}")
    return ", ".join(part for part in (value, goal.note) if part)


def jpeg_rows(run: Run) -> Iterator[Row]:
    """Returns one row for all JPEGs, and one for each class of each trait."""
    photos = sorted(goals.jpegs(run.races), key=lambda race: race.traits.megapixels)
    traits: tuple[Callable[[Race], str], ...] = (
        lambda _: "all",
        goals.class_of,
        lambda race: f"{_megapixels(race)} MP",
        lambda race: race.traits.subsampling,
        lambda race: f"profile: {race.traits.profile}",
        lambda race: race.case.derived,
    )
    for trait in traits:
        for label in dict.fromkeys(map(trait, photos)):
            rows = [race for race in photos if trait(race) == label]
            limit = _shown(goals.over(rows, "ours", "limit"))
            files, total, by_sharp, *rest = _kind(rows)
            yield (label, files, total, by_sharp, limit, *rest)


def kind_rows(run: Run) -> Iterator[Row]:
    """Returns one row for each kind of the other files."""
    others = [race for race in run.races if race.case.format != "jpeg"]
    for label in dict.fromkeys(map(_label, others)):
        yield (label, *_kind([race for race in others if _label(race) == label]))


def _label(race: Race) -> str:
    return f"{race.case.format} {race.case.variety}".strip()


def _kind(races: Sequence[Race]) -> Row:
    return (
        str(len(races)),
        _by_sum(races),
        _shown(goals.over(races, "ours", "sharp")),
        _shown(goals.bytes_over(races)),
        _worse(_differences(races, "ssim"), 4),
        _worse(_differences(races, "ssimulacra2"), 2),
    )


def size_rows(run: Run) -> Iterator[Row]:
    """Returns one row for each size, over all JPEGs."""
    photos = goals.jpegs(run.races)
    for name in photos[0].laps["ours"].cpu if photos else ():
        by = [_shown(goals.over(photos, "ours", other, [name])) for other in ("sharp", "limit")]
        yield (name, _by_sum(photos, [name]), *by)


def contender_rows(run: Run) -> Iterator[Row]:
    """Returns one row for each contender, on the inputs that all of them ran."""
    for name in NAMES:
        races = [race for race in run.races if name in race.laps and race.case.everybody]
        if name == "ours" or not races:
            continue
        found = [
            other.ssim - race.laps["ours"].likeness[size].ssim
            for race in races
            for size, other in race.laps[name].likeness.items()
            if size in race.laps["ours"].likeness
        ]
        likeness = f"{median(found):+.4f}" if found else ""
        yield (NAMES[name], str(len(races)), _shown(goals.over(races, name, "ours")), likeness)


def input_rows(run: Run) -> Iterator[Row]:
    """Returns one row for each input."""
    for race in run.races:
        ours, sharp = race.laps["ours"], race.laps.get("sharp")
        by_size = [goals.ratio(race, "ours", "sharp", [name]) for name in ours.cpu]
        codings = (race.traits.subsampling, race.traits.coding, race.traits.profile)
        yield (
            race.case.name,
            f"{race.traits.megapixels:.1f}",
            " ".join(each for each in codings if each not in ("baseline", "none")),
            race.case.derived if race.case.format == "jpeg" else "converted",
            f"{1000 * sum(ours.cpu.values()):,.0f}",
            _number(goals.ratio(race, "ours", "sharp")),
            " ".join(f"{each:.2f}" for each in by_size if each is not None),
            _number(goals.ratio(race, "ours", "limit")),
            _number(sum(ours.bytes.values()) / sum(sharp.bytes.values()) if sharp else None, 3),
            _mean_ssim(ours),
            _mean_ssim(sharp) if sharp else "",
        )


def profile_rows(run: Run) -> list[Row]:
    """Returns one row for each missed goal of speed."""
    return [
        (name, ", ".join(f"{share.share:.0%} `{share.function}`" for share in shares))
        for name, shares in run.profiles.items()
    ]


def _megapixels(race: Race) -> str:
    return next(name for name, most in _MEGAPIXELS.items() if race.traits.megapixels <= most)


def _by_sum(races: Iterable[Race], sizes: Iterable[str] = ()) -> str:
    """Divides our CPU time by sharp's, both summed over files."""
    ours, sharps = goals.sum_times(races, "ours", "sharp", sizes)
    return _number(ours / sharps if sharps else None)


def _differences(races: Iterable[Race], what: str) -> list[float]:
    """Returns our likeness minus that of sharp's, of each variant."""
    found = [
        (getattr(each, what), getattr(race.laps["sharp"].likeness[name], what))
        for race in races
        if "sharp" in race.laps
        for name, each in race.laps["ours"].likeness.items()
        if name in race.laps["sharp"].likeness
    ]
    return [ours - theirs for ours, theirs in found if ours is not None]


def _worse(differences: list[float], places: int) -> str:
    if not differences:
        return ""
    return f"{median(differences):+.{places}f}, {min(differences):+.{places}f}"


def _mean_ssim(lap: Lap) -> str:
    values = [each.ssim for each in lap.likeness.values()]
    return f"{fmean(values):.4f}" if values else ""


def _shown(value: Ratio | None) -> str:
    return str(value) if value else ""


def _number(value: float | None, places: int = 2) -> str:
    return "" if value is None else f"{value:.{places}f}"


def write_json(file: Path, run: Run) -> None:
    """Writes the run as JSON."""
    document = {
        "quick": run.quick,
        "about": run.about,
        "contenders": run.versions,
        "inputs": [_describe_race(race) for race in run.races],
        "goals": [
            {name: value for name, value in vars(goal).items() if name != "cases"}
            | {"range": goal.range and goal.range._asdict(), "met": goal.met}
            for goal in run.goals
        ],
        "profiles": {name: dict(shares) for name, shares in run.profiles.items()},
    }
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _describe_race(race: Race) -> dict[str, Any]:
    return {
        "name": race.case.name,
        "format": race.case.format,
        "derived": race.case.derived,
        **race.traits._asdict(),
        "contenders": {
            name: {
                "cpu_seconds": lap.cpu,
                "bytes": lap.bytes,
                "likeness": {size: each._asdict() for size, each in lap.likeness.items()},
            }
            for name, lap in race.laps.items()
        },
        "by_sharp": goals.ratio(race, "ours", "sharp"),
        "by_limit": goals.ratio(race, "ours", "limit"),
    }


def write_docs(page: Path, figures: Path, run: Run) -> None:
    """Writes the summary to the page, and the figures by class and input to their own page."""
    lines = [
        f"{key}: {value}.  " for key, value in {**run.about, **name_versions(run.versions)}.items()
    ]
    missed = profile_rows(run)
    _replace_figures(
        page,
        "\n".join(lines),
        _table(GOAL_HEAD, goal_rows(run)),
        _table(SIZE_HEAD, size_rows(run)),
        _table(OTHERS_HEAD, contender_rows(run)),
        _table(PROFILE_HEAD, missed) if missed else "No goal of speed is missed.",
    )
    _replace_figures(
        figures,
        _table(JPEG_HEAD, jpeg_rows(run)),
        _table(KIND_HEAD, kind_rows(run)),
        _table(INPUT_HEAD, input_rows(run)),
    )


def _replace_figures(file: Path, *parts: str) -> None:
    text = file.read_text(encoding="utf-8")
    before, rest = text.split(_BEGIN)
    after = rest.split(_END)[1]
    block = "\n\n".join(parts)
    file.write_text(f"{before}{_BEGIN}\n{block}\n{_END}{after}", encoding="utf-8")


def name_versions(versions: dict[str, str]) -> dict[str, str]:
    """Returns the versions by the contenders' full names."""
    return {NAMES[name]: version for name, version in versions.items()}


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
