"""prices.yml: what AWS asks, by region and by quantity."""

import pytest

from lib.errors import ConfigError
from lib.operations.plan.prices import Prices, _read, load_prices, service_of


@pytest.mark.parametrize("region", _read()["regions"])
def test_a_region_has_a_price_of_each_unit(region: str) -> None:
    prices = load_prices(region)
    assert prices.tiers.keys() == load_prices("us-east-1").tiers.keys()
    for unit, tiers in prices.tiers.items():
        assert max(price for _, price in tiers) > 0
        assert service_of(unit)


def test_the_region_of_the_defaults_assumes_no_price() -> None:
    assert load_prices("eu-west-1").assumed == ()
    assert load_prices("us-east-1").assumed == ()
    assert "rekognition_image" in load_prices("eu-central-1").assumed


def test_prices_are_dated_and_have_sources() -> None:
    prices = load_prices("eu-west-1")
    assert prices.date.year >= 2026
    assert all("aws.amazon.com" in each or "price list" in each for each in prices.sources)


def test_a_quantity_is_billed_tier_by_tier() -> None:
    """10 TB at $0.085, and 10 TB more at $0.080: CloudFront's page."""
    prices = load_prices("us-east-1")
    assert prices.cost("cloudfront_gb", 20 * 1024) == pytest.approx(10240 * (0.085 + 0.080))
    assert prices.cost("cloudfront_gb", 0) == 0
    assert prices.cost("invalidation_path", 1000) == 0
    assert prices.cost("invalidation_path", 1200) == pytest.approx(1)
    assert prices.cost("invalidation_path", 120_000) == pytest.approx(595)


def test_regions_differ() -> None:
    ireland, frankfurt = load_prices("eu-west-1"), load_prices("eu-central-1")
    assert ireland.first("s3_gb") == 0.023
    assert frankfurt.first("s3_gb") == 0.0245
    assert load_prices("us-east-1").first("log_gb") < ireland.first("log_gb")
    assert ireland.first("cloudfront_request") == 0.0000012


def test_the_free_tier_counts_only_if_asked_for() -> None:
    assert load_prices("us-east-1").cost("sqs_request", 1e6) == pytest.approx(0.40)
    free = load_prices("us-east-1", free_tier=True)
    assert free.cost("sqs_request", 1e6) == 0
    assert free.cost("sqs_request", 3e6) == pytest.approx(0.80)
    assert free.cost("s3_write", 1000) == pytest.approx(0.005)
    assert free.free.keys() <= free.tiers.keys()


def test_an_unknown_region_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ConfigError, match=r"no prices of mars-north-1 .* eu-west-1"):
        load_prices("mars-north-1")


def test_the_first_tier_of_a_plain_price_is_the_price() -> None:
    prices: Prices = load_prices("us-east-1")
    assert prices.first("alarm") == 0.10
