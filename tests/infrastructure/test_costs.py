"""docs/costs.md has the prices of what is in the compiled templates."""

import pytest

from lib.operations.estimates import estimate
from lib.operations.plan.aws_limits import IDLE_POLLS
from lib.operations.plan.bill import Month, make_bill
from lib.operations.plan.prices import load_prices
from lib.operations.plan.render_times import Photo, estimate_worker_time
from lib.operations.plan.stage import read_stage
from lib.sizes import Size
from tests.infrastructure.conftest import Package
from tests.infrastructure.template import Template
from tests.infrastructure.test_dashboard import metrics_read
from tests.service import PROJECT

PAGE = PROJECT / "docs" / "costs.md"
REGION = "us-east-1"
PRICES = load_prices(REGION)
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
    stage = read_stage(template.document, REGION)
    assert (stage.polled_queues, stage.alarms, stage.secrets, stage.metrics) == tuple(
        map(len, (queues, alarms, secrets, ours))
    )
    times = {s.name: estimate_worker_time(s.size, s.memory, Photo(12)) for s in stage.sizes}
    unused = make_bill(stage, times, Month(Photo(12), [0]), PRICES)
    idle = unused.total - unused.of("metric")
    counts = [len(each) for each in (queues, alarms, secrets, ours, dashboards)]
    running = idle + PRICES.cost("metric", len(ours))
    return [*map(str, counts), *map(_dollars, (idle, running, _thousand_photos(template)))]


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


def test_other_pages_name_the_same_prices() -> None:
    named = {
        "serverless.yml": (
            f"trace the functions' calls: ${PRICES.first('xray_trace') * 1e6:.0f} a million",
            f"are not rendered: ${PRICES.first('rekognition_image') * 1000:.0f} a thousand",
        ),
        "docs/operations.md": (
            "further ones $0.005 each",
            *(
                f"{paths:,} paths | ${PRICES.cost('invalidation_path', paths):.0f} |"
                for paths in (1200, 12_000, 120_000)
            ),
        ),
        "docs/costs.md": (
            f"an alarm is {_dollars(PRICES.first('alarm'))}, a secret "
            f"{_dollars(PRICES.first('secret'))}, a web ACL ${PRICES.first('web_acl'):.0f} and "
            f"${PRICES.first('web_acl_rule'):.0f} a rule",
            f"custom metrics at {_dollars(PRICES.first('metric'))} each",
            f"logs ({_dollars(PRICES.first('log_gb'))} a GB",
            f"A KMS key (`kms_key`) is ${PRICES.first('kms_key'):.0f}",
        ),
    }
    for page, sentences in named.items():
        text = (PROJECT / page).read_text()
        assert [each for each in sentences if each not in text] == [], page


def test_a_further_size_costs_what_the_page_says(package: Package) -> None:
    """A queue that is polled, three alarms, and a metric."""
    idle = PRICES.cost("sqs_request", IDLE_POLLS) + 3 * PRICES.first("alarm")
    running = idle + PRICES.first("metric")
    expected = f"{_dollars(idle)} when idle and {_dollars(running)} running"
    assert expected in PAGE.read_text()
    for page in ("README.md", "docs/deploy.md"):
        assert f"{_dollars(idle)} a month" in (PROJECT / page).read_text(), page
    dev = package("dev")
    of_size = [each for each in dev.of_type("AWS::CloudWatch::Alarm") if each.endswith("Thumbnail")]
    assert len(of_size) == 3
