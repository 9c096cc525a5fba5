"""What the renderer made before: speed must cost neither likeness nor bytes."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import inputs, sources
from bench.race import Race
from lib.sizes import RENDERER_VERSION

FILE = Path(__file__).parent / "baseline.json"


class Difference(NamedTuple):
    """How much less alike the worst variant is, and how many more bytes the worst input has."""

    ssim: float
    bytes: float
    inputs: int


def write(races: Iterable[Race], file: Path = FILE) -> None:
    """Records the variants of this run, for later ones to be compared with."""
    variants = {
        key(race): {
            "sha256": sources.digest(inputs.make(race.case)),
            **{
                name: [race.laps["ours"].bytes[name], round(likeness.ssim, 5)]
                for name, likeness in race.laps["ours"].likeness.items()
            },
        }
        for race in races
    }
    # A line for each input: a change shows as such.
    lines = [f'"{name}": {json.dumps(value)}' for name, value in variants.items()]
    file.write_text(
        f'{{"renderer": "{RENDERER_VERSION}", "variants": {{\n' + ",\n".join(lines) + "\n}}\n",
        encoding="utf-8",
    )


def compare(races: Sequence[Race], file: Path = FILE) -> Difference | None:
    """Compares a run with the baseline, on inputs of the same bytes; None if there are none."""
    before: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["variants"]
    worse, larger, compared = [], [], 0
    for race in races:
        known = dict(before.get(key(race), {}))
        if known.pop("sha256", None) != sources.digest(inputs.make(race.case)):
            continue
        compared += 1
        ours = race.laps["ours"]
        worse += [known[name][1] - each.ssim for name, each in ours.likeness.items()]
        larger.append(sum(ours.bytes.values()) / sum(size for size, _ in known.values()) - 1)
    return Difference(max(worse), max(larger), compared) if compared else None


def key(race: Race) -> str:
    """Names an input in the file."""
    return f"{race.case.name}.{race.case.format}"
