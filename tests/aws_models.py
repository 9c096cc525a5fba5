"""botocore's models of the services, parsed once a test run: a new session parses them anew."""

from collections.abc import Iterator
from unittest import mock

import botocore.loaders
import pytest


@pytest.fixture(scope="session")
def models() -> Iterator[None]:
    """One loader for all sessions, which saves each of them a second."""
    loader = botocore.loaders.create_loader()
    with mock.patch("botocore.session.create_loader", lambda _: loader):
        yield
