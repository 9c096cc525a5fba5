"""Filter policies of limited sizes' subscriptions: they drop nothing that a worker has to see."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.errors import ConfigError
from lib.sizes import Size
from lib.sizes.filters import MAX_COMPLEXITY, MAX_PREFIXES, PASS_ALL, build_filter
from lib.sizes.paths import MAX_PATTERNS, find_mistake
from tests.infrastructure.generated import generated, generated_template
from tests.payloads import payload, s3_event

UPLOAD, REMOVAL = "ObjectCreated:Put", "ObjectRemoved:DeleteMarkerCreated"
# Ways in which programs write a key into an event: they differ in these characters only.
ENCODERS: list[Callable[[str], str]] = [
    lambda key: quote_plus(key, safe="/"),
    lambda key: quote_plus(key, safe="/!'()*"),
    lambda key: quote_plus(key, safe="/*").replace("~", "%7E"),
]


def limited(paths: list[str] | None = None, leaving_out: list[str] | None = None) -> Size:
    return Size.model_validate({"width": 9, "paths": paths, "except": leaving_out or []})


def keys_of(size: Size, prefix: str = "originals/") -> Any:
    """The alternative of the policy that compares keys."""
    made = build_filter(size, prefix)
    if not made:
        return None
    assert made["FilterPolicyScope"] == "MessageBody"
    uploads, others = made["FilterPolicy"]["$or"]
    assert others == {"Records": {"eventName": [{"anything-but": {"prefix": "ObjectCreated:"}}]}}
    return uploads["Records"]["s3"]["object"]["key"]


def passes(policy: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether SNS delivers this body: the part of its rules that the policies use."""
    if "$or" in policy:
        assert len(policy) == 1
        return any(passes(alternative, event) for alternative in policy["$or"])
    return all(
        any(_passes(rules, each) for each in (found if isinstance(found, list) else [found]))
        for name, rules in policy.items()
        for found in [event.get(name, [])]
    )


def _passes(rules: Any, found: Any) -> bool:
    if isinstance(rules, dict):
        return passes(rules, found)
    return any(_matches(rule, found) for rule in rules)


def _matches(rule: dict[str, Any], found: str) -> bool:
    match rule:
        case {"prefix": prefix}:
            return found.startswith(prefix)
        case {"anything-but": {"prefix": prefix}}:
            return not found.startswith(prefix)
        case {"exists": True}:
            return True
    raise AssertionError(f"SNS has no rule {rule}")


def event_of(key: str, encode: Callable[[str], str], name: str = UPLOAD) -> dict[str, Any]:
    event = s3_event("", eventName=name)
    event["Records"][0]["s3"]["object"]["key"] = encode(key)
    return event


@pytest.mark.parametrize(
    ("paths", "prefixes"),
    [
        (["avatars/"], ["originals/avatars/"]),
        (["b/", "a/", "a/b/"], ["originals/a/", "originals/b/"]),
        (["shops/*/logos/", "x/**/y.jpg"], ["originals/shops/", "originals/x/"]),
        (["avatar*/", "logo.png"], ["originals/avatar", "originals/logo.png"]),
        (["My photos/a+b=c&é/"], ["originals/My+photos/a%2Bb%3Dc%26%C3%A9/"]),
        (["2026 (old)/~/"], ["originals/2026+"]),
        (["a/", "*.png"], None),
        (["**/icons/"], None),
        (["**"], None),
        (["(a)/"], None),
    ],
)
def test_what_prefixes_tell_of_paths(paths: list[str], prefixes: list[str] | None) -> None:
    expected = [{"prefix": prefix} for prefix in prefixes or ()]
    assert keys_of(limited(paths)) == (expected or None)


@pytest.mark.parametrize(
    ("paths", "leaving_out", "dropped"),
    [
        (None, ["drafts/"], "originals/drafts/"),
        (None, ["**/icons/", "old drafts/", "b/"], "originals/old+drafts/"),
        (["**/icons/"], ["drafts/"], "originals/drafts/"),
        (None, ["drafts/*", "a.jpg", "(a)/"], None),
    ],
)
def test_what_a_prefix_tells_of_exceptions(
    paths: list[str] | None, leaving_out: list[str], dropped: str | None
) -> None:
    expected = dropped and [{"anything-but": {"prefix": dropped}}]
    assert keys_of(limited(paths, leaving_out)) == expected


def test_an_exception_within_its_paths_is_left_to_the_worker() -> None:
    assert keys_of(limited(["a/"], ["a/b/"])) == [{"prefix": "originals/a/"}]


def test_another_prefix_of_originals() -> None:
    assert keys_of(limited(["a/"]), "") == [{"prefix": "a/"}]
    assert keys_of(limited(["a/"]), "shop/in box/") == [{"prefix": "shop/in+box/a/"}]
    assert keys_of(limited(None, ["a/"]), "") == [{"anything-but": {"prefix": "a/"}}]
    assert keys_of(limited(["**"]), "") is None
    assert keys_of(limited(["a/"]), "ours~/") is None


def test_a_size_of_every_photo_has_none(tmp_path: Path) -> None:
    assert filtered(tmp_path, ["9x9"]) == []


def test_every_list_that_is_taken_fits_into_a_policy() -> None:
    """Values times levels: 36 prefixes of a key were taken by SNS, and 40 refused."""
    assert MAX_PATTERNS <= MAX_PREFIXES <= 37
    keys = keys_of(limited([f"{number}/" for number in range(MAX_PATTERNS)]))
    assert len(keys) * len(["Records", "s3", "object", "key"]) + 2 <= MAX_COMPLEXITY


PARTS = st.lists(
    st.sampled_from(["a", "b c", "a+", "é", "(a)", "~", "*", "a*", "**", "%41", "\N{SUNRISE}"]),
    min_size=1,
    max_size=3,
)
PATTERNS = st.lists(
    st.builds(lambda parts, end: "/".join(parts) + end, PARTS, st.sampled_from(["/", ".d", "/*"])),
    max_size=3,
).map(lambda patterns: list(dict.fromkeys(p for p in patterns if not find_mistake(p))))
PATHS = st.lists(
    st.sampled_from(["a", "b c", "a+", "a b", "é", "(a)", "~", "%41", "x.d", "\N{SUNRISE}"]),
    min_size=1,
    max_size=4,
).map("/".join)


@given(
    paths=PATTERNS,
    leaving_out=PATTERNS,
    path=PATHS,
    prefix=st.sampled_from(["originals/", "", "my box/", "(a)/"]),
    encode=st.sampled_from(ENCODERS),
)
def test_a_filter_drops_only_uploads_that_the_worker_would_skip(
    paths: list[str], leaving_out: list[str], path: str, prefix: str, encode: Callable[[str], str]
) -> None:
    try:
        size = limited(paths or None, leaving_out)
    except ValueError:
        assume(False)
    made = build_filter(size, prefix)
    if made and not passes(made["FilterPolicy"], event_of(prefix + path, encode)):
        assert not size.applies_to(path)
    if made:
        assert passes(made["FilterPolicy"], event_of(prefix + path, encode, REMOVAL))
        expiration = payload("lifecycle_expiration")
        assert passes(made["FilterPolicy"], expiration)


@given(path=PATHS)
def test_a_folder_is_filtered_for_good(path: str) -> None:
    """What a prefix can tell, it does."""
    size = limited(["a b/é/", "a+/"])
    policy = build_filter(size, "originals/")["FilterPolicy"]
    assert passes(policy, event_of(f"originals/{path}", ENCODERS[0])) == size.applies_to(path)


def test_the_policy_of_a_size_that_is_of_every_photo_again_lets_all_through() -> None:
    policy = PASS_ALL["FilterPolicy"]
    assert passes(policy, event_of("originals/a (1)~.jpg", quote))
    assert passes(policy, event_of("originals/a.jpg", quote, REMOVAL))


LIMITED: list[Any] = [
    {"name": "avatar", "width": 9, "paths": ["avatars/"]},
    {"name": "large", "width": 99, "except": ["avatars/"]},
]
SIGNED = {"on_demand": "signed", "purge": "true"}


def filtered(tmp_path: Path, sizes: list[Any], **options: str) -> list[str]:
    resources = generated_template(tmp_path, sizes, **options).resources
    return [
        logical.removeprefix("TopicSubscription").lower()
        for logical, resource in resources.items()
        if "FilterPolicyScope" in resource.get("Properties", {})
    ]


def test_each_limited_size_has_its_filter_but_on_an_emulator(tmp_path: Path) -> None:
    assert filtered(tmp_path, [*LIMITED, "9x9"]) == ["avatar", "large"]
    assert filtered(tmp_path, LIMITED, emulator="http://127.0.0.1:4566") == []


def test_one_size_hears_of_photos_of_no_size_where_their_signed_images_are_cached(
    tmp_path: Path,
) -> None:
    assert filtered(tmp_path, LIMITED, **SIGNED) == ["large"]
    assert filtered(tmp_path, [*LIMITED, "9x9"], **SIGNED) == ["avatar", "large"]


@pytest.mark.parametrize("key", ["paths", "except"])
def test_a_pattern_with_the_prefix_of_originals_is_refused(tmp_path: Path, key: str) -> None:
    size = {"name": "avatar", "width": 9, key: ["originals/avatars/"]}
    with pytest.raises(ConfigError, match=r"sizes\.yml:2: avatar: .*: write avatars/"):
        generated(tmp_path, [size])


def test_patterns_too_long_for_a_functions_environment_are_refused(tmp_path: Path) -> None:
    long = [f"{at}{'x' * 100}/" for at in range(20)]
    with pytest.raises(ConfigError, match=r"sizes\.yml:2: avatar: takes 2,\d+ bytes"):
        generated(tmp_path, [{"name": "avatar", "width": 9, "paths": [*long, "y" * 200 + "/"]}])
    many = [
        {"name": f"s{at}", "width": 9, "paths": [f"{hash((at, n)):x}/" for n in range(20)]}
        for at in range(20)
    ]
    with pytest.raises(ConfigError, match=r"all sizes together, packed: takes \d,\d+ bytes"):
        generated(tmp_path, many)
