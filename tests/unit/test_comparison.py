"""docs/comparison.md has the sums of docs/comparison.yml."""

from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "comparison.md").read_text()
DATA: dict[str, Any] = yaml.safe_load((DOCS / "comparison.yml").read_text())
TENTH = 0.1


def dollars(line: list[Any]) -> float:
    _, price, *factors = line
    return float(DATA["prices"][price] * prod(factors))


def total(contender: dict[str, Any], *parts: str) -> float:
    return sum(dollars(line) for part in parts for line in contender.get(part, []))


def shown(amount: float) -> str:
    return f"${amount:,.0f}"


def contender_row(name: str) -> str:
    of = DATA["contenders"][name]
    always, seen = total(of, "fixed", "photos"), total(of, "seen")
    views, originals = total(of, "views"), total(of, "originals")
    cells = [
        always + seen,
        always + TENTH * seen,
        views,
        originals,
        always + seen + views + originals,
    ]
    return f"| {name} | {' | '.join(map(shown, cells))} |"


def service_row(name: str) -> str:
    service = DATA["services"][name]
    totals = [sum(service[part]) for part in ("all", "tenth")]
    bills = [
        min(price + max(0, each - included) * more for price, included, more in service["plans"])
        for each in totals
    ]
    cells = [*(f"{each:,}" for each in totals), *map(shown, bills)]
    return f"| {name} | {' | '.join(cells)} |"


def line_row(line: list[Any]) -> str:
    what, price, *factors = line
    terms = " x ".join(f"{factor:,.10g}" for factor in factors)
    unit = f"{DATA['prices'][price]:.10f}".rstrip("0").rstrip(".")
    return f"| {what} | {terms} x ${unit} | ${dollars(line):,.2f} |"


def missing(rows: Iterable[str]) -> list[str]:
    return [row for row in rows if row not in PAGE]


def test_the_page_has_each_contender_and_its_bill() -> None:
    assert missing(map(contender_row, DATA["contenders"])) == []


def test_the_page_has_each_services_credits_and_price() -> None:
    assert missing(map(service_row, DATA["services"])) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Image Fan-out", ("fixed", "photos", "views", "originals")),
        ("AWS image-optimization sample", ("seen",)),
        ("Lambda@Edge that stores", ("seen",)),
        ("AWS Dynamic Image Transformation 8, Small", ("fixed", "seen")),
        ("Firebase storage-resize-images", ("photos", "views", "originals")),
    ],
)
def test_the_page_shows_the_arithmetic(name: str, parts: tuple[str, ...]) -> None:
    contender = DATA["contenders"][name]
    assert missing(line_row(line) for part in parts for line in contender[part]) == []


def test_traffic_and_storage_follow_from_the_load() -> None:
    load = DATA["load"]
    assert load["served_gb"] == pytest.approx(
        load["variant_gb"] * load["views"] / load["variants"], rel=0.001
    )
    for contender in DATA["contenders"].values():
        traffic = contender["views"][0][2]
        assert traffic == load["served_gb"]
        assert contender["originals"][0][2] == load["original_gb"]


def test_a_running_stage_costs_what_the_page_of_costs_says() -> None:
    costs = (DOCS / "costs.md").read_text()
    (row,) = [line for line in costs.splitlines() if line.startswith("| `dev`: four sizes |")]
    assert f"${DATA['prices']['stage']:.2f}" in row
