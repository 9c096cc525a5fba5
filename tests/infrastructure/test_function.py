"""The CloudFront Function as a whole: what it is made of, where it runs, how long it is."""

import re
from pathlib import Path
from typing import Any

import pytest

from infra.delivery import viewer_function
from infra.delivery.viewer_function import MAX_FUNCTION_BYTES
from lib.errors import ConfigError
from tests.infrastructure.edge import Edge
from tests.infrastructure.generated import HERO, generated, generated_template
from tests.infrastructure.test_formats import CHROME
from tests.infrastructure.test_queries import PATH, QUERIES, SIZES, made

EMULATED = {"emulator": "http://127.0.0.1:1"}
ASK = {"x-fanout-ask": "1"}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return Edge(made(tmp_path_factory.mktemp("real"), serve_formats="true"))


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return Edge(made(tmp_path_factory.mktemp("emulated"), **EMULATED, serve_formats="true"))


class TestEmulated:
    @pytest.mark.parametrize(
        ("uri", "accept", "mapped"),
        [
            (f"{PATH}?w=300", CHROME, f"/300x{PATH}"),
            (f"{PATH}?size=hero&format=auto", CHROME, f"/hero.avif{PATH}"),
            (f"{PATH}?size=hero&format=webp", CHROME, f"/hero.webp{PATH}"),
            (f"/hero{PATH}", CHROME, f"/hero.avif{PATH}"),
            (f"/hero{PATH}?w=300", "", f"/hero{PATH}"),
            (PATH, CHROME, PATH),
        ],
    )
    def test_it_answers_where_a_request_would_go(
        self, emulated: Edge, uri: str, accept: str, mapped: str
    ) -> None:
        answer = emulated.answers([uri], accept=accept, **ASK)[uri]
        assert answer == {"statusCode": 204, "headers": {"x-fanout-uri": {"value": mapped}}}
        assert emulated.answers([uri], accept=accept)[uri]["uri"] == mapped

    def test_what_is_refused_is_refused(self, emulated: Edge) -> None:
        uri = f"{PATH}?w=1"
        assert emulated.answers([uri], **ASK) == emulated.answers([uri])
        assert emulated.answers([uri])[uri]["statusCode"] == 400

    def test_aws_knows_nothing_of_it(self, real: Edge, emulated: Edge) -> None:
        uri = f"{PATH}?w=300"
        assert "x-fanout-ask" in emulated.code
        assert real.answers([uri], **ASK)[uri]["uri"] == f"/300x{PATH}"
        assert "x-fanout-ask" not in real.code
        assert "x-fanout-uri" not in real.code


# What newer JavaScript has and cloudfront-js-2.0 has not, each with an example.
NEWER = {
    r"\b(const|let|var) [^;=]* of\b": "for (const size of sizes)",
    r"\?\.": "header?.value",
    r"\?\?": "wish.w ?? ''",
    r"\.\.\.": "[...sizes]",
    r"\bclass\b": "class Wish {}",
    r"\b(const|let|var)\s*[\[{]": "const [name, box] = size",
    r"[(,]\s*[\[{][^()\[\]{}]*[\]}]\s*(,[^()]*)?\)\s*=>": "map(([name, box]) => name)",
    r"\w\s*=[^=>][^();]*\)\s*(=>|\{\n)": "function folder(name, format = '') {\n",
    r"catch \{": "try { } catch { }",
    r"\(\?<": r"/(?<width>\d+)x/",
    r"/[gim]*[suydv][a-z]*[.,)]": r"/^\d+$/u.test",
    r"\bmatchAll\b|\.at\(|\.flat": "text.matchAll(edges)",
}


# As it is written: the function itself has no spaces, which these need.
WRITTEN = "\n".join(file.read_text() for file in Path(viewer_function.__file__).parent.glob("*.js"))


@pytest.mark.parametrize("newer", NEWER)
def test_the_code_is_of_the_javascript_that_cloudfront_runs(newer: str) -> None:
    assert re.search(newer, NEWER[newer])
    assert not re.search(newer, re.sub(r"^ *//.*", "", WRITTEN, flags=re.MULTILINE))


def test_comments_and_spaces_are_left_out_because_they_would_count(real: Edge) -> None:
    assert not re.search(r"^(\s|//|$)", real.code, flags=re.MULTILINE)
    assert "const path=request.uri;\n" in real.code


def test_strings_and_regular_expressions_keep_their_spaces(tmp_path: Path) -> None:
    code = "const a = [ 'b : c', 'it\\'s = x' ];\n  // comment\n\n  f( / a b\\/ c /g, d );\n"
    (tmp_path / "part.js").write_text(code)
    expected = "const a=['b : c','it\\'s = x'];\nf(/ a b\\/ c /g,d);"
    assert viewer_function._source(str(tmp_path / "part.js")) == expected


class TestTemplate:
    def test_queries_alone_have_the_function_run_before_the_cache_is_looked_at(
        self, tmp_path: Path
    ) -> None:
        template = generated_template(tmp_path, ["400x300"], **QUERIES)
        config = template.properties("Distribution")["DistributionConfig"]
        assert config["DefaultCacheBehavior"]["FunctionAssociations"] == [
            {"EventType": "viewer-request", "FunctionARN": "ViewerRequest.FunctionARN"}
        ]
        properties = template.properties("ViewerRequest")
        assert properties["AutoPublish"] is True
        assert properties["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
        assert len(config["Origins"]) == 1

    @pytest.mark.parametrize("serve_formats", ["true", "false"])
    def test_no_query_is_in_the_cache_key_or_reaches_the_origin(
        self, tmp_path: Path, serve_formats: str
    ) -> None:
        policy = made(tmp_path, serve_formats=serve_formats).properties("CachePolicy")
        keyed = policy["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
        assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
        assert keyed["HeadersConfig"] == {
            "HeaderBehavior": "whitelist",
            "Headers": ["x-fanout-folder"],
        }

    def test_the_formats_are_chosen_from_the_same_origins(self, tmp_path: Path) -> None:
        def origins(**options: str) -> Any:
            template = generated_template(tmp_path, SIZES, **options)
            return template.properties("Distribution")["DistributionConfig"]["Origins"]

        assert origins(**QUERIES) == origins(serve_formats="true")
        assert len(origins(**QUERIES)) == 1 + 2 + 3

    @pytest.mark.parametrize(("size", "vary"), [(HERO, "Accept, Origin, "), ("1x1", "Origin, ")])
    def test_vary_names_what_a_response_depends_on(
        self, tmp_path: Path, size: Any, vary: str
    ) -> None:
        template = generated_template(tmp_path, [size], **QUERIES)
        config = template.properties("ResponseHeaders")["ResponseHeadersPolicyConfig"]
        sent = {each["Header"]: each["Value"] for each in config["CustomHeadersConfig"]["Items"]}
        assert sent["Vary"].startswith(f"{vary}Sec-CH-Width, ")

    @pytest.mark.parametrize(("size", "expected"), [(HERO, "true"), ("1x1", "false")])
    def test_purges_know_whether_choices_are_cached(
        self, tmp_path: Path, size: Any, expected: str
    ) -> None:
        purge = generated(tmp_path, [size], **QUERIES)["functions"]["purge"]
        assert purge["environment"]["SERVE_FORMATS"] == expected

    def test_a_bucket_has_no_use_for_a_query(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="serve_queries: got True with delivery: public-read"):
            generated_template(tmp_path, ["1x1"], **QUERIES, delivery="public-read")

    def test_more_folders_than_cloudfront_has_origins_for_are_refused(self, tmp_path: Path) -> None:
        sizes = [{"width": width, "formats": ["avif", "webp", "png"]} for width in range(1, 26)]
        with pytest.raises(ConfigError, match=r"serve_queries: 25 sizes.* 100 folders"):
            generated_template(tmp_path, sizes, **QUERIES)


class TestLength:
    @pytest.mark.parametrize("way", [{}, EMULATED, {"serve_formats": "true"}])
    def test_the_function_is_small_enough_with_the_most_sizes(
        self, tmp_path: Path, way: dict[str, str]
    ) -> None:
        sizes = [
            {
                "name": f"{number:02}-{'x' * 17}",
                "width": 1200 + number,
                "height": 1000,
                "formats": ["avif", "webp"],
            }
            for number in range(29)
        ]
        options = {**QUERIES, **way, "purge": "false", "stage": "d", "service": "i"}
        template = generated_template(tmp_path, sizes, **options)
        length = len(template.properties("ViewerRequest")["FunctionCode"].encode())
        # A fifth is left for what sizes may get.
        assert length < 0.8 * MAX_FUNCTION_BYTES

    def test_one_too_large_for_cloudfront_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(viewer_function, "MAX_FUNCTION_BYTES", 1000)
        expected = r"serve_queries: .* bytes .* 7 sizes, .* takes 1,000: declare fewer sizes"
        with pytest.raises(ConfigError, match=expected):
            made(tmp_path)
