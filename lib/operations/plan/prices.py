"""AWS's list prices of one region, from prices.yml."""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from lib.errors import ConfigError

_FILE = Path(__file__).with_name("prices.yml")
# The region whose prices stand in for those that the file does not have of another one.
REFERENCE_REGION = "us-east-1"
# The service whose line of the bill has a unit, by the unit's first word, in the bill's order.
SERVICES = {
    "lambda": "Lambda",
    "s3": "S3",
    "internet": "S3",
    "sqs": "SQS",
    "sns": "SNS",
    "http": "API Gateway",
    "cloudfront": "CloudFront",
    "invalidation": "CloudFront",
    "alarm": "CloudWatch",
    "metric": "CloudWatch",
    "log": "CloudWatch",
    "rekognition": "Rekognition",
    "secret": "Secrets Manager",
    "kms": "KMS",
    "web": "WAF",
    "xray": "X-Ray",
}
# (from, price) of each tier, in ascending order; `from` is the quantity of a month.
Tiers = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Prices:
    """Prices of one region; `assumed` are the units that have those of the reference region."""

    region: str
    date: date
    sources: tuple[str, ...]
    tiers: dict[str, Tiers]
    free: dict[str, float] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()

    def cost(self, unit: str, quantity: float) -> float:
        """Returns the dollars of a quantity of a month, over the tiers."""
        quantity = max(0.0, quantity - self.free.get(unit, 0.0))
        ends = [start for start, _ in self.tiers[unit][1:]] + [float("inf")]
        return sum(
            (min(quantity, end) - start) * price
            for (start, price), end in zip(self.tiers[unit], ends, strict=True)
            if quantity > start
        )

    def first(self, unit: str) -> float:
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
    del found["edge"]
    return Prices(
        region=region,
        date=document["date"],
        sources=tuple(document["sources"]),
        tiers={unit: _parse(price) for unit, price in found.items()},
        free=document["free_tier"] if free_tier else {},
        assumed=tuple(unit for unit in reference if unit not in own),
    )


def service_of(unit: str) -> str:
    """Returns the service that bills a unit."""
    return SERVICES[unit.partition("_")[0]]


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
