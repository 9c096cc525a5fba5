"""Writes a run's figures as tables, as JSON, and into the marked parts of two pages."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.cases import Case
from bench.contenders import NAMES
from bench.figures import Goal, Ratio, ratio
from bench.race import Lap, Laps

_BEGIN, _END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
_MET = {True: "met", False: "missed", None: "not measured"}
_SMALL = 0.1  # below this, values need more than two places

SPEED_HEAD = ("input", "contender", "CPU ms", "x sharp", "x limit", "SSIM", "bytes")
GOAL_HEAD = ("goal", "asked", "measured (range)", "")


@dataclass(frozen=True)
class Run:
    """All results of one run."""

    about: dict[str, str]
    versions: dict[str, str]
    raced: list[tuple[Case, Laps]]
    goals: list[Goal]


def speed_rows(run: Run) -> list[tuple[str, ...]]:
    """Returns one row per case and contender."""
    return [
        (case.name, NAMES[name], *_figures(lap, laps))
        for case, laps in run.raced
        for name, lap in laps.items()
    ]


def _figures(lap: Lap, laps: Laps) -> tuple[str, ...]:
    similar = "" if lap is laps.get("limit") else f"{lap.mean_ssim:.4f}"
    return (
        f"{1000 * median(lap.cpu):,.0f}",
        str(_against(lap, laps.get("sharp")) or ""),
        str(_against(lap, laps.get("limit")) or ""),
        similar,
        f"{sum(lap.bytes):,}",
    )


def _against(lap: Lap, other: Lap | None) -> Ratio | None:
    return None if other is None or other is lap else ratio(lap.cpu, other.cpu)


def goal_rows(run: Run) -> list[tuple[str, ...]]:
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
    if goal.range is not None:
        return str(goal.range)
    places = 4 if goal.limit < _SMALL else 1
    return f"{goal.value:.{places}f}{goal.unit}{goal.note and f', {goal.note}'}"


def as_json(run: Run) -> dict[str, Any]:
    """Builds the JSON document of a run."""
    return {
        "about": run.about,
        "contenders": run.versions,
        "cases": [
            {
                **asdict(case),
                "target": case.target,
                "contenders": {name: _lap_json(lap, laps) for name, lap in laps.items()},
            }
            for case, laps in run.raced
        ],
        "goals": [_goal_json(goal) for goal in run.goals],
    }


def _lap_json(lap: Lap, laps: Laps) -> dict[str, Any]:
    against = {f"by_{name}": _against(lap, laps.get(name)) for name in ("sharp", "limit")}
    ratios = {name: each._asdict() for name, each in against.items() if each}
    return {"cpu_median_seconds": median(lap.cpu), **asdict(lap), **ratios}


def _goal_json(goal: Goal) -> dict[str, Any]:
    spread = goal.range._asdict() if goal.range else None
    return {**asdict(goal), "range": spread, "met": goal.met}


def write_json(file: Path, run: Run) -> None:
    """Writes the run as JSON."""
    file.write_text(json.dumps(as_json(run), indent=2) + "\n", encoding="utf-8")


def write_docs(page: Path, contenders: Path, run: Run) -> None:
    """Write the goals to the page, and the figures of each contender to their own."""
    lines = [
        f"{key}: {value}.  " for key, value in {**run.about, **name_versions(run.versions)}.items()
    ]
    _replace_figures(page, "\n".join(lines), _table(GOAL_HEAD, goal_rows(run)))
    _replace_figures(contenders, _table(SPEED_HEAD, speed_rows(run)))


def _replace_figures(file: Path, *parts: str) -> None:
    text = file.read_text(encoding="utf-8")
    before, rest = text.split(_BEGIN)
    after = rest.split(_END)[1]
    block = "\n\n".join(parts)
    file.write_text(f"{before}{_BEGIN}\n{block}\n{_END}{after}", encoding="utf-8")


def name_versions(versions: dict[str, str]) -> dict[str, str]:
    """Returns the versions by the contenders' full names."""
    return {NAMES[name]: version for name, version in versions.items()}


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
