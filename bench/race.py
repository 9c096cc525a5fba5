"""All contenders over all cases: warm, interleaved, CPU time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import fmean

from PIL import Image

from bench import inputs
from bench.cases import BOXES, Case
from bench.contenders import SLOW, Contender
from bench.ssim import luma, reference, ssim

# Medians of seven rounds differ by a percent from run to run on a machine with other work.
ROUNDS, QUICK_ROUNDS = 7, 3


@dataclass
class Lap:
    """What one contender did with one case: seconds a round; bytes and SSIM of each variant."""

    cpu: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)

    @property
    def mean_ssim(self) -> float:
        """Over the variants."""
        return fmean(self.ssim)


Laps = dict[str, Lap]


def race(contenders: list[Contender], case: Case, rounds: int, tell: Callable[[str], None]) -> Laps:
    """One case: a round to warm up and to look at, then those that count."""
    source = inputs.make(case)
    running = [one for one in contenders if _takes_part(one, case)]
    wanted = [reference(source, box) for box in BOXES]
    laps = {one.name: Lap() for one in running}
    for one in running:
        tell(f"{case.name}: {one.name} warms up")
        one.load(source, BOXES)
        _, laps[one.name].bytes = one.run(BOXES, case.target)
        laps[one.name].ssim = _similarities(one, wanted)
    for number in range(rounds):
        tell(f"{case.name}: round {number + 1} of {rounds}")
        for one in _turned(running, number):
            laps[one.name].cpu.append(one.run(BOXES, case.target)[0])
    return laps


def _takes_part(contender: Contender, case: Case) -> bool:
    if contender.absent or (contender.name in SLOW and not case.slow):
        return False
    return contender.name != "limit" or case.format == "jpeg"


def _similarities(contender: Contender, wanted: list[Image.Image]) -> list[float]:
    folder = inputs.CACHE / "made" / contender.name
    made = contender.save(folder)
    return [ssim(luma(file), best) for file, best in zip(made, wanted, strict=True)]


def _turned(running: list[Contender], number: int) -> Iterator[Contender]:
    """Another one begins each round, so that none always runs in the wake of the same."""
    first = number % len(running)
    yield from running[first:] + running[:first]
