"""What a page needs to show a photo: which variants, and how they are written in HTML."""

import unicodedata
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lib.errors import PermanentError
from lib.images import thumbhash
from lib.keys import check_path, variant_url
from lib.uploads.page import PageImage, build_page_image
from lib.uploads.page_html import render_html
from lib.uploads.placeholders import Placeholder
from lib.uploads.status import SizeStatus, VariantFacts
from tests.srcset import Markup, Window, chosen, parse_srcset

CDN = "https://images.example"


def ready(size: str, pixels: str, *formats: str, path: str = "sea.jpg") -> SizeStatus:
    """A size with its own format, a JPEG if none is given, and others."""
    own, *extra = formats or ("jpeg",)
    folders = {size: own, **{f"{size}.{each}": each for each in extra}}
    return SizeStatus(
        state="ready",
        variants=[
            VariantFacts(
                url=variant_url(CDN, folder, path),
                content_type=f"image/{format_}",
                bytes=1,
                pixels=pixels,
                modified=datetime(2026, 11, 21, tzinfo=UTC),
            )
            for folder, format_ in folders.items()
        ],
    )


def photo(**sizes: SizeStatus) -> dict[str, SizeStatus]:
    return {name.removeprefix("_"): size for name, size in sizes.items()}


def page(status: dict[str, SizeStatus], *names: str, serves_formats: bool = False) -> PageImage:
    built = build_page_image(status, names, serves_formats=serves_formats)
    assert built is not None
    return built


def folders(srcset: str) -> list[tuple[str, int]]:
    """Each candidate's folder and width."""
    found = parse_srcset(srcset)
    return [(urlsplit(url).path.split("/")[1], width) for url, width in found]


# A photo of 3:2 at the sizes of a shop.
SHOP = {
    "400x300": ready("400x300", "400x300"),
    "1200x": ready("1200x", "1200x800", "jpeg", "avif", "webp"),
    "800x600": ready("800x600", "800x600"),
    "400x": ready("400x", "400x267", "jpeg", "avif", "webp"),
    "inside": ready("inside", "200x133", "webp"),
}


class TestChoice:
    def test_the_widest_and_those_of_its_ratio_are_candidates(self) -> None:
        built = page(SHOP)
        assert folders(built.srcset) == [("400x", 400), ("1200x", 1200)]
        assert (built.width, built.height) == (1200, 800)
        assert built.src == f"{CDN}/1200x/sea.jpg"
        assert built.left_out == {"400x300": "ratio", "800x600": "ratio"}

    def test_the_caller_chooses_among_the_sizes(self) -> None:
        built = page(SHOP, "800x600", "400x300")
        assert folders(built.srcset) == [("400x300", 400), ("800x600", 800)]
        assert (built.width, built.height, built.left_out) == (800, 600, {})
        assert folders(page(SHOP, "400x300", "400x").srcset) == [("400x300", 400)]

    def test_true_pixels_decide_and_not_the_names(self) -> None:
        """A small photo, which is not enlarged."""
        small = {
            "1200x900": ready("1200x900", "300x225"),
            "400x300": ready("400x300", "300x225"),
            "1200x": ready("1200x", "320x225"),
            "200x150": ready("200x150", "200x150"),
        }
        built = page(small, "1200x900", "400x300", "200x150")
        assert folders(built.srcset) == [("200x150", 200), ("1200x900", 300)]
        assert (built.width, built.height) == (300, 225)
        assert built.left_out == {"400x300": "same_width"}

    @pytest.mark.parametrize(
        ("pixels", "expected"),
        [("400x266", True), ("400x267", True), ("400x268", False), ("400x265", False)],
    )
    def test_a_ratio_may_differ_by_a_pixel(self, pixels: str, expected: bool) -> None:
        built = page(photo(a=ready("a", "1200x800"), b=ready("b", pixels)))
        assert ("b" not in built.left_out) is expected

    def test_of_one_width_the_first_is_chosen(self) -> None:
        crops = photo(a=ready("a", "800x800"), b=ready("b", "800x400"), c=ready("c", "400x200"))
        assert page(crops).left_out == {"b": "ratio", "c": "ratio"}
        assert page(crops, "b", "a", "c").left_out == {"a": "ratio"}

    def test_what_is_not_ready_is_left_out_and_said(self) -> None:
        states: Any = ("pending", "failed", "gone")
        status = photo(a=ready("a", "80x60"), **{each: SizeStatus(state=each) for each in states})
        built = page(status)
        assert folders(built.srcset) == [("a", 80)]
        assert built.left_out == {each: each for each in states}

    def test_a_size_that_the_photo_is_not_rendered_at_is_left_out(self) -> None:
        status = photo(a=ready("a", "80x60"))
        assert page(status, "other", "a").left_out == {"other": "excluded"}
        assert build_page_image(status, ["other"], serves_formats=False) is None

    def test_without_a_ready_size_there_is_nothing(self) -> None:
        nothing = photo(a=SizeStatus(state="pending"), b=SizeStatus(state="failed"))
        assert build_page_image(nothing, serves_formats=False) is None
        assert build_page_image({}, serves_formats=True) is None
        strange = photo(a=ready("a", "80x60", "heic"), b=ready("b", ""))
        assert build_page_image(strange, serves_formats=False) is None

    @pytest.mark.parametrize("pixels", ["", "400", "400x", "axb", "-4x3", "0x3", "4x0", "4x3x2"])
    def test_a_variant_without_pixels_is_left_out(self, pixels: str) -> None:
        status = photo(a=ready("a", "80x60"), b=ready("b", pixels))
        assert page(status).left_out == {"b": "no_pixels"}


class TestFormats:
    def test_each_format_has_a_source_the_most_compact_first(self) -> None:
        sources = page(SHOP).sources
        assert [each.type for each in sources] == ["image/avif", "image/webp"]
        assert folders(sources[0].srcset) == [("400x.avif", 400), ("1200x.avif", 1200)]
        assert folders(sources[1].srcset) == [
            ("inside", 200),
            ("400x.webp", 400),
            ("1200x.webp", 1200),
        ]

    def test_no_browser_gets_a_smaller_image_for_its_format(self) -> None:
        """One size has the format, the others not."""
        some = photo(a=ready("a", "1200x800"), b=ready("b", "600x400", "jpeg", "avif"))
        assert page(some).sources == []
        more = photo(
            a=ready("a", "1200x800", "jpeg", "avif"),
            b=ready("b", "600x400", "webp", "avif"),
        )
        built = page(more)
        assert [each.type for each in built.sources] == ["image/avif"]
        assert folders(built.srcset) == [("a", 1200)]
        assert built.left_out == {}

    def test_png_and_jpeg_are_candidates_of_one_image(self) -> None:
        mixed = photo(a=ready("a", "1200x800", "png"), b=ready("b", "600x400"))
        assert folders(page(mixed).srcset) == [("b", 600), ("a", 1200)]

    def test_an_image_that_every_browser_shows_is_preferred_at_its_width(self) -> None:
        same = photo(a=ready("a", "200x150", "webp"), b=ready("b", "200x150", "jpeg", "webp"))
        built = page(same)
        assert folders(built.srcset) == [("b", 200)]
        assert [folders(each.srcset) for each in built.sources] == [[("a", 200)]]

    @pytest.mark.parametrize(
        ("formats", "own"),
        [(("webp", "avif"), "a"), (("avif", "webp"), "a.webp"), (("avif",), "a")],
    )
    def test_without_one_the_most_common_format_is_the_fallback(
        self, formats: tuple[str, ...], own: str
    ) -> None:
        assert folders(page(photo(a=ready("a", "80x60", *formats))).srcset) == [(own, 80)]

    def test_a_stage_that_serves_formats_has_one_url_for_all(self) -> None:
        built = page(SHOP, serves_formats=True)
        assert built.sources == []
        assert folders(built.srcset) == [("400x", 400), ("1200x", 1200)]
        assert built.left_out["inside"] == "format"  # its URL has WebP for all browsers


class TestBrowsers:
    """Which candidate is loaded."""

    HTML = render_html(page(SHOP), sizes="(max-width: 600px) 100vw, 600px")

    @pytest.mark.parametrize(
        ("window", "folder"),
        [
            (Window(320), "400x.avif"),
            (Window(320, dpr=2), "1200x.avif"),
            (Window(1600), "1200x.avif"),
            (Window(1600, dpr=3), "1200x.avif"),
            (Window(320, types=("image/webp",)), "400x.webp"),
            (Window(320, types=()), "400x"),
            (Window(1600, types=()), "1200x"),
        ],
    )
    def test_the_smallest_that_is_wide_enough_in_its_format(
        self, window: Window, folder: str
    ) -> None:
        url, _ = chosen(self.HTML, window)
        assert url == f"{CDN}/{folder}/sea.jpg"

    def test_by_default_it_is_shown_in_its_own_width_or_the_windows(self) -> None:
        html = render_html(page(SHOP))
        assert chosen(html, Window(390))[1] == 400
        assert chosen(html, Window(4000))[1] == 1200


class TestHtml:
    def test_it_reserves_its_space_and_is_loaded_when_it_is_near(self) -> None:
        html = render_html(page(SHOP), alt="The sea")
        assert html.splitlines()[0] == "<picture>"
        image = Markup(html).one("img")
        assert {name: image[name] for name in ("width", "height", "alt", "loading")} == {
            "width": "1200",
            "height": "800",
            "alt": "The sea",
            "loading": "lazy",
        }
        assert image["sizes"] == "auto, (max-width: 1200px) 100vw, 1200px"
        # Firefox and Safari start at `src`, with what they know by then.
        assert list(image).index("loading") < list(image).index("sizes") < list(image).index("src")

    def test_an_image_at_the_top_is_loaded_first(self) -> None:
        image = Markup(render_html(page(SHOP), eager=True)).one("img")
        assert image["fetchpriority"] == "high"
        assert "loading" not in image
        assert image["sizes"] == "(max-width: 1200px) 100vw, 1200px"

    def test_one_format_needs_no_picture_element(self) -> None:
        html = render_html(page(SHOP, "400x300"))
        assert [tag for tag, _ in Markup(html).elements] == ["img"]

    def test_a_source_has_the_layout_too(self) -> None:
        markup = Markup(render_html(page(SHOP), sizes="50vw"))
        assert {each["sizes"] for each in [*markup.all("source"), markup.one("img")]} == {"50vw"}

    @pytest.mark.parametrize(
        ("transparent", "style"), [(False, "background-color: #3a86ff"), (True, None)]
    )
    def test_a_placeholder_of_any_candidate_is_shown(
        self, transparent: bool, style: str | None
    ) -> None:
        """The colour would stay behind a transparent image."""
        image = Image.new("RGBA", (8, 6), (58, 134, 255, 0 if transparent else 255))
        placeholder = Placeholder(
            thumbhash=b64encode(thumbhash.encode(image)).decode(), color="#3a86ff"
        )
        size = ready("b", "40x30")
        held = [each.model_copy(update={"placeholder": placeholder}) for each in size.variants]
        status = photo(a=ready("a", "80x60"), b=size.model_copy(update={"variants": held}))
        assert page(status).placeholder == placeholder
        shown = Markup(render_html(page(status))).one("img")
        assert (shown["data-thumbhash"], shown.get("style")) == (placeholder.thumbhash, style)

    def test_a_placeholder_of_another_picture_is_not_shown(self) -> None:
        placeholder = Placeholder(thumbhash="1QcSHQRnh493V4dIh4eXh1h4kJUI", color="#3a86ff")
        size = ready("b", "40x40")
        held = [each.model_copy(update={"placeholder": placeholder}) for each in size.variants]
        built = page(photo(a=ready("a", "80x60"), b=size.model_copy(update={"variants": held})))
        assert built.placeholder is None
        assert "data-thumbhash" not in render_html(built)

    @pytest.mark.parametrize(
        "path",
        [
            "a, b.jpg",
            "comma,",
            ",comma.jpg,",
            "2026/a 400w, b.jpg",
            "quo\"te's <b>&amp;.jpg",
            "x.jpg?a=1&b=2#c",
            "100%.jpg",
            "%2C.jpg",
            "a+b~c*.jpg",
            "صورة البحر.jpg",
            "\u202egpj.exe",
            "line\nbreak\t.jpg",
            "é 😀.jpg",
        ],
    )
    def test_odd_paths_arrive(self, path: str) -> None:
        pixels = {"a": "80x60", "b": "40x30"}
        expect_urls(
            {size: ready(size, each, "jpeg", "avif", path=path) for size, each in pixels.items()},
            path,
        )

    @given(path=st.text(min_size=1))
    def test_any_path_arrives(self, path: str) -> None:
        try:
            check_path(path)
        except PermanentError:
            return
        expect_urls(photo(a=ready("a", "80x60", path=path), b=ready("b", "40x30", path=path)), path)

    @given(alt=st.text())
    def test_any_text_arrives(self, alt: str) -> None:
        html = render_html(page(SHOP), alt=alt)
        html.encode()  # can be printed
        expected = "".join(map(as_html_has_it, alt))
        assert Markup(html).one("img")["alt"] == expected

    @pytest.mark.parametrize(
        ("alt", "written"),
        [
            ('"><script>alert(1)</script>', "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("a & b's &amp;", "a &amp; b&#x27;s &amp;amp;"),
            ("\u202egpj.exe\u202c", "&#x202E;gpj.exe&#x202C;"),  # would turn the markup around
            ("بحر", "بحر"),
            ("nul\0 and \udcff", "nul\ufffd and \ufffd"),
            ("two\nlines", "two\nlines"),
        ],
    )
    def test_a_text_is_no_markup(self, alt: str, written: str) -> None:
        assert f' alt="{written}">' in render_html(page(SHOP), alt=alt)

    def test_a_signed_url_is_left_as_it_was_signed(self) -> None:
        status = ready("a", "80x60")
        url = f"{CDN}/a/x,y.jpg?Expires=1&Signature=a-b_&Key-Pair-Id=K"
        signed = status.variants[0].model_copy(update={"url": url})
        built = page(photo(a=status.model_copy(update={"variants": [signed]})))
        assert (built.src, parse_srcset(built.srcset)) == (url, [(url, 80)])
        assert Markup(render_html(built)).one("img")["src"] == url


def expect_urls(status: dict[str, SizeStatus], path: str) -> None:
    """Each URL of the markup is one of a variant of this path, whatever is in it."""
    markup = Markup(render_html(page(status)))
    urls = [markup.one("img")["src"]]
    for element in (markup.one("img"), *markup.all("source")):
        candidates = parse_srcset(element["srcset"])
        assert [width for _, width in candidates] == [40, 80]
        urls += [url for url, _ in candidates]
    for url in urls:
        assert url.isascii()
        parts = urlsplit(url)
        folder, _, found = parts.path.removeprefix("/").partition("/")
        assert (parts.query, parts.fragment) == ("", "")
        assert unquote(found) == path
        assert folder in ("a", "b", "a.avif", "b.avif")


def as_html_has_it(character: str) -> str:
    """HTML has no control characters but white space, and no halves of a surrogate pair."""
    is_control = unicodedata.category(character) in ("Cc", "Cs")
    return "\ufffd" if is_control and character not in "\t\n\r" else character
