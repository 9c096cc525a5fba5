"""Signed URLs: what their options may say, and what a signature vouches for."""

import base64
import hashlib
import hmac
import re

import pytest

from lib.auth.signatures import is_well_formed, sign, sign_url, verify
from lib.errors import ProblemKind, RequestError
from lib.keys import SIGNED_FOLDER
from lib.on_demand.options import MEMORY, parse_options
from lib.sizes import Size

KEY, OLD_KEY = "k" * 64, "o" * 64
OPTIONS = "w=640,h=360"


def refusal(text: str) -> RequestError:
    with pytest.raises(RequestError) as raised:
        parse_options(text).size(MEMORY)
    assert raised.value.kind == ProblemKind.INVALID_REQUEST
    return raised.value


class TestOptions:
    def test_give_the_size_that_they_name(self) -> None:
        options = parse_options("w=640,h=360,fit=inside,format=webp,quality=70,expires=1790000000")
        assert options.expires == 1_790_000_000
        assert options.size(1024) == Size(
            name="signed", width=640, height=360, fit="inside", format="webp", quality=70,
            memory=1024,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "box"), [("w=640", (640, None)), ("h=360", (None, 360)), ("h=1,w=2", (2, 1))]
    )
    def test_need_one_edge_in_any_order_and_leave_the_rest_as_sizes_have_it(
        self, text: str, box: tuple[int | None, int | None]
    ) -> None:
        options = parse_options(text)
        assert options.expires is None
        assert options.size(MEMORY) == Size(name="signed", width=box[0], height=box[1])

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "options: '' is no option"),
            ("w", "options: 'w' is no option"),
            ("w=", "options: 'w=' is no option"),
            ("w=640,", "options: '' is no option"),
            ("w=640, h=360", "options: ' h=360' is no option"),
            ("w=640\n", "is no option"),
            ("W=640", "options: 'W=640' is no option"),
            ("w=64%30", "is no option"),
            ("w=٣", "is no option"),
            ("w==1", "is no option"),
            ("w=640,w=640", "w: given twice"),
            ("w=640,expires=1,expires=2", "expires: given twice"),
            ("w=640,enlarge=true", "enlarge: no such option: there are w, h, fit, format, "),
            ("w=0640", "w: must be a whole number .* got '0640'"),
            ("w=-1", "is no option"),
            ("w=1e3", "w: must be a whole number .* got '1e3'"),
            ("w=1.5", "is no option"),
            ("w=1_000", "is no option"),
            ("w=1,expires=9999999999999", "expires: must be a whole number of at most 12 digits"),
        ],
    )
    def test_of_another_form_are_refused_before_any_signature(self, text: str, said: str) -> None:
        error = refusal(text)
        assert error.status == 400
        assert re.search(said, str(error))

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("fit=cover", "needs a width, a height or both"),
            ("w=0", "w: .* greater than or equal to 1, got 0"),
            ("w=8193", "w: .* less than or equal to 8192, got 8193"),
            ("w=1,h=99999", "h: .* less than or equal to 8192, got 99999"),
            ("w=9000,h=9000", "w: .* got 9000; h: .* got 9000"),
            ("w=1,quality=0", "quality: .* greater than or equal to 1, got 0"),
            ("w=1,quality=101", "quality: .* less than or equal to 100, got 101"),
            ("w=1,fit=stretch", "fit: .*'cover'.* got 'stretch'"),
            ("w=1,format=gif", "format: .*'webp'.* got 'gif'"),
        ],
    )
    def test_beyond_a_limit_are_refused_by_key_limit_and_value(self, text: str, said: str) -> None:
        error = refusal(text)
        assert error.status == 422
        assert re.search(said, str(error))

    def test_have_the_box_bounded_by_the_functions_memory(self) -> None:
        assert parse_options("w=8192,h=8192").size(MEMORY)
        with pytest.raises(RequestError, match="memory: 8192x8192 pixels take 768 MB") as raised:
            parse_options("w=8192,h=8192").size(512)
        assert raised.value.status == 422


class TestASignature:
    def test_is_an_hmac_of_path_and_options(self) -> None:
        digest = hmac.new(KEY.encode(), "2026/ä.jpg\nw=640,h=360".encode(), hashlib.sha256).digest()
        expected = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert sign(KEY, "2026/ä.jpg", OPTIONS) == expected
        assert is_well_formed(expected)

    def test_holds_for_this_path_and_these_options_alone(self) -> None:
        made = sign(KEY, "a.jpg", OPTIONS)
        assert verify([KEY], "a.jpg", OPTIONS, made)
        assert not verify([KEY], "b.jpg", OPTIONS, made)
        assert not verify([KEY], "a.jpg", "h=360,w=640", made)
        assert not verify([OLD_KEY], "a.jpg", OPTIONS, made)

    def test_holds_by_either_key_and_all_are_always_tried(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[bytes] = []

        def compare(given: bytes, expected: bytes) -> bool:
            compared.append(expected)
            return given == expected

        monkeypatch.setattr(hmac, "compare_digest", compare)
        both = [sign(key, "a.jpg", OPTIONS) for key in (KEY, OLD_KEY)]
        for presented in (*both, "A" * 43):
            compared.clear()
            assert verify([KEY, OLD_KEY], "a.jpg", OPTIONS, presented) == (presented in both)
            assert compared == [each.encode() for each in both]

    def test_by_the_empty_key_is_none(self) -> None:
        """Before the first rotation there is no previous key, and anybody could sign with that."""
        presented = sign("", "a.jpg", OPTIONS)
        assert not verify([KEY, ""], "a.jpg", OPTIONS, presented)

    def test_has_one_spelling(self) -> None:
        """43 characters have two bits to spare: another last one decodes to the same bytes."""
        made = sign(KEY, "a.jpg", OPTIONS)
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        twin = made[:-1] + alphabet[alphabet.index(made[-1]) ^ 1]
        assert base64.urlsafe_b64decode(twin + "=") == base64.urlsafe_b64decode(made + "=")
        for other in (twin, made + "=", made + "\n", made[:-1], ""):
            assert not verify([KEY], "a.jpg", OPTIONS, other)

    @pytest.mark.parametrize("text", ["", "A" * 42, "A" * 44, "A" * 43 + "\n", "A" * 42 + "="])
    def test_of_another_form_is_none(self, text: str) -> None:
        assert not is_well_formed(text)


def test_no_size_can_have_the_name_of_the_folder_of_signed_pictures() -> None:
    with pytest.raises(ValueError, match="name"):
        Size(name=SIGNED_FOLDER, width=1)
    assert SIGNED_FOLDER == "_signed"


def test_a_signed_url_has_all_in_its_path() -> None:
    made = sign(KEY, "2026/ä b.jpg", OPTIONS)
    assert sign_url("https://cdn", KEY, "2026/ä b.jpg", OPTIONS) == (
        f"https://cdn/_signed/2026/%C3%A4%20b.jpg/w=640,h=360/{made}"
    )
