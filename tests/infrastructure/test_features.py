"""The output that says what is switched on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.generated import generated


@pytest.mark.parametrize(
    ("changes", "features"),
    [
        ({}, ["purge"]),
        ({"purge": "false"}, []),
        ({"delivery": "public-read"}, []),
        ({"delivery": "website"}, ["website"]),
        ({"delivery": "website", "emulator": "http://127.0.0.1:1"}, []),
        ({"on_demand": ["signed"], "render": "true"}, ["purge", "render", "signed"]),
        (
            {"on_demand": "declared", "serve_formats": "true", "serve_queries": "true"},
            ["declared", "formats", "purge", "queries"],
        ),
    ],
)
def test_a_stack_says_what_is_switched_on(
    tmp_path: Path, changes: dict[str, Any], features: list[str]
) -> None:
    outputs = generated(tmp_path, ["400x300"], **changes)["resources"]["Outputs"]
    assert json.loads(outputs["Features"]["Value"]) == features
