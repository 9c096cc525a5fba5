"""sizes.yml: what it takes, and what it says about what it does not take."""

from pathlib import Path
from typing import Any

import pytest

from lib.errors import ConfigError
from lib.sizes import Size, load_sizes, pack_sizes, parse_sizes, recipe_id, unpack_sizes


def refused(document: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_sizes(document, file="sizes.yml")
    return str(caught.value).splitlines()


def test_short_forms_name_the_box_and_leave_the_other_edge_open() -> None:
    both, width, height = parse_sizes({"sizes": ["800x600", "1200x", "x90"]}, file="sizes.yml")
    assert (both.name, both.width, both.height) == ("800x600", 800, 600)
    assert (width.name, width.width, width.height) == ("1200x", 1200, None)
    assert (height.name, height.width, height.height) == ("x90", None, 90)


def test_defaults_apply_unless_an_entry_says_otherwise() -> None:
    document = {
        "defaults": {"quality": 70, "fit": "inside"},
        "sizes": ["10x10", {"name": "sharp", "width": 20, "quality": 95}],
    }
    plain, sharp = parse_sizes(document, file="sizes.yml")
    assert (plain.quality, plain.fit) == (70, "inside")
    assert (sharp.quality, sharp.fit) == (95, "inside")


def test_the_projects_own_sizes_are_read() -> None:
    sizes = load_sizes(Path(__file__).parents[3] / "sizes.yml")
    assert [size.name for size in sizes] == ["800x600", "400x300", "1200x", "thumbnail"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"name": "big", "width": 9000}, ["sizes[0] (big): width:", "8192", "got 9000"]),
        ({"name": "flat", "width": 0}, ["sizes[0] (flat): width:", "1", "got 0"]),
        ({"name": "Big", "width": 1}, ["sizes[0] (Big): name:", "a-z0-9-", "got 'Big'"]),
        ({"name": "-a", "width": 1}, ["name: must begin and end with a letter or a digit"]),
        ({"name": "none"}, ["sizes[0] (none): needs a width, a height or both"]),
        ({"name": "a", "width": 1, "fit": "crop"}, ["fit:", "'cover'", "got 'crop'"]),
        ({"name": "a", "width": 1, "colour": "red"}, ["colour:", "got 'red'"]),
        ({"name": "a", "width": 1, "quality": 101}, ["quality:", "100", "got 101"]),
        ({"name": "a", "width": 1, "enlarge": "no"}, ["enlarge:", "boolean", "got 'no'"]),
        ({"name": "a", "width": 1, "background": "white"}, ["background:", "got 'white'"]),
        ({"name": "a", "width": 1, "memory": 64}, ["memory:", "128", "got 64"]),
        ({"name": "a" * 41, "width": 1}, ["name:", "40"]),
        ("800*600", ["sizes[0]: must look like 800x600", "got '800*600'"]),
        ("9" * 5000 + "x", ["sizes[0]: must look like 800x600"]),
        ("٨x٦", ["sizes[0]: must look like 800x600"]),
        (800, ["sizes[0]: must look like 800x600", "got 800"]),
        (None, ["sizes[0]: must look like 800x600", "got None"]),
    ],
)
def test_a_wrong_entry_is_refused_with_entry_key_limit_and_value(
    entry: Any, expected: list[str]
) -> None:
    (line,) = refused({"sizes": [entry]})
    assert line.startswith("sizes.yml: ")
    for words in expected:
        assert words in line


def test_all_mistakes_are_told_at_once() -> None:
    lines = refused({"sizes": [{"name": "a", "width": 0}, "no", {"name": "b", "height": 0}]})
    assert len(lines) == 3


def test_two_names_alike_are_refused() -> None:
    assert refused({"sizes": ["10x10", "10x10"]}) == [
        "sizes.yml: sizes: name: two sizes are called '10x10': rename or remove one"
    ]


def test_two_names_with_one_logical_id_are_refused() -> None:
    (line,) = refused({"sizes": [{"name": "a-1", "width": 1}, {"name": "a1", "width": 1}]})
    assert "'a-1' and 'a1'" in line
    assert "logical id 'A1'" in line


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, "needs a key 'sizes'"),
        ([], "needs a key 'sizes'"),
        ({"sizes": "800x600"}, "needs a key 'sizes'"),
        ({"sizes": []}, "at least one size"),
        ({"sizes": ["1x1"], "size": 3}, "size: unknown key"),
        ({"sizes": ["1x1"], "defaults": [1]}, "defaults: must be a mapping"),
        ({"sizes": ["1x1"], "defaults": {"width": 1}}, "defaults: must be a mapping"),
    ],
)
def test_a_wrong_file_is_refused(document: Any, expected: str) -> None:
    assert expected in "\n".join(refused(document))


def test_a_file_that_is_missing_or_not_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_sizes(tmp_path / "sizes.yml")
    for text in ("sizes: [", f"sizes: [{'9' * 5000}]", "sizes: [2026-99-99]", "[" * 10_000):
        (tmp_path / "sizes.yml").write_text(text)
        with pytest.raises(ConfigError, match="is not YAML"):
            load_sizes(tmp_path / "sizes.yml")


def test_a_recipe_changes_with_what_decides_the_bytes_and_with_nothing_else() -> None:
    size = Size(name="a", width=10, height=10)
    elsewhere = {"name": "b", "memory": 512, "formats": ("webp",)}
    cached = {"cdn_seconds": 60, "browser_seconds": 0, "immutable": True}
    same = size.model_copy(update=elsewhere | cached)
    other = size.model_copy(update={"quality": 81})
    assert recipe_id(size, "1") == recipe_id(same, "1")
    assert recipe_id(size, "1") != recipe_id(other, "1")
    assert recipe_id(size, "1") != recipe_id(size, "2")


def test_packed_sizes_are_the_same_sizes_and_the_most_that_fit_a_stack_fit_the_environment() -> (
    None
):
    rich = {
        "formats": ["avif", "webp"],
        "fit": "contain",
        "background": "#f5f5f5",
        "quality": {"jpeg": 82, "webp": 79, "avif": 55},
    }
    sizes = [
        Size(name=f"gallery-{width}", width=width, height=width // 2, **rich)
        for width in range(200, 3100, 100)
    ]
    text = pack_sizes(sizes)
    assert unpack_sizes(text) == sizes
    assert len(text) < 1024


@pytest.mark.parametrize("text", ["", "nonsense", "W10="])
def test_a_text_that_holds_no_packed_sizes_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        unpack_sizes(text)
