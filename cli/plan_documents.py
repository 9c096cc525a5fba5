"""The JSON documents that `fanout plan --json` prints."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lib.operations.plan.bill import Bill, Month
from lib.operations.plan.comparison import Comparison
from lib.operations.plan.load import Load
from lib.operations.plan.prices import Prices
from lib.operations.plan.render_times import WorkerTime, describe_source
from lib.operations.plan.stage import PlannedStage


def make_month(
    stage_name: str,
    stage: PlannedStage,
    times: Mapping[str, WorkerTime],
    month: Month,
) -> dict[str, Any]:
    """Returns what a month's bill is made for."""
    return {
        "plan": "month",
        "stage": stage_name,
        "region": stage.region,
        "architecture": stage.architecture,
        "photos": month.photos,
        "megapixels": month.photo.megapixels,
        "kind": month.photo.kind,
        "views": month.views,
        "stored": month.stored,
        "replaced": month.replaced,
        "render_times": {name: asdict(time) for name, time in times.items()},
    }


def make_bill_part(bill: Bill, lambda_in_full_batches: float) -> dict[str, Any]:
    """Returns the amounts of a bill."""
    return {
        "dollars": bill.total,
        "dollars_per_million_photos": bill.per_million_photos(),
        "by_service": bill.by_service(),
        "by_size": _name_sizes(bill.by_size()),
        "lambda_in_full_batches": lambda_in_full_batches,
        "photos_per_invocation": dict(bill.batches),
        "lines": [line._asdict() for line in bill.lines],
    }


def make_load(title: str, load: Load) -> dict[str, Any]:
    """Returns a load, with the samples of each size."""
    document = {"plan": "load", "load": title, **asdict(load)}
    document |= {"drained_at": load.drained_at, "oldest": load.oldest}
    if load.raised:
        document["raised"] = {"drained_at": load.raised.drained_at, "oldest": load.raised.oldest}
    for run in document["runs"]:
        run["samples"] = [sample._asdict() for sample in run["samples"]]
    return document


def make_comparison(file: str, comparison: Comparison) -> dict[str, Any]:
    """Returns what a change of sizes costs."""
    return {
        "plan": "comparison",
        "sizes_file": file,
        "difference": comparison.difference,
        "before": comparison.before.total,
        "after": comparison.after.total,
        "by_size": {
            "before": _name_sizes(comparison.before.by_size()),
            "after": _name_sizes(comparison.after.by_size()),
        },
        "backfill": dict(comparison.backfills),
    }


def make_sources(prices: Prices, measured: list[str]) -> dict[str, Any]:
    """Returns what the figures rest on."""
    return {
        "plan": "sources",
        "prices": str(prices.date),
        "price_sources": prices.sources,
        "assumed_prices": prices.assumed,
        "measured_sizes": measured,
        "benchmark": describe_source(),
    }


def _name_sizes(dollars: Mapping[str, float]) -> dict[str, float]:
    """Names the part of no size as no size can be named."""
    return {size or "_stage": amount for size, amount in dollars.items()}
