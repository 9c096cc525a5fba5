"""Measures the CPU time of all contenders on all cases, warm and interleaved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import fmean

from PIL import Image

from bench import inputs
from bench.cases import BOXES, Case
from bench.contenders import SLOW, Contender
from bench.ssim import luma, reference, ssim

# On a busy machine, medians of seven rounds differ by a percent between runs.
ROUNDS, QUICK_ROUNDS = 7, 3


@dataclass
class Lap:
    """One contender's result on one case: seconds per round; bytes and SSIM per variant."""

    cpu: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)

    @property
    def mean_ssim(self) -> float:
        """Mean SSIM of the variants."""
        return fmean(self.ssim)


Laps = dict[str, Lap]


def race(
    contenders: list[Contender], case: Case, rounds: int, on_progress: Callable[[str], None]
) -> Laps:
    """Runs one case: a round for warm-up and quality, then the measured rounds."""
    source = inputs.make(case)
    running = [one for one in contenders if _takes_part(one, case)]
    references = [reference(source, box) for box in BOXES]
    laps = {one.name: Lap() for one in running}
    for one in running:
        on_progress(f"{case.name}: {one.name} warms up")
        one.load(source, BOXES)
        _, laps[one.name].bytes = one.run(BOXES, case.target)
        laps[one.name].ssim = _similarities(one, references)
    for number in range(rounds):
        on_progress(f"{case.name}: round {number + 1} of {rounds}")
        for one in _rotate(running, number):
            laps[one.name].cpu.append(one.run(BOXES, case.target)[0])
    return laps


def _takes_part(contender: Contender, case: Case) -> bool:
    if contender.absent or (contender.name in SLOW and not case.slow):
        return False
    return contender.name != "limit" or case.format == "jpeg"


def _similarities(contender: Contender, references: list[Image.Image]) -> list[float]:
    folder = inputs.CACHE / "made" / contender.name
    made = contender.save(folder)
    return [ssim(luma(file), best) for file, best in zip(made, references, strict=True)]


def _rotate(running: list[Contender], number: int) -> Iterator[Contender]:
    """Starts each round with another contender, so that none always follows the same one."""
    first = number % len(running)
    yield from running[first:] + running[:first]
