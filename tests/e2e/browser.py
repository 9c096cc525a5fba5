"""A real browser with the console open: Chromium, driven by Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Page, sync_playwright

from local.setup import find_browser
from local.stack import DeployedStack

# Milliseconds; waiting ends as soon as it can, this is for machines that have much else to do.
PATIENCE = 120_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Runs Chromium; tests that need it are left out where there is none, but not in a pipeline."""
    path = find_browser()
    if path is None and not os.environ.get("CI"):
        pytest.skip("no browser is installed: apt install chromium")
    assert path is not None, "CI is set, and no browser is installed: apt install chromium"
    with sync_playwright() as playwright:
        # In a container, root has no sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """The console in a new window; what goes wrong in it is collected."""

    def __init__(self, browser: Browser, stack: DeployedStack, **settings: Any) -> None:
        self.stack = stack
        self.context = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.requests: list[str] = []
        self.opened = 0
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.errors.append(message.text) if message.type == "error" else None,
        )
        self.page.on("framenavigated", self._forget_page_before)
        self.page.on("request", lambda request: self._note(request.method, request.url))

    def _forget_page_before(self, frame: Frame) -> None:
        """What the page before did until this one came is not this one's."""
        if frame.url.partition("#")[0].endswith(f"?{self.opened}"):
            self.errors.clear()
            self.requests.clear()

    def _note(self, method: str, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https"):
            self.hosts.add(parts.netloc)
            self.requests.append(f"{method} {parts.path}")

    def open(self, token: str | None = None) -> Page:
        """Opens the console anew, with the stack's token, another one, or none ("")."""
        page, _, fragment = self.stack.console.partition("#")
        if token is not None:
            fragment = f"token={token}" if token else ""
        self.opened += 1
        # Another address loads the page again, in the process that showed it before.
        self.page.goto(f"{page}?{self.opened}#{fragment}")
        return self.page

    def leave(self) -> None:
        """Closes the console, whose requests would be taken for those of the one opened next."""
        self.page.goto("about:blank")

    def forget(self) -> None:
        """Undoes what a test did to the window."""
        self.page.unroute_all()
        self.context.set_offline(False)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1280, "height": 800})

    def go(self, place: str) -> None:
        self.page.get_by_role("link", name=place, exact=True).click()
