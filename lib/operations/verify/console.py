"""Step of the console: its page is served, and no stranger's token handles dead letters."""

from lib.errors import StepError
from lib.operations.verify import api
from lib.operations.verify.target import Target

_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403
_PAGE = "<title>Image Fan-out</title>"


def console(target: Target) -> str:
    """Opens the console, and asks for dead letters without authentication."""
    url = target.stack.outputs["ConsoleUrl"]
    page = target.web.visit(url)
    api.expect(page, _OK, target.logs_of("console"))
    if _PAGE not in page.text or "script-src 'self';" not in page.headers.get(
        "Content-Security-Policy", ""
    ):
        raise StepError(f"{url} is not the console", target.logs_of("console"))
    # Nothing is selected: it would replay nothing, if it were let in.
    stranger = target.web.call("POST", "/dead-letters/replay", authorized=False, json={"paths": []})
    if stranger.status_code not in (_UNAUTHORIZED, _FORBIDDEN):
        raise StepError(
            f"a caller without authentication may replay: status {stranger.status_code}",
            target.logs_of("dlq-replay"),
        )
    return f"at {url}"
