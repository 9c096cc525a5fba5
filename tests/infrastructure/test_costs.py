"""docs/costs.md has the prices of what is in the compiled templates."""

from typing import Any

import pytest

from lib.operations.estimates import estimate
from lib.sizes import Size
from tests.infrastructure.conftest import Package
from tests.infrastructure.template import Template
from tests.infrastructure.test_dashboard import metrics_read
from tests.service import PROJECT

PAGE = PROJECT / "docs" / "costs.md"
# List prices of us-east-1 in dollars: a month, and a million requests to SQS.
ALARM, SECRET, METRIC, MILLION_REQUESTS = 0.10, 0.40, 0.30, 0.40
WEB_ACL, WEB_ACL_RULE = 5.0, 1.0
# Lambda has five pollers on a queue, which ask every 20 seconds, for 30 days.
POLLS = 5 * 3 * 60 * 24 * 30
# Of an account, for nothing, with up to 50 metrics each (test_dashboard.py).
FREE_DASHBOARDS = 3


def rows() -> dict[str, list[str]]:
    """The table's cells by stage."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: cells for name, *cells in table}


def priced(template: Template) -> list[str]:
    """The cells of a stage's row."""
    queues = template.of_type("AWS::Lambda::EventSourceMapping")
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    secrets = template.of_type("AWS::SecretsManager::Secret")
    dashboards = template.of_type("AWS::CloudWatch::Dashboard")
    ours = metrics_read(template)
    assert len(dashboards) <= FREE_DASHBOARDS
    idle = (
        len(queues) * POLLS / 1e6 * MILLION_REQUESTS
        + len(alarms) * ALARM
        + len(secrets) * SECRET
        + sum(WEB_ACL + len(acl["Rules"]) * WEB_ACL_RULE for acl in _web_acls(template))
    )
    counts = [len(each) for each in (queues, alarms, secrets, ours, dashboards)]
    running = idle + len(ours) * METRIC
    return [*map(str, counts), *map(_dollars, (idle, running, _thousand_photos(template)))]


def _web_acls(template: Template) -> list[dict[str, Any]]:
    return list(template.of_type("AWS::WAFv2::WebACL").values())


def _thousand_photos(template: Template) -> float:
    """What `backfill` estimates of that many at all sizes."""
    sizes = [
        Size.model_validate_json(function["Environment"]["Variables"]["SIZE"])
        for function in template.of_type("AWS::Lambda::Function").values()
        if "SIZE" in function["Environment"]["Variables"]
    ]
    return sum(
        estimate(1000, median_ms=None, memory=s.memory, formats=1 + len(s.formats)).dollars
        for s in sizes
    )


def _dollars(amount: float) -> str:
    return f"${amount:.2f}"


STAGES = {
    "`dev`: four sizes": ["dev"],
    "`prod`: four sizes": ["prod"],
    "`dev` with `on_demand: declared`": ["dev", "--param=on_demand=declared"],
}
WAYS = {
    "`dev` with `delivery: public-read`, and a fifth size of two more formats": "public-read",
    "`prod` with every option on, that size, and `web_acl: create`": "everything",
}


@pytest.mark.parametrize("name", STAGES)
def test_the_table_has_the_price_of_each_stage(package: Package, name: str) -> None:
    assert rows()[name] == priced(package(*STAGES[name]))


@pytest.mark.parametrize("name", WAYS)
def test_the_table_has_the_price_of_each_way_to_run_one(package_way: Package, name: str) -> None:
    assert rows()[name] == priced(package_way(WAYS[name]))


def test_the_table_has_no_other_stage() -> None:
    assert rows().keys() == STAGES.keys() | WAYS.keys()


def test_a_further_size_costs_what_the_page_says(package: Package) -> None:
    """A queue that is polled, three alarms, and a metric."""
    idle = POLLS / 1e6 * MILLION_REQUESTS + 3 * ALARM
    expected = f"{_dollars(idle)} when idle and {_dollars(idle + METRIC)} running"
    assert expected in PAGE.read_text()
    for page in ("README.md", "docs/deploy.md"):
        assert f"{_dollars(idle)} a month" in (PROJECT / page).read_text(), page
    dev = package("dev")
    of_size = [each for each in dev.of_type("AWS::CloudWatch::Alarm") if each.endswith("Thumbnail")]
    assert len(of_size) == 3
