"""The compiled template of each stage, packaged once for all tests."""

from pathlib import Path

import pytest

from tests.infrastructure.template import Template
from tests.service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(tmp_path_factory.mktemp("service"), with_packages=False)


@pytest.fixture(scope="session")
def dev(service: Service) -> Template:
    return Template(service.template("dev"))


@pytest.fixture(scope="session", params=["dev", "prod", "local"])
def each_stage(request: pytest.FixtureRequest, service: Service) -> Template:
    return Template(service.template(request.param))


@pytest.fixture
def fresh_service(tmp_path: Path) -> Service:
    return Service(tmp_path, with_packages=False)
