"""The compiled template of each stage, packaged once for all tests."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.infrastructure.template import Template
from tests.service import Service

Package = Callable[..., Template]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(tmp_path_factory.mktemp("service"), with_packages=False)


@pytest.fixture(scope="session")
def package(service: Service) -> Package:
    """The template of a stage with some --param=…, made once for whoever asks."""
    return cache(lambda stage, *options: Template(service.template(stage, *options)))


@pytest.fixture(scope="session")
def dev(package: Package) -> Template:
    return package("dev")


@pytest.fixture(scope="session", params=["dev", "prod", "local"])
def each_stage(request: pytest.FixtureRequest, package: Package) -> Template:
    return package(request.param)


@pytest.fixture
def fresh_service(tmp_path: Path) -> Service:
    return Service(tmp_path, with_packages=False)
