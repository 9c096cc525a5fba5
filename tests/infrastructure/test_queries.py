"""Sizes by query string: our CloudFront Function under Node, on the origins of the template."""

from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.edge import Edge
from tests.infrastructure.generated import HERO, generated_template
from tests.infrastructure.template import Template
from tests.infrastructure.test_formats import CHROME, OLD_EDGE, OLD_SAFARI

QUERIES = {"serve_queries": "true"}
# `300` would come first among the keys of a JavaScript object, and is the second of its box.
SIZES: list[Any] = [
    "400x300",
    "300x",
    "x90",
    {"name": "300", "width": 400, "height": 300},
    {"name": "card", "width": 200, "height": 150, "format": "webp", "formats": ["avif"]},
    {"name": "constructor", "width": 7, "height": 7},
    HERO,
]
PATH = "/2026/photo.jpg"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return Edge(made(tmp_path_factory.mktemp("queries")))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return Edge(made(tmp_path_factory.mktemp("both"), serve_formats="true"))


def made(folder: Path, **options: str) -> Template:
    return generated_template(folder, SIZES, **QUERIES, **options)


def asking(queries: "str | list[str]") -> list[str]:
    """URLs of one picture with these queries, a line each."""
    lines = queries.split() if isinstance(queries, str) else queries
    return [f"{PATH}?{query}" for query in lines]


# Each folder, and what leads to it.
SPELLINGS = {
    "400x300": """
        w=400&h=300  h=300&w=400  W=400&H=300  w=0400&h=00300  w=%34%30%30&h=300  %77=400&h=300
        w=+400&h=300+  w=%20400%20&h=300%0A  d=400x300  d=400X300  D=%20400x0300  d=400%78300
        w=400&d=400x300  d=400x&h=300  d=x300&w=400  w=400&w=0400&h=300  W=400&w=400&h=300
        size=400x300  size=400X300  SIZE=+400x300  size=400x300&w=400&h=300
        size=400x300&size=400X300
        utm_source=mail&w=400&h=300  w=400&h=300&v=7&v=8  w=400&h=300&width=9  w=400&h=300&%zz=1
        w=400&h=300&__proto__=1  w=400&h=300&constructor=1  w=400&h=300&signature=x
        format=auto&w=400&h=300  format=keep&w=400&h=300
    """,
    "300x": "w=300  W=300  w=0300  d=300x  d=300X  size=300x  size=300x&w=300  w=300&d=300x",
    "x90": "h=90  H=090  d=x90  size=x90&h=90",
    # By its name alone, or by both: of one box the first in sizes.yml is meant.
    "300": "size=300  size=300&w=400&h=300  size=300&d=400x300",
    "card": "size=card  w=200&h=150  size=Card  size=card&format=webp  size=CARD&FORMAT=WebP",
    "card.avif": "size=card&format=avif  d=200x150&format=+AVIF  w=200&h=150&format=%61vif",
    "constructor": "size=constructor  d=7x7",
    "hero": "size=hero  w=100&h=50",
    "hero.webp": "size=hero&format=webp  format=webp&d=100x50",
}


@pytest.mark.parametrize("folder", SPELLINGS)
def test_every_spelling_of_a_request_is_one_entry_of_the_cache(edge: Edge, folder: str) -> None:
    asked = edge.asked(asking(SPELLINGS[folder]), accept=OLD_EDGE)
    key = f"{folder}{PATH}"
    assert asked == dict.fromkeys(asked, ((f"/{key}", ""), [key]))


def test_the_query_goes_nowhere_else(edge: Edge) -> None:
    uris = asking(["w=400&h=300&utm_source=mail", "size=hero&format=auto&v=1"])
    assert [each["querystring"] for each in edge.answers(uris).values()] == [{}, {}]


REFUSED = """
    w=401&h=300  w=400  h=300  w=300&h=300  d=400  d=400x300x2  d=x  d=  w=  h=  w=300&h=  w
    w=0  w=-300  w=300.0  w=3e2  w=0x12c  w=300px  w=99999999999999999999999  w=%  w=%ff  w=٣٠٠
    d=300x0  w=300&h=0  d=0x90
    w=400x  w=x  size=  size=other  size=40  size=__proto__  size=toString  size=hero.webp
    w=300&w=400  w=300&W=400  w=300&d=400x  w=400&h=300&d=400x200  d=300x&d=x90&d=400x
    w=300&size=400x300  h=300&size=400x300  size=card&size=hero  w=300&size=other  w=9&size=hero
    format=auto  format=webp  size=hero&format=png  size=hero&format=keepp  size=hero&format=
    size=hero&format=auto&format=webp  size=400x300&format=webp  size=hero&format=jpeg
    size=card&format=keep  size=constructor&format=avif  size=hero&format=constructor
"""


def test_what_names_no_size_is_refused_with_all_that_there_are(edge: Edge) -> None:
    answers = edge.answers(asking(REFUSED))
    answer = answers[f"{PATH}?w="]
    assert answers == dict.fromkeys(answers, answer)
    assert answer["statusCode"] == 400
    assert {name: each["value"] for name, each in answer["headers"].items()} == {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    how, *sizes = answer["body"].splitlines()
    assert how.startswith("Ask for /PATH?w=WIDTH&h=HEIGHT, ")
    assert sizes == [
        "x90 x90 keep",
        "constructor 7x7 keep",
        "hero 100x50 keep avif webp",
        "card 200x150 webp avif",
        "300x 300x keep",
        "400x300 400x300 keep",
        "300 400x300 keep",
    ]


@pytest.mark.parametrize("uri", ["/?w=300", "/?size=hero&format=auto", "/?w=1"])
def test_a_query_needs_a_picture(edge: Edge, uri: str) -> None:
    assert edge.answers([uri])[uri]["statusCode"] == 400


@pytest.mark.parametrize("query", ["w=300", "w=1", "w=300&w=400", "format=auto", "size=%zz"])
@pytest.mark.parametrize(
    "uri",
    ["/400x300/a.jpg", "/hero/a.jpg", "/hero.webp/2026/a.jpg", "/card.avif/a.jpg", "/card/"],
)
def test_a_variants_own_url_stays_what_it_is(edge: Edge, uri: str, query: str) -> None:
    asked = edge.asked([f"{uri}?{query}"], accept=CHROME)[f"{uri}?{query}"]
    assert asked == ((uri, ""), [uri.removeprefix("/")])


@pytest.mark.parametrize(
    "uri",
    [
        "/hero.png/a.jpg",  # no format of that size
        "/300x.webp/a.jpg",
        "/hero.avif.webp/a.jpg",
        "/other/400x300/a.jpg",
        "/400x300",
        "/hero",
        "/__proto__/a.jpg",
        "/a.jpg",
    ],
)
def test_everything_else_is_a_pictures_path(edge: Edge, uri: str) -> None:
    assert edge.answers([f"{uri}?w=300"])[f"{uri}?w=300"]["uri"] == f"/300x{uri}"


@pytest.mark.parametrize(
    "uri", [f"{PATH}?utm_source=mail&v=2", PATH, "/", "/_signed/a.jpg?w=300&s=x", "/_signed/?w=1"]
)
def test_requests_that_are_not_its_concern_are_left_alone(both: Edge, uri: str) -> None:
    request = both.answers([uri])[uri]
    path, _, query = uri.partition("?")
    assert request["uri"] == path
    assert not query or len(request["querystring"]) == query.count("&") + 1


@pytest.mark.parametrize("query", ["size=hero&format=auto", "d=100x50&FORMAT=AUTO"])
@pytest.mark.parametrize(
    ("accept", "formats"),
    [(CHROME, ["hero.avif", "hero"]), (OLD_SAFARI, ["hero.webp", "hero"]), (None, ["hero"])],
)
@pytest.mark.parametrize("serve_formats", [False, True])
def test_auto_is_what_the_sizes_own_url_gives_where_formats_are_served(
    edge: Edge, both: Edge, query: str, accept: str | None, formats: list[str], serve_formats: bool
) -> None:
    here = both if serve_formats else edge
    asked = here.one(f"{PATH}?{query}", accept)
    assert asked == both.one(f"/hero{PATH}", accept)
    assert asked.keys == [f"{folder}{PATH}" for folder in formats]


def test_a_size_without_formats_has_but_one_for_auto(edge: Edge) -> None:
    assert edge.one(f"{PATH}?w=300&format=auto", CHROME).keys == [f"300x{PATH}"]


def test_without_a_format_a_query_gives_what_the_sizes_own_url_gives(
    edge: Edge, both: Edge
) -> None:
    for here in (edge, both):
        for accept in (CHROME, OLD_EDGE):
            assert here.one(f"{PATH}?size=hero", accept) == here.one(f"/hero{PATH}", accept)
    assert edge.one(f"/hero{PATH}", CHROME).keys == [f"hero{PATH}"]
    assert both.one(f"/hero{PATH}", CHROME).keys == [f"hero.avif{PATH}", f"hero{PATH}"]


def test_a_format_by_its_name_is_not_chosen_again(both: Edge) -> None:
    for query, folder in {"format=keep": "hero", "format=webp": "hero.webp"}.items():
        assert both.one(f"{PATH}?size=hero&{query}", CHROME).keys == [f"{folder}{PATH}"]


@pytest.mark.parametrize("uri", [f"{PATH}?size=hero", f"{PATH}?size=hero&format=auto", PATH])
def test_a_visitor_cannot_choose_the_cache_entry(edge: Edge, uri: str) -> None:
    forged = edge.one(uri, OLD_SAFARI, **{"x-fanout-folder": "hero.avif"})
    assert forged == edge.one(uri, OLD_SAFARI)
