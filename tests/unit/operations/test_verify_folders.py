"""A verification uploads to a folder of which sizes are made."""

from typing import Any

import pytest

from lib.errors import ConfigError
from lib.operations.verify.folders import choose_folder, list_tested
from lib.sizes import Size


def sized(name: str, **patterns: Any) -> Size:
    return Size.model_validate({"name": name, "width": 9, **patterns})


@pytest.mark.parametrize(
    ("sizes", "folder"),
    [
        ([sized("all")], "verify-1"),
        ([sized("all"), sized("avatar", paths=["avatars/"])], "avatars/verify-1"),
        (
            [sized("avatar", paths=["avatars/"]), sized("rest", **{"except": ["avatars/"]})],
            "verify-1",
        ),
        ([sized("logo", paths=["shops/*/logos/"])], "shops/x/logos/verify-1"),
        ([sized("logo", paths=["**/icons/"])], "icons/verify-1"),
        ([sized("flat", paths=["shops/*/*"])], "shops/verify-1"),
        ([sized("user", paths=["users/u*/*"])], "users/uverify-1"),
        ([sized("a", paths=["a/b/"], **{"except": ["a/b/verify*/"]}), sized("b")], "verify-1"),
    ],
)
def test_it_is_the_first_folder_of_most_sizes(sizes: list[Size], folder: str) -> None:
    assert choose_folder(sizes, "verify-1") == folder
    assert list_tested(sizes, folder)


@pytest.mark.parametrize(
    "size",
    [
        sized("png", paths=["**/*.png"]),
        sized("one", paths=["logo.jpg"]),
        sized("none", paths=["a/"], **{"except": ["a/*/"]}),
    ],
)
def test_where_no_size_is_made_of_what_it_uploads_it_says_so(size: Size) -> None:
    with pytest.raises(ConfigError, match="No size is made of photos that verify can upload"):
        choose_folder([size], "verify-1")
