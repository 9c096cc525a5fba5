"""One spelling of each path at the CDN: our CloudFront Function under Node, beside Python's."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus, unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib import keys
from lib.errors import PermanentError
from tests.infrastructure.edge import Edge
from tests.infrastructure.generated import HERO, generated_template
from tests.infrastructure.test_formats import CHROME

# What encodeURIComponent leaves raw, what it does not though URLs may have it, and what they may
# not.
MARKS = "-_.!~*'()" + ";,/:@&=+$" + '"<>#%{}|\\^[]` ?'


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return Edge(generated_template(tmp_path_factory.mktemp("plain"), ["40x30"]))


def spellings(path: str, chance: random.Random) -> Iterable[str]:
    """Ways to write a path into a URL: each character as it is or encoded, in either case."""
    yield quote(path)
    yield quote(path, safe="")
    yield quote(path, safe="/" + MARKS.replace("%", "").replace("?", "").replace("#", ""))
    yield "".join(f"%{byte:02x}" for byte in path.encode())
    for _ in range(5):
        yield "".join(_spelled(character, chance) for character in path)


def _spelled(character: str, chance: random.Random) -> str:
    form = chance.choice(["", "02x", "02X"])
    if form == "" and character not in "%?#":
        return character
    return "".join(f"%{byte:{form or '02X'}}" for byte in character.encode())


PATHS = [
    "photo (1).jpg",
    "logo@2x.png",
    "a~b.jpg",
    "sea.jpg",
    "2026/a+b c.jpg",
    "100%.jpg",
    "%41.jpg",
    "Ünï/日本/\N{SUNRISE}.jpg",
    "why?#1.jpg",
    "_signed/a.jpg",
    "...jpg",
    "a\n.jpg",
    *(f"a{mark}b.jpg" for mark in MARKS),
]


@pytest.mark.parametrize("path", PATHS)
def test_every_spelling_of_a_path_is_one_entry_of_the_cache_one_key_and_one_purge(
    edge: Edge, path: str
) -> None:
    key = f"40x30/{path}"
    asked = edge.asked(f"/40x30/{each}" for each in spellings(path, random.Random(1)))  # noqa: S311
    assert len(asked) > 2
    assert {each.cache_key for each in asked.values()} == {(f"/{keys.url_path(key)}",)}
    # S3 reads a `+` in a URL as a space.
    assert {unquote_plus(s3) for each in asked.values() for s3 in each.keys} == {key}


def test_what_is_plain_and_what_is_encoded_is_what_cloudfront_documents(edge: Edge) -> None:
    """But for `+` and `*`, which S3 and invalidations would take for something else."""
    unsafe = [mark for mark in MARKS if keys.url_path(mark) != mark]
    rfc1738 = ' "<>#%{}|\\^~[]`'
    assert sorted(unsafe) == sorted(f"{rfc1738}?+*")
    asked = edge.asked([f"/40x30/{keys.url_path(MARKS)}"])
    assert list(asked) == [each.cache_key[0] for each in asked.values()]


NO_PATHS = """
    /40x30/%FF.jpg /40x30/%C0%AF.jpg /40x30/%E0%80%AF.jpg /40x30/%ED%A0%80.jpg /40x30/%C3
    /40x30/%F4%90%80%80 /40x30/%80 /40x30/a%00.jpg /40x30/../a.jpg /40x30/%2e%2e/a.jpg /40x30/.
    /40x30/%2E/a.jpg /40x30/a%2f..%2Fb.jpg /.. /%2e%2e/%2e%2e /40x30/\ud800.jpg
    /_signed/../40x30/a.jpg /_signed/%2e%2e%2f40x30/a.jpg
"""


def test_what_no_picture_can_have_as_a_path_is_refused_before_anything_is_asked(
    edge: Edge,
) -> None:
    answers = edge.answers(NO_PATHS.split())
    refused = {"statusCode": 400, "statusDescription": "Bad Request"}
    assert answers == dict.fromkeys(answers, refused)


@pytest.mark.parametrize(
    "uri",
    ["/%5Fsigned/a.jpg/w=1/x", "/_signed%2Fa.jpg/w=1/x", "/%5f%73igned/a", "/_signe%64/a.jpg"],
)
def test_a_signed_picture_is_not_asked_of_the_origin_of_other_pictures(
    edge: Edge, uri: str
) -> None:
    """CloudFront has chosen it by then, and a miss there would be cached for the picture's URL."""
    assert edge.answers([uri])[uri]["statusCode"] == 400


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        ("/40x30/100%.jpg", "/40x30/100%25.jpg"),
        ("/40x30/%zz.jpg", "/40x30/%25zz.jpg"),
        ("/40x30/%4", "/40x30/%254"),
        ("/40x30/%%41", "/40x30/%25A"),
        ("/40x30/%2541", "/40x30/%2541"),
        ("/40x30%2Fa.jpg", "/40x30/a.jpg"),
        ("/%34%30x30/a.jpg", "/40x30/a.jpg"),
        ("/_signed/%61~%28.jpg/w=64,h=36/x-_", "/_signed/a%7E(.jpg/w=64,h=36/x-_"),
        ("/", "/"),
    ],
)
def test_a_percent_sign_that_is_no_escape_is_one_itself(edge: Edge, uri: str, plain: str) -> None:
    assert edge.answers([uri])[uri]["uri"] == plain


def test_sizes_and_formats_are_chosen_by_the_path_that_is_meant(tmp_path: Path) -> None:
    options = {"serve_formats": "true", "serve_queries": "true"}
    edge = Edge(generated_template(tmp_path, [HERO], **options))
    by_path = edge.one("/hero/a~(1).jpg", CHROME)
    assert by_path.keys == ["hero.avif/a%7E(1).jpg", "hero/a%7E(1).jpg"]
    for uri in ("/h%65ro/a%7e%281%29.jpg", "/hero%2Fa~(1).jpg", "/a~%281).jpg?size=hero"):
        assert edge.one(uri, CHROME) == by_path
    assert edge.answers(["/%ff.jpg?size=hero"])["/%ff.jpg?size=hero"]["statusCode"] == 400


# Few characters, so that they make escapes, broken ones and odd folders often.
URIS = st.text(st.sampled_from("%%%0123456789aAfFeEcCzZ./+~(é\ud800") | st.characters()).map(
    lambda text: "/" + text.replace("?", "")
)


def in_python(uri: str) -> dict[str, Any] | str:
    """What the function has to make of a URI, by Python's own decoder and checks."""
    try:
        path = unquote_to_bytes(uri).decode()[1:]
        # What is not refused by the function is not found: empty folders alone.
        keys.check_path("/".join(filter(None, path.split("/"))) or "a")
    except (UnicodeError, PermanentError):
        return {"statusCode": 400, "statusDescription": "Bad Request"}
    return f"/{keys.url_path(path)}"


@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(uris=st.lists(URIS, min_size=100, max_size=200))
def test_python_and_javascript_spell_alike_and_but_once(edge: Edge, uris: list[str]) -> None:
    answers = edge.answers(uris)
    assert {uri: each.get("uri", each) for uri, each in answers.items()} == {
        uri: in_python(uri) for uri in answers
    }
    once = [each["uri"] for each in answers.values() if "uri" in each]
    twice = edge.answers(once)
    assert {uri: each["uri"] for uri, each in twice.items()} == {uri: uri for uri in twice}


@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(paths=st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=50))
def test_any_spelling_of_any_path_is_the_one_that_is_purged(edge: Edge, paths: list[str]) -> None:
    chance = random.Random(2)  # noqa: S311  the same each time
    meant = {
        f"/40x30/{each}": f"/{keys.url_path(f'40x30/{path}')}"
        for path in paths
        if not {"", ".", ".."} & set(path.split("/")) and "\0" not in path
        for each in spellings(path, chance)
    }
    assert {uri: each["uri"] for uri, each in edge.answers(meant).items()} == meant
