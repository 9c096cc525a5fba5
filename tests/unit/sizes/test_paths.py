"""Patterns of paths: which photos a size is made of."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import ConfigError
from lib.sizes import Size, parse_sizes, recipe_id
from lib.sizes.paths import covers, find_mistake, matches_any

MATCHES = {
    "avatars/": "avatars/a.jpg avatars/2026/a.jpg avatars/a",
    "*/logos/": "shop/logos/a.png x/logos/b/c",
    "**/logos/": "logos/a shop/logos/a.png a/b/c/logos/d/e",
    "shops/*.png": "shops/a.png shops/.png",
    "shops/**/*.png": "shops/a.png shops/a/b.png shops/a/b/c.png",
    "a/**": "a/b a/b/c",
    "**": "a a/b a/b/c",
    "**/": "a a/b",
    "*": "a a.jpg",
    "*.jpg": "a.jpg .jpg a.jpg.jpg",
    "a*b*c.d": "abc.d aXbYc.d abbcc.d",
    "a/**/b/**/c.d": "a/b/c.d a/b/b/c.d a/x/b/y/z/c.d",
    "2026 (é)/~[1]?.d": "2026 (é)/~[1]?.d",
    "**/a*/": "ab/c x/ab/c a/b",
}
OTHERS = {
    "avatars/": "avatars Avatars/a.jpg xavatars/a.jpg x/avatars/a.jpg avatar/a",
    "*/logos/": "logos/a a/b/logos/c shop/logos",
    "**/logos/": "logos a/logos logo/a",
    "shops/*.png": "shops/a/b.png shops/a.PNG shops/png",
    "shops/**/*.png": "shops/a.jpg a/shops/b.png",
    "a/**": "a b/a",
    "*": "a/b",
    "*.jpg": "a.jpeg a/b.jpg",
    "a*b*c.d": "ac.d a/bc.d",
    "a/**/b/**/c.d": "a/c.d b/c.d a/b/c.de",
    "2026 (é)/~[1]?.d": "2026 (e)/~[1]?.d 2026 (é)/~1x.d",
}


@pytest.mark.parametrize("pattern", MATCHES)
def test_a_pattern_matches_the_whole_path(pattern: str) -> None:
    assert find_mistake(pattern) == ""
    paths = re.split(r" (?!\()", MATCHES[pattern])
    assert [path for path in paths if not matches_any([pattern], path)] == []


@pytest.mark.parametrize("pattern", OTHERS)
def test_a_pattern_matches_nothing_else(pattern: str) -> None:
    paths = re.split(r" (?!\()", OTHERS[pattern])
    assert [path for path in paths if matches_any([pattern], path)] == []


def by_regex(pattern: str, path: str) -> bool:
    """The meaning of a pattern, in other words: as a regular expression."""
    parts = pattern.removesuffix("/").split("/")
    if pattern.endswith("/") or parts[-1] == "**":
        parts = [*(parts[:-1] if parts[-1] == "**" else parts), "**", "*"]
    text = "".join(
        "(?:[^/]+/)*" if part == "**" else re.escape(part).replace(r"\*", "[^/]*") + "/"
        for part in parts
    )
    return re.fullmatch(text, path + "/", re.DOTALL) is not None


PARTS = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "a*b", "**", "é.d", "\N{SUNRISE}"])
PATTERNS = st.builds(
    lambda parts, end: "/".join(parts) + end,
    st.lists(PARTS, min_size=1, max_size=5),
    st.sampled_from(["", "/"]),
)
PATHS = st.lists(st.text(st.sampled_from("ab*"), min_size=1, max_size=3), min_size=1, max_size=6)


@given(pattern=PATTERNS, parts=PATHS)
def test_a_pattern_means_what_its_regular_expression_means(pattern: str, parts: list[str]) -> None:
    path = "/".join(parts)
    assert matches_any([pattern], path) == by_regex(pattern, path)


@given(outer=PATTERNS, inner=PATTERNS, parts=PATHS)
def test_a_pattern_that_covers_another_matches_all_that_it_matches(
    outer: str, inner: str, parts: list[str]
) -> None:
    path = "/".join(parts)
    if covers(outer, inner) and matches_any([inner], path):
        assert matches_any([outer], path)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [("a/", "a/b/"), ("**", "a/*"), ("a/", "a/**/b.jpg"), ("*/", "a/b*/"), ("a*/", "ab/c.jpg")],
)
def test_a_pattern_covers_a_narrower_one(outer: str, inner: str) -> None:
    assert covers(outer, inner)
    assert not covers(inner, outer)


def test_no_path_takes_long() -> None:
    path = "/".join(["a"] * 500)
    began = time.process_time()
    assert not matches_any(["**/a/" * 15 + "b", "*a" * 200 + "b"], path)
    assert not matches_any(["*a" * 200 + "b"], "a" * 1000)
    # A regular expression takes longer than the universe is old.
    assert time.process_time() - began < 2


def test_paths_and_except_together() -> None:
    size = Size.model_validate({"width": 9, "paths": ["a/", "b/"], "except": ["**/x/", "b/*.png"]})
    asked = ["a/1", "a/b/x/1", "x/1", "b/1.png", "b/c/1.png", "c/1"]
    assert [path for path in asked if size.applies_to(path)] == ["a/1", "b/c/1.png"]


def test_a_size_without_either_is_of_every_photo() -> None:
    assert Size.model_validate({"width": 9}).applies_to("any/path")
    assert not Size.model_validate({"width": 9}).is_limited


def test_defaults_have_patterns_and_a_size_its_own() -> None:
    text = b"""
defaults: {paths: [shop/], except: ["**/drafts/"]}
sizes:
  - 9x
  - {name: all, width: 9, paths: ["**"], except: []}
  - {name: avatar, width: 9, paths: [avatars/]}
"""
    shop, every, avatar = parse_sizes(text, file="sizes.yml").sizes
    asked = ["shop/1", "shop/drafts/1", "avatars/1", "avatars/drafts/1"]
    assert [path for path in asked if shop.applies_to(path)] == ["shop/1"]
    assert [path for path in asked if every.applies_to(path)] == asked
    assert [path for path in asked if avatar.applies_to(path)] == ["avatars/1"]


def test_a_pattern_that_begins_with_an_asterisk_needs_quotes() -> None:
    with pytest.raises(ConfigError, match="put text that begins with"):
        parse_sizes(b"sizes: [{name: a, width: 9, paths: [**/b/]}]", file="sizes.yml")


def test_no_variant_becomes_stale_by_paths() -> None:
    limited = Size.model_validate({"width": 9, "paths": ["a/"], "except": ["a/b/"]})
    assert recipe_id(limited, "1") == recipe_id(Size.model_validate({"width": 9}), "1")
    assert Size.model_validate_json(limited.model_dump_json()) == limited
