"""AWS's list prices of one region, from prices.yml."""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import yaml

from lib.errors import ConfigError
from lib.operations.plan.units import Unit

_FILE = Path(__file__).with_name("prices.yml")
# The region whose prices stand in for those that the file does not have of another one.
REFERENCE_REGION = "us-east-1"
# (from, price) of each tier, in ascending order; `from` is the quantity of a month.
Tiers = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Prices:
    """Prices of one region; `assumed` are the units that have those of the reference region."""

    region: str
    date: date
    sources: tuple[str, ...]
    tiers: dict[Unit, Tiers]
    free: dict[Unit, float] = field(default_factory=dict)
    assumed: tuple[Unit, ...] = ()

    def cost(self, unit: Unit, quantity: float) -> float:
        """Returns the dollars of a quantity of a month, over the tiers."""
        quantity = max(0.0, quantity - self.free.get(unit, 0.0))
        ends = [start for start, _ in self.tiers[unit][1:]] + [float("inf")]
        return sum(
            (min(quantity, end) - start) * price
            for (start, price), end in zip(self.tiers[unit], ends, strict=True)
            if quantity > start
        )

    def first(self, unit: Unit) -> float:
        """Returns the price of the first tier."""
        return self.tiers[unit][0][1]


def load_prices(region: str, *, free_tier: bool = False) -> Prices:
    """Returns a region's prices; raises ConfigError for one that the file does not have."""
    document = _read()
    regions = document["regions"]
    if region not in regions:
        raise ConfigError(
            f"There are no prices of {region} in {_FILE.name}, but of {', '.join(regions)}: plan "
            "for one of these with --region, or add the prices of yours"
        )
    own, reference = regions[region], regions[REFERENCE_REGION]
    edge = document["edges"][own["edge"]]
    found = {**reference, **document["everywhere"], **own, **edge}
    return Prices(
        region=region,
        date=document["date"],
        sources=tuple(document["sources"]),
        tiers={unit: _parse(found[unit]) for unit in get_args(Unit)},
        free=document["free_tier"] if free_tier else {},
        assumed=tuple(unit for unit in get_args(Unit) if unit in reference and unit not in own),
    )


def list_regions() -> list[str]:
    """Returns the regions that the file has prices of."""
    return list(_read()["regions"])


@cache
def _read() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return document


def _parse(price: float | list[list[float]]) -> Tiers:
    if not isinstance(price, list):
        return ((0.0, float(price)),)
    tiers = tuple((float(start), float(each)) for start, each in price)
    if tiers[0][0] or any(before[0] >= after[0] for before, after in pairwise(tiers)):
        raise ValueError(f"{_FILE.name}: tiers begin at 0 and ascend, not {price}")
    return tiers
