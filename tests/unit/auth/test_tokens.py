"""Checking a presented token against the stored ones."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from lib.auth.tokens import Token, find_valid, is_well_formed

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def text(number: int) -> str:
    return f"fanout_{number:012x}_{'A' * 42}{number}"


KEPT = [
    Token(
        id=f"{number:012x}",
        name="shop",
        sha256=sha256(text(number).encode()).hexdigest(),
        created_at=NOW,
    )
    for number in range(5)
]


@pytest.mark.parametrize("number", range(5))
def test_a_kept_token_is_found_wherever_it_stands(number: int) -> None:
    assert find_valid(text(number), KEPT, NOW) == KEPT[number]


@pytest.mark.parametrize("presented", [text(0), text(2), text(4), text(9)])
def test_every_hash_is_compared_in_constant_time_whether_or_not_one_matches(
    monkeypatch: pytest.MonkeyPatch, presented: str
) -> None:
    compared: list[tuple[str, str]] = []
    compare = hmac.compare_digest

    def counted(one: str, other: str) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    find_valid(presented, KEPT, NOW)
    given = sha256(presented.encode()).hexdigest()
    assert compared == [(given, token.sha256) for token in KEPT]


def test_the_random_part_decides_and_not_the_id() -> None:
    assert find_valid(text(1).replace(KEPT[1].id, KEPT[2].id), KEPT, NOW) is None


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "fanout_",
        text(0)[:-1],
        text(0) + "A",
        text(0) + "\n",
        text(0).upper(),
        text(0).replace("fanout_", ""),
        text(0).replace("A", "é"),
        text(0).replace("A", "\ud800"),
        text(0).replace("000000000000", "\N{ARABIC-INDIC DIGIT ZERO}" * 12),
        KEPT[0].sha256,
    ],
)
def test_what_has_not_the_form_is_no_token(presented: str) -> None:
    assert not is_well_formed(presented)
    assert find_valid(presented, KEPT, NOW) is None


def test_a_tokens_hash_is_not_shown_by_accident() -> None:
    assert KEPT[0].sha256 not in repr(KEPT) + str(KEPT[0])
