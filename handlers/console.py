"""GET /_console/{path} -> a file of the console. Public: it holds no data of the stage's photos."""

from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import Json

from handlers.shared.settings import PackedSizes, Settings
from lib.console import Console
from lib.keys import CONSOLE_FOLDER

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class ConsoleSettings(Settings):
    """Settings of this function."""

    stage: str
    api_url: str
    auth: str
    images_url: str
    originals_url: str
    packed_sizes: PackedSizes
    render: bool
    is_private: bool = False
    upload_types: Json[list[str]]
    # "" before an emulator, which has no dashboards.
    dashboard_url: str = ""


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Handles one request of the HTTP API."""
    path = event["rawPath"].removeprefix(f"/{CONSOLE_FOLDER}/")
    file = _console().get(path)
    return {
        "statusCode": file.status,
        "headers": file.headers,
        "body": b64encode(file.body).decode(),
        "isBase64Encoded": True,
    }


@lru_cache(maxsize=1)
def _console() -> Console:
    """Built once per container."""
    return make_console(ConsoleSettings.from_environment())


def make_console(settings: ConsoleSettings) -> Console:
    """Builds the console from the function's settings."""
    return Console(
        stage=settings.stage,
        api_url=settings.api_url,
        auth=settings.auth,
        images_url=settings.images_url,
        originals_url=settings.originals_url,
        sizes=settings.packed_sizes,
        render=settings.render,
        is_private=settings.is_private,
        upload_types=settings.upload_types,
        dashboard_url=settings.dashboard_url,
    )
