"""Costs of another sizes.yml: each month, and once for the photos that are stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from lib.operations.estimates import estimate
from lib.operations.plan.bill import Bill
from lib.operations.plan.render_times import WorkerTime
from lib.operations.plan.stage import PlannedSize, PlannedStage
from lib.sizes import Size, recipe_id

_FULL_BATCH = 10


@dataclass(frozen=True)
class Comparison:
    """The bills before and after, and the dollars of a backfill of each new or changed size."""

    before: Bill
    after: Bill
    backfills: Mapping[str, float]

    @property
    def difference(self) -> float:
        """Dollars a month that the change adds."""
        return self.after.total - self.before.total

    @property
    def removed(self) -> list[str]:
        """Sizes that the other file does not have."""
        return [size for size in self.before.by_size() if size not in self.after.by_size()]


def compare(
    before: tuple[PlannedStage, Bill],
    after: tuple[PlannedStage, Bill],
    times: Mapping[str, WorkerTime],
    stored: float,
) -> Comparison:
    """Compares two stages and their bills; `times` are those of the sizes afterwards."""
    known = {each.name: each.size for each in before[0].sizes}
    return Comparison(
        before[1],
        after[1],
        {
            each.name: _backfill(each, times[each.name], stored)
            for each in after[0].sizes
            if each.name not in known or _is_stale(known[each.name], each.size)
        },
    )


def _is_stale(old: Size, new: Size) -> bool:
    """Returns whether variants have to be rendered again, or in a further format."""
    recipes = {recipe_id(each) for each in (old, new)}
    return len(recipes) > 1 or not set(new.formats) <= set(old.formats)


def _backfill(size: PlannedSize, time: WorkerTime, stored: float) -> float:
    seconds = time.of_batch(_FULL_BATCH) / _FULL_BATCH
    return estimate(
        round(stored),
        median_ms=seconds * 1000,
        memory=size.memory,
        formats=len(size.size.folders),
    ).dollars
