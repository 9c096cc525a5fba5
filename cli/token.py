"""`fanout token …`: creates, lists and revokes bearer tokens of the upload API."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.factories import make_token_store
from cli.stage import JsonOption, RegionOption, Stage, StageOption
from cli.terminal import DaysOption, YesOption, confirm, escape, note, print_json, seconds, show
from lib.auth.tokens import GATEWAY_TTL, MAX_NAME, Scope, Token
from lib.auth.ttl_cache import MIN_REFRESH, STALE_IF_ERROR, TTL

app = typer.Typer(
    help="Create, list and revoke bearer tokens of the upload API.",
    no_args_is_help=True,
)


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > MAX_NAME:
        raise typer.BadParameter(
            f"{text!r} is not a name: give 1 to {MAX_NAME} characters, such as shop-backend"
        )
    return text


NameOption = Annotated[
    str, typer.Option("--name", parser=_name, metavar="TEXT", help="Who will use the token")
]


ScopeOption = Annotated[
    Scope,
    typer.Option("--scope", help="upload: photos. operate: also dead letters, as the console does"),
]


@app.command()
def create(
    *,
    stage: StageOption,
    name: NameOption,
    days: DaysOption = None,
    scope: ScopeOption = Scope.UPLOAD,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a token and print it.

    It is shown once: the stage stores only its hash.

    Example: ./fanout token create --name shop-backend --stage prod
    """
    lifetime = None if days is None else timedelta(days=days)
    text, token = make_token_store(Stage(stage, region)).create(
        name, lifetime=lifetime, scope=scope
    )
    if as_json:
        print_json(_document(token) | {"token": text})
    else:
        typer.echo(text)
    note(
        f"Token {token.id} for {escape(name)}: save it now, it cannot be shown again. It is "
        f"accepted within {seconds(MIN_REFRESH)} s; used before that, it may be refused for "
        f"{seconds(GATEWAY_TTL)} s more."
    )


@app.command("list")
def list_(
    *,
    stage: StageOption,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tokens that are not revoked.

    Shows id, name, scope, and when each was made and expires.

    Example: ./fanout token list --stage prod
    """
    table = Table("id", "name", "scope", "made", "expires")
    for token in make_token_store(Stage(stage, region)).list_all():
        if as_json:
            print_json(_document(token))
        table.add_row(
            token.id, escape(token.name), token.scope, _day(token.created_at), _expiry(token)
        )
    if not as_json:
        show(table if table.row_count else "No tokens.")


@app.command()
def revoke(
    *,
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, from token list")],
    stage: StageOption,
    region: RegionOption = None,
    yes: YesOption = False,
) -> None:
    """Revoke a token for good.

    The API may accept it for two minutes more.

    Example: ./fanout token revoke 3f9a0c5b71de --stage prod
    """
    target = Stage(stage, region)
    tokens = make_token_store(target)
    match = next((token for token in tokens.list_all() if token.id == token_id), None)
    if match is None:
        raise typer.BadParameter(
            f"stage {stage} has no token {token_id!r}. To list its tokens: "
            + target.commands.fanout("token list"),
            param_hint="ID",
        )
    described = f"token {match.id} of {escape(match.name)}, made {_day(match.created_at)}"
    confirm(f"Revoke on {stage} the {described}?", yes=yes)
    tokens.revoke(token_id)
    note(
        f"Revoked: {described}. It may still be accepted for {seconds(GATEWAY_TTL + TTL)} s, and "
        f"as long as Secrets Manager cannot be read for {STALE_IF_ERROR // timedelta(minutes=1)} "
        "minutes."
    )


def _document(token: Token) -> dict[str, Any]:
    """Builds a token's JSON document, without its hash."""
    return token.model_dump(mode="json", exclude={"sha256"}, exclude_none=True)


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"


def _expiry(token: Token) -> str:
    if token.expires_at is None:
        return "never"
    day = _day(token.expires_at)
    return day if token.is_valid(datetime.now(UTC)) else f"{day} (expired)"
