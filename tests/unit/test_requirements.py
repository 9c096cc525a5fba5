"""The packages of the zip: pip installs those that are named, and no others."""

from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED = [
    Requirement(line)
    for each in (Path(__file__).parents[2] / "requirements.txt").read_text().splitlines()
    if (line := each.partition("#")[0].strip())
]


def test_what_they_need_is_named_too() -> None:
    needed = {
        canonicalize_name(needs.name)
        for each in PINNED
        for needs in map(Requirement, metadata.requires(each.name) or ())
        if needs.marker is None or needs.marker.evaluate({"extra": ""})
    }
    assert needed <= {canonicalize_name(each.name) for each in PINNED}
    assert "cffi" in needed, "none is looked at"
