"""The local stacks of the end-to-end tests, started and stopped by the test run itself.

One is shared by all tests that can do with a stage as it is by default. Tests of one stack run in
one process, one after the other; those of another stack beside them.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.client import aws
from local.stack import DeployedStack, LocalDeployment
from tests.aws_models import models
from tests.command_line import Run, fanout
from tests.e2e.site import Site
from tests.service import Service, fetch_packages

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

__all__ = ["models"]


# About what the stacks' tests take on two cores: those of the longest are begun with.
_SECONDS = {
    "local": 200,
    "site": 130,
    "test_make_local": 80,
    "test_lifecycle": 80,
    "test_chaos": 80,
}
# Of the emulator's log: what a minute of a few tests leaves.
_LINES = 100


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a stack together, and begin with them; those that change it come last."""
    for item in items:
        if item.nodeid.startswith("tests/e2e/"):
            stack = _stack_of(item)
            item.add_marker(pytest.mark.xdist_group(stack))
            item.add_marker(pytest.mark.slow(seconds=_SECONDS.get(stack, 50)))
    # Those of a file in a row: two files may want the same stage.
    items.sort(key=lambda item: item.path.stem if item.get_closest_marker("redeploys") else "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the stack's functions, queues and topics did before it."""
    report = yield
    fixtures = getattr(item, "funcargs", {})
    local = fixtures.get("local") or getattr(fixtures.get("site"), "local", None)
    if report.failed and local and (log := local.state / "emulator.log").exists():
        lines = log.read_text(errors="replace").splitlines()[-_LINES:]
        report.sections.append(("emulator.log, its end", "\n".join(lines)))
    return report


def _stack_of(item: pytest.Item) -> str:
    names = getattr(item, "fixturenames", ())
    return next((name for name in ("local", "site") if name in names), item.path.stem)


@pytest.fixture(scope="session")
def packages(models: None) -> None:
    """Have the wheels at hand that every deploy takes."""
    fetch_packages()


@pytest.fixture(scope="session")
def local(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDeployment]:
    """The stack that is shared, deployed."""
    service = Service(tmp_path_factory.mktemp("service"), with_packages=True)
    local = LocalDeployment(tmp_path_factory.mktemp("stack") / "state", service.folder)
    try:
        local.up(on_progress=print)
        yield local
    finally:
        local.down()


@pytest.fixture(scope="session")
def stack(local: LocalDeployment) -> DeployedStack:
    return local.read()


@pytest.fixture(scope="session")
def s3(stack: DeployedStack) -> "S3Client":
    s3: S3Client = aws(stack, "s3")
    return s3


@pytest.fixture(scope="session")
def sqs(stack: DeployedStack) -> "SQSClient":
    sqs: SQSClient = aws(stack, "sqs")
    return sqs


@pytest.fixture(scope="session")
def site(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A stack of its own, whose parameters change."""
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        yield site
    finally:
        site.local.down()


class Operator:
    """Types `./fanout … --stage local` for the stack of a state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def __call__(self, *arguments: str) -> Run:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FANOUT_LOCAL", str(self.state))
            patch.setenv("COLUMNS", "120")
            return fanout(*arguments, "--stage", "local")


@pytest.fixture(scope="session")
def operator(local: LocalDeployment) -> Operator:
    return Operator(local.state)
