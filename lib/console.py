"""The console's files: static pages, and one document with what they know of their stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lib.sizes import Size

# Endings of the names of the functions that only stages with a console have.
CONSOLE_FUNCTIONS = ("console", "dlq-list", "dlq-replay", "dlq-purge", "recheck")
_PROJECT = Path(__file__).resolve().parent.parent
_INDEX, _CONFIG = "index.html", "config.json"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
# As long as somebody looks at a page.
_SIGNED_SECONDS = 3600
_PLAIN = "text/plain; charset=utf-8"


class File(NamedTuple):
    """A response: its status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Console:
    """The console of one stage.

    `images_url` and `originals_url` are where it gets variants from and posts files to; `render` is
    whether the stage has POST /render; `dashboard_url` is that of CloudWatch's, "" without one.
    """

    stage: str
    api_url: str
    auth: str
    images_url: str
    originals_url: str
    sizes: list[Size]
    render: bool
    # Whether images are for viewers with signed URLs alone.
    is_private: bool
    upload_types: list[str]
    dashboard_url: str

    def get(self, path: str) -> File:
        """Returns the file at a path below the console's folder; 404 for any other path."""
        name = path or _INDEX
        if name == _CONFIG:
            return self._make(200, _TYPES[".json"], self._config().encode())
        file = _find_files().get(name)
        if file is None:
            return self._make(404, _PLAIN, b"There is no such page.\n")
        return self._make(200, _TYPES[file.suffix], file.read_bytes())

    def _config(self) -> str:
        config: dict[str, Any] = {
            "stage": self.stage,
            "api": self.api_url,
            "auth": self.auth,
            "images": self.images_url,
            "render": self.render,
            **({"signed": _SIGNED_SECONDS} if self.is_private else {}),
            "uploadTypes": self.upload_types,
            **({"dashboard": self.dashboard_url} if self.dashboard_url else {}),
            "sizes": [
                size.model_dump(mode="json", exclude_defaults=True) | {"name": size.name}
                for size in self.sizes
            ],
        }
        return json.dumps(config)

    def _make(self, status: int, content_type: str, body: bytes) -> File:
        return File(status, {"Content-Type": content_type, **self._security()}, body)

    def _security(self) -> dict[str, str]:
        images, api, originals = map(_origin, (self.images_url, self.api_url, self.originals_url))
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": f"'self' blob: data: {images}",
            "connect-src": f"'self' {api} {originals} {images}",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        return {
            "Content-Security-Policy": "; ".join(f"{k} {v}" for k, v in policy.items()),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            # A page and its scripts are of one deploy.
            "Cache-Control": "no-cache",
        }


def _find_files() -> Mapping[str, Path]:
    """Lists the files by their paths: nothing else on the disk has one."""
    folder = _PROJECT / "console"
    files = {
        file.relative_to(folder).as_posix(): file
        for file in folder.rglob("*")
        if file.suffix in _TYPES
    }
    return {**files, "fanout.js": _PROJECT / "client" / "fanout.js"}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
