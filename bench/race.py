"""Measures the CPU time of all contenders on all cases, warm and interleaved."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import inputs
from bench.cases import Case
from bench.contenders import MAIN, Contender
from bench.inputs import Traits
from bench.likeness import Likeness
from bench.peers.peer import Wanted
from bench.sources import CACHE, PROJECT
from lib.sizes import load_sizes

# A busy machine only ever adds time: the least of the rounds is nearest to the truth.
ROUNDS, QUICK_ROUNDS = 4, 2


@dataclass
class Lap:
    """One contender's result on one case: by size, its CPU seconds, bytes and likeness."""

    cpu: dict[str, float] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    likeness: dict[str, Likeness] = field(default_factory=dict)


@dataclass
class Race:
    """One case: what it is, what was made of it, and each contender's result."""

    case: Case
    traits: Traits
    wanted: list[Wanted]
    laps: dict[str, Lap]


def sizes_for(case: Case) -> list[Wanted]:
    """Returns what sizes.yml asks for, of a case."""
    sizes = load_sizes(PROJECT / "sizes.yml")
    return [
        Wanted(
            size.name,
            size.width or 0,
            size.height,
            size.fit,
            case.target if size.format == "keep" else size.format,
        )
        for size in sizes
    ]


def race(
    contenders: Iterable[Contender], case: Case, rounds: int, on_progress: Callable[[str], None]
) -> Race:
    """Runs one case: a round for warm-up and quality, then the measured rounds."""
    source, wanted = inputs.make(case), sizes_for(case)
    running = {one: _share(one, case, wanted) for one in contenders}
    running = {one: share for one, share in running.items() if share}
    laps = {one.name: Lap() for one in running}
    for one, share in running.items():
        on_progress(f"{case.name}: {one.name} warms up")
        one.load(source, share)
        one.run(share)
        files = one.save(variants_of(case, one.name))
        laps[one.name].bytes = {
            each.name: file.stat().st_size for each, file in zip(share, files, strict=True)
        }
    for number in range(rounds):
        on_progress(f"{case.name}: round {number + 1} of {rounds}")
        for one in _rotate(list(running), number):
            best = laps[one.name].cpu
            for name, seconds in one.run(running[one]).items():
                best[name] = min(seconds, best.get(name, seconds))
    return Race(case, inputs.traits(source), wanted, laps)


def variants_of(case: Case, contender: str) -> Path:
    """Returns the folder of what a contender made of a case."""
    return CACHE / "made" / f"{case.name}.{case.format}" / contender


def _share(contender: Contender, case: Case, wanted: list[Wanted]) -> list[Wanted]:
    """Returns what a contender makes of a case: nothing, if it cannot or need not."""
    if contender.absent or (contender.name not in MAIN and not case.everybody):
        return []
    if contender.name == "limit":
        return [each for each in wanted if case.format == each.format == "jpeg"]
    # HEVC is in no contender's packages but ours.
    return [] if case.format == "heic" and contender.name != "ours" else wanted


def _rotate(running: list[Contender], number: int) -> Iterator[Contender]:
    """Starts each round with another contender, so that none always follows the same one."""
    first = number % len(running)
    yield from running[first:] + running[:first]
