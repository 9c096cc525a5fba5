"""`?w=auto`: the size that is wide enough by what the browser says of its screen and layout."""

from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.edge import Edge
from tests.infrastructure.generated import HERO, generated_template
from tests.infrastructure.template import Template
from tests.infrastructure.test_formats import CHROME
from tests.infrastructure.test_queries import PATH, QUERIES

# Not by width: the rule must not depend on the order in sizes.yml.
SIZES: list[Any] = [
    "2000x",
    "400x",
    "800x600",
    {"name": "1200x", "width": 1200, "formats": ["webp"]},
    "400x300",
    {"name": "333x250", "width": 333, "height": 250},  # 4:3 to a pixel
    {"name": "padded", "width": 100, "height": 75, "fit": "contain"},
    {"name": "top", "width": 200, "height": 150, "position": "top"},
    {"name": "wide", "width": 1600, "height": 300},
    "x90",
    HERO,
]
# Those with only a width.
SAME = ("400x", "1200x", "2000x")
VARY = "Sec-CH-Width, Width, Sec-CH-DPR, DPR, Sec-CH-Viewport-Width, Viewport-Width"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return Edge(made(tmp_path_factory.mktemp("hints")))


def made(folder: Path, **options: str) -> Template:
    return generated_template(folder, SIZES, **QUERIES, **options)


def chosen(edge: Edge, query: str = "w=auto", **hints: str) -> str:
    """The folder that a query leads to; hints are named as `sec_ch_width`."""
    headers = {name.replace("_", "-"): value for name, value in hints.items()}
    answer = edge.answers([f"{PATH}?{query}"], **headers)[f"{PATH}?{query}"]
    assert "statusCode" not in answer, answer["body"]
    assert answer["querystring"] == {}
    return str(answer["uri"].removesuffix(PATH).removeprefix("/"))


@pytest.mark.parametrize(
    ("width", "folder"),
    [
        ("1", "400x"),
        ("400", "400x"),
        ("401", "1200x"),
        (" 1200 ", "1200x"),
        ("0001200", "1200x"),
        ("1200.5", "2000x"),
        ("2000", "2000x"),
        ("2001", "2000x"),  # none is wide enough
        ("9" * 400, "2000x"),
    ],
)
@pytest.mark.parametrize("hint", ["sec_ch_width", "width"])
def test_the_smallest_size_that_is_wide_enough_is_chosen(
    edge: Edge, hint: str, width: str, folder: str
) -> None:
    assert chosen(edge, **{hint: width}) == folder


@pytest.mark.parametrize(
    ("hints", "folder"),
    [
        ({"sec_ch_viewport_width": "390", "sec_ch_dpr": "3"}, "1200x"),
        ({"sec_ch_viewport_width": "390", "sec_ch_dpr": "1"}, "400x"),
        ({"sec_ch_viewport_width": "390"}, "400x"),
        ({"viewport_width": "390", "dpr": "3.5"}, "2000x"),
        ({"viewport_width": "800", "sec_ch_dpr": "0.5"}, "400x"),
        # An image's own width is the better hint, and needs no factor.
        ({"sec_ch_width": "390", "sec_ch_dpr": "3", "sec_ch_viewport_width": "2000"}, "400x"),
        ({"width": "390", "sec_ch_viewport_width": "2000"}, "400x"),
        # The newer name counts.
        ({"sec_ch_width": "400", "width": "2000"}, "400x"),
    ],
)
def test_without_the_images_width_that_of_the_screen_decides(
    edge: Edge, hints: dict[str, str], folder: str
) -> None:
    assert chosen(edge, **hints) == folder


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "0",
        "-400",
        "+400",
        "NaN",
        "Infinity",
        "1e3",
        "0x190",
        "400px",
        "400, 800",
        "٤٠٠",
        "4.",
        ".",
    ],
)
def test_what_is_no_positive_number_is_no_hint(edge: Edge, bad: str) -> None:
    middle = chosen(edge)
    assert middle == "1200x"
    assert chosen(edge, sec_ch_width=bad) == middle
    assert chosen(edge, sec_ch_viewport_width=bad, sec_ch_dpr="3") == middle
    assert chosen(edge, sec_ch_width=bad, width="400") == "400x"
    assert chosen(edge, sec_ch_viewport_width="390", sec_ch_dpr=bad) == "400x"


def test_a_browser_without_hints_gets_the_middle_one(edge: Edge, tmp_path: Path) -> None:
    assert chosen(edge) == "1200x"
    assert chosen(edge, sec_ch_dpr="2") == "1200x"  # of an unknown width
    two = Edge(generated_template(tmp_path, ["400x", "800x"], **QUERIES))
    assert chosen(two) == "800x"


@pytest.mark.parametrize(
    ("query", "narrowest", "middle", "widest"),
    [
        # The whole photo: sizes with only a width.
        ("w=auto", "400x", "1200x", "2000x"),
        ("W=AUTO", "400x", "1200x", "2000x"),
        ("w=%20auto+", "400x", "1200x", "2000x"),
        ("w=auto&w=Auto&utm_source=mail", "400x", "1200x", "2000x"),
        ("w=auto&size=400x", "400x", "1200x", "2000x"),
        # The same picture as a size's: of its ratio, cropped alike.
        ("w=auto&size=800x600", "333x250", "400x300", "800x600"),
        ("size=400x300&w=auto", "333x250", "400x300", "800x600"),
        ("w=auto&size=padded", "padded", "padded", "padded"),
        ("w=auto&size=top", "top", "top", "top"),
        # A height of its own.
        ("w=auto&h=300", "400x300", "wide", "wide"),
        ("w=auto&d=x300", "400x300", "wide", "wide"),
        ("w=auto&h=300&size=800x600", "400x300", "400x300", "400x300"),
        # Of those that have the format.
        ("w=auto&format=webp", "1200x.webp", "1200x.webp", "1200x.webp"),
        ("w=auto&format=keep", "400x", "1200x", "2000x"),
        ("w=auto&format=auto", "400x", "1200x", "2000x"),
    ],
)
def test_only_sizes_of_one_picture_are_chosen_from(
    edge: Edge, query: str, narrowest: str, middle: str, widest: str
) -> None:
    widths = [{"sec_ch_width": "1"}, {}, {"sec_ch_width": "99999"}]
    assert [chosen(edge, query, **each) for each in widths] == [narrowest, middle, widest]


@pytest.mark.parametrize(
    "query",
    [
        "w=auto&w=400",
        "w=auto&d=400x300",
        "w=auto&h=301",
        "w=auto&h=auto",
        "h=auto",
        "d=auto",
        "d=autox300",
        "w=auto&size=x90",  # has no width
        "w=auto&size=other",
        "w=auto&size=padded&h=300",
        "w=auto&format=png",
        "w=auto&size=auto",
        "w=automatic",
    ],
)
def test_what_names_no_width_to_choose_is_refused(edge: Edge, query: str) -> None:
    answer = edge.answers([f"{PATH}?{query}"], **{"sec-ch-width": "400"})[f"{PATH}?{query}"]
    assert answer["statusCode"] == 400
    assert "?w=auto" in answer["body"].splitlines()[0]


def test_all_hints_share_one_cache_entry_a_size(edge: Edge) -> None:
    asked = [
        edge.one(f"{PATH}?w=auto", CHROME, **{"sec-ch-width": str(width), "sec-ch-dpr": "2"})
        for width in (1, 399, 401, 1000, 2000, 9000)
    ]
    small, middle, large = (edge.one(f"/{name}{PATH}", CHROME) for name in SAME)
    assert asked == [small, small, middle, middle, large, large]


def test_formats_are_negotiated_for_the_size_that_is_chosen(edge: Edge) -> None:
    asked = edge.one(f"{PATH}?w=auto&format=auto", CHROME, **{"sec-ch-width": "900"})
    assert asked == (("/2026/photo.jpg", "1200x.webp"), [f"1200x.webp{PATH}", f"1200x{PATH}"])


def test_hints_change_nothing_else(edge: Edge) -> None:
    assert chosen(edge, "w=400", sec_ch_width="2000") == "400x"
    assert edge.one(f"/400x{PATH}?w=auto", None, **{"sec-ch-width": "2000"}).keys == [f"400x{PATH}"]


def test_a_size_that_is_not_made_of_the_photo_is_not_chosen(tmp_path: Path) -> None:
    limited = {"name": "800", "width": 800, "paths": ["albums/"]}
    edge = Edge(generated_template(tmp_path, ["400x", limited, "1200x"], **QUERIES))
    assert chosen(edge, sec_ch_width="500") == "1200x"
    album = "/albums/2026/photo.jpg"
    answer = edge.answers([f"{album}?w=auto"], **{"sec-ch-width": "500"})[f"{album}?w=auto"]
    assert answer["uri"] == f"/800{album}"


class TestTemplate:
    def test_browsers_keep_answers_to_other_hints_apart(self, tmp_path: Path) -> None:
        assert sent(made(tmp_path))["Vary"] == f"Accept, Origin, {VARY}"
        assert "Width" not in sent(generated_template(tmp_path, SIZES))["Vary"]

    def test_no_hint_is_in_the_cache_key_or_reaches_the_origin(self, tmp_path: Path) -> None:
        policy = made(tmp_path).properties("CachePolicy")["CachePolicyConfig"]
        keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        assert keyed["HeadersConfig"]["Headers"] == ["x-fanout-folder"]
        behaviour = made(tmp_path).properties("Distribution")["DistributionConfig"]
        assert "OriginRequestPolicyId" not in behaviour["DefaultCacheBehavior"]


def sent(template: Template) -> dict[str, str]:
    """The headers that the distribution adds."""
    config = template.properties("ResponseHeaders")["ResponseHeadersPolicyConfig"]
    return {each["Header"]: each["Value"] for each in config["CustomHeadersConfig"]["Items"]}
