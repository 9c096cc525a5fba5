"""Paths: what they become, and which are refused."""

import pytest

from lib import keys
from lib.errors import PermanentError, Reason
from tests.payloads import ORIGINALS


def test_a_variants_key_is_its_folder_and_the_whole_path() -> None:
    assert keys.variant_key("400x300", "2026/a b.jpg") == "400x300/2026/a b.jpg"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "..",
        "../a",
        "a/../b",
        ".",
        "./a",
        "a/.",
        "a\0b",
        "a\ud83d",
        "\udc80",
    ],
)
def test_a_path_that_could_leave_its_folder_is_refused(path: str) -> None:
    with pytest.raises(PermanentError) as caught:
        keys.variant_key("400x300", path)
    assert caught.value.reason == Reason.BAD_KEY


@pytest.mark.parametrize(
    "path", ["a..b", "...", "a/.hidden", "ü/😀.jpg", "a\nb", "a%2Fb", "x" * 900]
)
def test_odd_but_harmless_paths_are_taken(path: str) -> None:
    assert keys.variant_key("s", path) == f"s/{path}"


def test_the_key_is_measured_in_bytes_of_utf8() -> None:
    keys.variant_key("s", "é" * 511)
    with pytest.raises(PermanentError, match=r"the variant's key .* 1026 bytes, S3 takes 1024"):
        keys.variant_key("s", "é" * 512)
    with pytest.raises(PermanentError, match=r"the original's key .* 1034 bytes, S3 takes 1024"):
        ORIGINALS.check("é" * 512)


def test_in_a_bucket_without_a_folder_the_fetch_records_key_is_the_longest() -> None:
    originals = keys.Originals("shop", "")
    originals.check("x" * 1017)
    with pytest.raises(PermanentError, match=r"the fetch record's key .* 1025 bytes, S3 takes"):
        originals.check("x" * 1018)


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("a\ud83d", "upload under a plain path such as 2026/photo.jpg"),
        ("a//b", "upload under a plain path such as 2026/photo.jpg"),
        ("x" * 1024, "give a shorter path"),
    ],
)
def test_a_refusal_ends_with_what_to_do(path: str, advice: str) -> None:
    with pytest.raises(PermanentError) as caught:
        ORIGINALS.check(path)
    assert str(caught.value).endswith(f": {advice}")


def test_a_url_can_be_built_without_asking() -> None:
    url = keys.variant_url("https://cdn.example", "400x300", "a b/ü+%.jpg")
    assert url == "https://cdn.example/400x300/a%20b/%C3%BC%2B%25.jpg"


def test_what_is_no_path_can_be_logged_all_the_same() -> None:
    assert keys.escaped("a\ud83d") == "a%ED%A0%BD"
