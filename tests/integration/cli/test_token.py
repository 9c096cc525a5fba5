"""`fanout token`, typed against a deployed stage without a terminal."""

import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lib.auth.tokens import Scope, TokenStore, find_valid
from tests.command_line import fanout as typed
from tests.integration.deployed import SIZES, Commands, Deployed, deployed, fanout, refuse

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["deployed", "fanout"]

TEXT = re.compile("fanout_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


@pytest.fixture
def tokens(deployed: Deployed) -> TokenStore:
    """What the stage's authorizer reads."""
    client: SecretsManagerClient = boto3.client("secretsmanager")
    return TokenStore(client, deployed.tokens_secret)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class TestCreate:
    def test_prints_the_token_alone_and_says_that_it_is_for_once(
        self, fanout: Commands, tokens: TokenStore
    ) -> None:
        run = fanout("token", "create", "--name", "shop-backend")
        assert run.code == 0
        assert run.out.endswith("\n")
        text = run.out.removesuffix("\n")
        form = TEXT.fullmatch(text)
        assert form is not None
        token = find_valid(text, tokens.list_all(), datetime.now(UTC))
        assert token is not None
        assert (token.name, token.id, token.expires_at) == ("shop-backend", form[1], None)
        assert run.err == (
            f"Token {token.id} for shop-backend: save it now, it cannot be shown again. It is "
            "accepted within 5 s; used before that, it may be refused for 60 s more.\n"
        )

    def test_prints_a_document_without_the_hash(self, fanout: Commands, tokens: TokenStore) -> None:
        run = fanout("token", "create", "--name", "shop", "--days", "90", "--json")
        (document,) = lines(run.out)
        (token,) = tokens.list_all()
        assert token.expires_at == token.created_at + timedelta(days=90)
        assert TEXT.fullmatch(document.pop("token"))
        assert document == {
            "id": token.id,
            "name": "shop",
            "created_at": f"{token.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "expires_at": f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}",
            "scope": "upload",
        }

    @pytest.mark.parametrize("scope", list(Scope))
    def test_gives_a_token_its_scope(
        self, fanout: Commands, tokens: TokenStore, scope: Scope
    ) -> None:
        assert fanout("token", "create", "--name", "x", "--scope", scope).code == 0
        assert [token.scope for token in tokens.list_all()] == [scope]
        (listed,) = lines(fanout("token", "list", "--json").out)
        assert listed["scope"] == scope

    def test_refuses_a_scope_that_there_is_not(self, fanout: Commands, tokens: TokenStore) -> None:
        assert fanout("token", "create", "--name", "x", "--scope", "admin").code == 2
        assert tokens.list_all() == []

    @pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[31m", "a" * 65])
    def test_refuses_what_is_no_name(self, fanout: Commands, tokens: TokenStore, name: str) -> None:
        run = fanout("token", "create", "--name", name)
        assert (run.code, run.out) == (2, "")
        assert tokens.list_all() == []

    @pytest.mark.parametrize("days", ["0", "-1", "3651", "soon"])
    def test_refuses_what_is_no_time(self, fanout: Commands, tokens: TokenStore, days: str) -> None:
        run = fanout("token", "create", "--name", "shop", "--days", days)
        assert (run.code, run.out) == (2, "")
        assert tokens.list_all() == []

    def test_needs_a_name(self, fanout: Commands, tokens: TokenStore) -> None:
        assert fanout("token", "create").code == 2


class TestList:
    def test_shows_id_name_and_days(self, fanout: Commands, tokens: TokenStore) -> None:
        _, for_ever = tokens.create("[red]shop")
        _, soon = tokens.create("app", lifetime=timedelta(days=90))
        _, over = tokens.create("old", lifetime=timedelta(days=-1))
        assert soon.expires_at
        assert over.expires_at
        run = fanout("token", "list")
        assert run.code == 0
        table = [[cell.strip() for cell in line.split("│")[1:6]] for line in run.out.splitlines()]
        made = f"{soon.created_at:%Y-%m-%d}"
        assert [row for row in table if row] == [
            [for_ever.id, "[red]shop", "upload", made, "never"],
            [soon.id, "app", "upload", made, f"{soon.expires_at:%Y-%m-%d}"],
            [over.id, "old", "upload", made, f"{over.expires_at:%Y-%m-%d} (expired)"],
        ]

    def test_never_shows_a_hash(self, fanout: Commands, tokens: TokenStore) -> None:
        text, token = tokens.create("shop")
        (document,) = lines(fanout("token", "list", "--json").out)
        assert document == {
            "id": token.id,
            "name": "shop",
            "created_at": f"{token.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "scope": "upload",
        }
        hash_ = sha256(text.encode()).hexdigest()
        assert hash_[:8] not in fanout("token", "list").out

    def test_says_when_there_are_none(self, fanout: Commands, deployed: Deployed) -> None:
        assert fanout("token", "list").out == "No tokens.\n"
        assert fanout("token", "list", "--json").out == ""


class TestRevoke:
    def test_takes_one_away_and_says_how_long_it_may_work(
        self, fanout: Commands, tokens: TokenStore
    ) -> None:
        (text, leaked), (_, other) = tokens.create("shop"), tokens.create("shop")
        run = fanout("token", "revoke", leaked.id, "--yes")
        assert (run.code, run.out) == (0, "")
        assert run.err == (
            f"Revoked: token {leaked.id} of shop, made {leaked.created_at:%Y-%m-%d}. It may "
            "still be accepted for 120 s, and as long as Secrets Manager cannot be read for "
            "10 minutes.\n"
        )
        assert tokens.list_all() == [other]
        assert find_valid(text, tokens.list_all(), datetime.now(UTC)) is None

    def test_asks_first(self, fanout: Commands, tokens: TokenStore) -> None:
        _, token = tokens.create("shop")
        run = fanout("token", "revoke", token.id)
        assert run.code == 2
        assert f"Revoke on dev the token {token.id} of shop, made " in run.err
        assert "use --yes" in run.err
        assert tokens.list_all() == [token]
        assert typed("token", "revoke", token.id, "--stage", "dev", answer="n").code == 1
        assert tokens.list_all() == [token]
        assert typed("token", "revoke", token.id, "--stage", "dev", answer="y").code == 0
        assert tokens.list_all() == []

    @pytest.mark.parametrize("token_id", ["0" * 12, "", "shop"])
    def test_an_id_that_is_none_is_wrong_use(
        self, fanout: Commands, tokens: TokenStore, token_id: str
    ) -> None:
        _, token = tokens.create("shop")
        run = fanout("token", "revoke", token_id, "--yes")
        assert run.code == 2
        assert "stage dev has no token" in run.err
        assert tokens.list_all() == [token]


COMMANDS = (["create", "--name", "shop"], ["list"], ["revoke", "0" * 12, "--yes"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
class TestOnAnyStage:
    def test_without_tokens_it_says_why_there_are_none(
        self, fanout: Commands, command: list[str]
    ) -> None:
        Deployed(outputs=False).outputs(Sizes=json.dumps(SIZES))
        run = fanout("token", *command)
        assert (run.code, run.out) == (1, "")
        assert run.err.startswith("The stage dev has no tokens, because its parameter auth is not ")

    def test_without_leave_it_says_so(
        self,
        fanout: Commands,
        deployed: Deployed,
        monkeypatch: pytest.MonkeyPatch,
        command: list[str],
    ) -> None:
        refuse(monkeypatch, "GetSecretValue", "AccessDeniedException")
        run = fanout("token", *command)
        assert (run.code, run.out) == (1, "")
        assert run.err.startswith("These credentials may not read the secret arn:")
        assert "docs/operations.md" in run.err
