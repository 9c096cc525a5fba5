"""Unit tests run side by side by the file."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process: to hand out thousands one by one takes xdist seconds."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        if file.startswith("tests/unit/"):
            item.add_marker(pytest.mark.xdist_group(file))
