"""Query strings choose among the sizes that are made of the photo, as Python decides it."""

import json
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.delivery.viewer_function import MAX_FUNCTION_BYTES, size_table
from lib.errors import ConfigError
from lib.keys import url_path
from lib.sizes import Size
from lib.sizes.paths import MAX_PATTERNS, find_mistake
from tests.infrastructure.edge import Edge
from tests.infrastructure.generated import HERO, generated_template
from tests.infrastructure.test_formats import CHROME

BOX = {"width": 40, "height": 30}
SIZES: list[dict[str, Any]] = [
    {"name": "avatar", **BOX, "paths": ["avatars/", "**/été (1)/*.j*g"]},
    {"name": "icon", "width": 9, "except": ["avatars/", "*/**/logos/"]},
    {"name": "any", **BOX},
    {**HERO, "paths": ["shop/"]},
]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return made(tmp_path_factory.mktemp("paths"), SIZES)


def made(folder: Path, sizes: list[Any], **options: str) -> Edge:
    return Edge(generated_template(folder, sizes, serve_queries="true", **options))


def chosen(edge: Edge, uri: str) -> str:
    """The URI that is asked of the bucket, or the list of sizes in a refusal."""
    answer = edge.answers([uri])[uri]
    if "statusCode" not in answer:
        return str(answer["uri"])
    assert answer["statusCode"] == 400
    return " ".join(line.split()[0] for line in answer["body"].splitlines()[1:])


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/avatars/a.jpg?w=40&h=30", "/avatar/avatars/a.jpg"),
        ("/%61vatars%2Fa~b.jpg?d=40x30", "/avatar/avatars/a%7Eb.jpg"),
        ("/x/%C3%A9t%C3%A9%20%281%29/a.jpg?w=40&h=30", "/avatar/x/%C3%A9t%C3%A9%20(1)/a.jpg"),
        ("/a.jpg?w=40&h=30", "/any/a.jpg"),
        ("/a.jpg?w=9", "/icon/a.jpg"),
        ("/a.jpg?size=avatar", "icon any"),
        ("/avatars/a.jpg?w=9", "avatar any"),
        ("/x/logos/a.jpg?size=icon", "any"),
        ("/shop/a.jpg?size=hero&format=webp", "/hero.webp/shop/a.jpg"),
        ("/a.jpg?size=hero&format=webp", "icon any"),
        ("/hero/a.jpg?w=9", "/hero/a.jpg"),
    ],
)
def test_only_sizes_of_the_photo_are_chosen_and_listed(edge: Edge, uri: str, expected: str) -> None:
    assert chosen(edge, uri) == expected


def test_a_photo_of_no_size_has_none(tmp_path: Path) -> None:
    edge = made(tmp_path, SIZES[:1])
    assert chosen(edge, "/a.jpg?w=40&h=30") == ""


def test_auto_chooses_among_the_formats_of_a_limited_size(edge: Edge) -> None:
    assert edge.one("/shop/a.jpg?size=hero&format=auto", CHROME).keys[0] == "hero.avif/shop/a.jpg"


def test_a_stage_without_limited_sizes_has_no_byte_of_it(tmp_path: Path) -> None:
    plain = made(tmp_path, [{"name": "any", **BOX}])
    assert "offered(path):SIZES" in plain.code
    assert "function offered" not in plain.code
    assert 'const SIZES = [["any",40,30,"keep",0,[]]];' in plain.code


def test_a_function_with_all_of_it_fits(tmp_path: Path) -> None:
    sizes = [
        {"name": f"size-{at}", "width": at + 1, "formats": ["webp", "avif"], "paths": [f"dir{at}/"]}
        for at in range(29)
    ]
    edge = made(tmp_path, sizes, serve_formats="true", on_demand="declared")
    assert len(edge.code.encode()) < MAX_FUNCTION_BYTES
    longest = [f"{at}{'x' * 30}/" for at in range(MAX_PATTERNS)]
    with pytest.raises(ConfigError, match=r"fewer sizes, or .* fewer paths"):
        made(tmp_path, [{"name": f"s{at}", "width": 1, "paths": longest} for at in range(29)])


PARTS = st.sampled_from(
    ["a", "b", "ab", "*", "a*", "*b", "**", "é *", "~(1)", "\N{SUNRISE}", "%41"]
)
PATTERNS = st.lists(
    st.builds(
        lambda parts, end: "/".join(parts) + end,
        st.lists(PARTS, min_size=1, max_size=4),
        st.sampled_from(["/", ".d"]),
    ).filter(lambda pattern: not find_mistake(pattern)),
    min_size=1,
    max_size=2,
    unique=True,
)
PATHS = st.lists(
    st.lists(
        st.sampled_from(["a", "b", "é", "²", " ", "*", "~", "(1)", "%", "+", ".d", "\N{SUNRISE}"]),
        min_size=1,
        max_size=3,
    ).map("".join),
    min_size=1,
    max_size=4,
).map("/".join)


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    lists=st.lists(st.tuples(PATTERNS, PATTERNS), min_size=20), paths=st.lists(PATHS, min_size=50)
)
def test_python_and_javascript_decide_alike(
    edge: Edge, lists: list[tuple[list[str], list[str]]], paths: list[str]
) -> None:
    sizes = [
        Size.model_construct(name=f"s{at}", width=1, paths=tuple(own), except_=tuple(others))
        for at, (own, others) in enumerate(lists)
    ]
    other = copy(edge)
    other.code = with_sizes(edge.code, sizes)
    found = other.answers(f"/{url_path(path)}?size=_" for path in paths)
    for path in paths:
        body = found[f"/{url_path(path)}?size=_"]["body"]
        listed = [line.split()[0] for line in body.splitlines()[1:]]
        assert listed == [size.name for size in sizes if size.applies_to(path)], path


def with_sizes(code: str, sizes: list[Size]) -> str:
    """The function's code with another table of sizes."""
    lines = code.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("const SIZES = ")]
    lines[at] = f"const SIZES = {json.dumps(size_table(sizes))};"
    return "\n".join(lines)
