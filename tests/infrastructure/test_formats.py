"""Formats by Accept: our CloudFront Function under Node, on the origins of the template."""

from pathlib import Path
from typing import Any

import pytest

from infra.delivery import viewer_function
from infra.delivery.viewer_function import MAX_FUNCTION_BYTES
from lib.errors import ConfigError
from tests.infrastructure.edge import Edge
from tests.infrastructure.generated import HERO, generated, generated_template

URI = "/hero/2026/photo.jpg"
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
# Safari 16.3 and older take no AVIF.
OLD_SAFARI = "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
OLD_EDGE = "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"

AVIF, WEBP, OWN = "hero.avif", "hero.webp", "hero"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    sizes = [HERO, {"name": "thumb", "width": 10, "formats": ["webp"]}, "400x300"]
    folder = tmp_path_factory.mktemp("sizes")
    return Edge(generated_template(folder, sizes, serve_formats="true"))


@pytest.mark.parametrize(
    ("accept", "folder"),
    [
        (CHROME, AVIF),
        (OLD_SAFARI, WEBP),
        (OLD_EDGE, OWN),
        ("*/*", OWN),
        ("image/*", OWN),
        (None, OWN),
        ("", OWN),
        ("image/webp,image/avif", AVIF),
        ("image/webp;q=1,image/avif;q=0.1", AVIF),
        ("image/avif;q=0,image/webp", WEBP),
        ("image/avif;q=0.0, image/webp ; q=0.000", OWN),
        ("IMAGE/AVIF", AVIF),
        ("image/avif;v=b3;q=0.9", AVIF),
        ("image/avif;q=high", OWN),
        ("image/avif;q=", OWN),
        ("image/avif-sequence", OWN),
        ("ximage/avif", OWN),
        (["text/html", "image/webp"], WEBP),
        (",;,;q=1,image/webp", WEBP),
        ("__proto__,image/webp", WEBP),
    ],
)
def test_the_first_format_that_the_browser_names_is_asked_for_and_then_the_sizes_own(
    edge: Edge, accept: Any, folder: str
) -> None:
    asked = edge.one(URI, accept)
    own = "hero/2026/photo.jpg"
    assert asked.keys == ([own] if folder == OWN else [f"{folder}/2026/photo.jpg", own])


@pytest.mark.parametrize(
    "uri",
    [
        "/400x300/a.jpg",  # a size without formats
        "/hero.avif/a.jpg",  # a format by its own folder
        "/hero",
        "/hero/",
        "/",
        "//hero/a.jpg",
        "/2026/hero/a.jpg",
        "/constructor/a.jpg",
        "/__proto__/a.jpg",
        "/unknown/a.jpg",
    ],
)
def test_nothing_else_is_touched(edge: Edge, uri: str) -> None:
    asked = edge.one(uri, CHROME)
    assert asked.keys == [uri.removeprefix("/")]
    assert asked.cache_key == (uri, "")


def test_a_size_gets_its_own_formats_only(edge: Edge) -> None:
    assert edge.one("/thumb/a.jpg", CHROME).keys == ["thumb.webp/a.jpg", "thumb/a.jpg"]


def test_each_format_is_cached_once_whatever_browsers_say(edge: Edge) -> None:
    accepts = [CHROME, OLD_SAFARI, OLD_EDGE, None, "*/*", "image/avif", "image/webp;q=0.1", "x/y"]
    accepts += [f"image/{number},image/avif;q=0.{number + 1}" for number in range(8)]
    keys = {asked.cache_key for asked in edge.ask(URI, *accepts)}
    assert keys == {
        ("/2026/photo.jpg", "hero.avif"),
        ("/2026/photo.jpg", "hero.webp"),
        (URI, ""),
    }


def test_the_same_path_of_two_sizes_is_cached_apart(edge: Edge) -> None:
    hero, thumb = edge.one("/hero/a.jpg", OLD_SAFARI), edge.one("/thumb/a.jpg", OLD_SAFARI)
    assert hero.cache_key != thumb.cache_key


@pytest.mark.parametrize("uri", [URI, "/400x300/a.jpg", "/2026/photo.jpg", "/"])
@pytest.mark.parametrize("accept", [CHROME, None])
def test_a_visitor_cannot_choose_the_folder_or_the_cache_entry(
    edge: Edge, uri: str, accept: str | None
) -> None:
    forged = edge.one(uri, accept, **{"x-fanout-folder": "hero.webp"})
    assert forged == edge.one(uri, accept)


def test_a_query_string_is_no_part_of_the_choice(edge: Edge) -> None:
    """The event has one; the cache policy counts none."""
    assert all("?" not in key for key in edge.one(URI, CHROME).keys)


def test_with_pictures_on_demand_a_missing_format_is_made(tmp_path: Path) -> None:
    template = generated_template(tmp_path, [HERO], serve_formats="true", on_demand="declared")
    takes_avif, takes_nothing = Edge(template).ask("/hero/a.jpg", "image/avif", None)
    assert takes_avif.keys == ["hero.avif/a.jpg", "on-demand:/hero.avif/a.jpg"]
    assert takes_nothing.keys == ["hero/a.jpg", "on-demand:/hero/a.jpg"]


def test_an_emulator_has_one_origin_and_the_folder_in_the_uri(tmp_path: Path) -> None:
    options = {"serve_formats": "true", "emulator": "http://127.0.0.1:1"}
    edge = Edge(generated_template(tmp_path, [HERO], **options))
    assert edge.one(URI, CHROME).keys == ["hero.avif/2026/photo.jpg"]
    assert edge.one(URI, None).keys == ["hero/2026/photo.jpg"]


def test_without_serve_formats_nothing_is_chosen(tmp_path: Path) -> None:
    template = generated_template(tmp_path, [HERO])
    assert len(template.properties("Distribution")["DistributionConfig"]["Origins"]) == 1
    assert Edge(template).one(URI, CHROME) == ((URI,), [URI.removeprefix("/")])


def test_the_function_is_published_and_runs_before_the_cache_is_looked_at(tmp_path: Path) -> None:
    template = generated_template(tmp_path, [HERO], serve_formats="true")
    function = template.properties("ViewerRequest")
    assert function["AutoPublish"] is True
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    assert function["FunctionCode"].startswith("import cf from 'cloudfront';\n")
    config = template.properties("Distribution")["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["FunctionAssociations"] == [
        {"EventType": "viewer-request", "FunctionARN": "ViewerRequest.FunctionARN"}
    ]


def test_every_origin_is_the_private_bucket_behind_the_distributions_signature(
    tmp_path: Path,
) -> None:
    template = generated_template(tmp_path, [HERO], serve_formats="true")
    origins = template.properties("Distribution")["DistributionConfig"]["Origins"]
    assert [each.get("OriginPath") for each in origins] == [
        None,
        "/hero",
        "/hero.avif",
        "/hero.webp",
    ]
    assert {each["DomainName"] for each in origins} == {"ImagesBucket.RegionalDomainName"}
    assert {each["OriginAccessControlId"] for each in origins} == {"OriginAccess.Id"}


def test_more_sizes_with_formats_than_cloudfront_has_origins_for_are_refused(
    tmp_path: Path,
) -> None:
    sizes = [{"width": width, "formats": ["avif", "webp", "png"]} for width in range(1, 26)]
    generated_template(tmp_path, sizes[:24], serve_formats="true")
    generated_template(tmp_path, sizes)
    with pytest.raises(ConfigError, match=r"serve_formats: 25 sizes.* 100 folders.* allows 100"):
        generated_template(tmp_path, sizes, serve_formats="true")


def test_the_function_is_small_enough_with_the_most_sizes(tmp_path: Path) -> None:
    names = [f"{number:02}-{'x' * 30}" for number in range(29)]
    sizes = [{"name": name, "width": 9, "formats": ["avif", "webp"]} for name in names]
    options = {"serve_formats": "true", "purge": "false", "stage": "d", "service": "i"}
    template = generated_template(tmp_path, sizes, **options)
    size = len(template.properties("ViewerRequest")["FunctionCode"].encode())
    assert size < MAX_FUNCTION_BYTES


def test_a_function_too_large_for_cloudfront_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer_function, "MAX_FUNCTION_BYTES", 1000)
    with pytest.raises(ConfigError, match=r"serve_formats: .* bytes .* 1 sizes, .* takes 1,000"):
        generated_template(tmp_path, [HERO], serve_formats="true")


@pytest.mark.parametrize(
    ("size", "option", "expected"),
    [(HERO, "true", "true"), ("400x300", "true", "false"), (HERO, "false", "false")],
)
def test_purges_know_whether_choices_are_cached(
    tmp_path: Path, size: Any, option: str, expected: str
) -> None:
    """Else they would pay for paths under which nothing is."""
    purge = generated(tmp_path, [size], serve_formats=option)["functions"]["purge"]
    assert purge["environment"]["SERVE_FORMATS"] == expected
