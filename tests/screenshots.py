"""Makes the pictures of the console in docs/images/: `make screenshots`.

It uses the stack of `make local` if that runs, else one that it starts and stops. The photos are
the console's samples: others' photos are not ours to show.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests
from playwright.sync_api import Browser, Page

from local.setup import PROJECT
from local.stack import DeployedStack, LocalDeployment
from tests.api import SECONDS, bearer
from tests.e2e.browser import Console, chromium

FOLDER = PROJECT / "docs" / "images"
# Photographs are small as JPEG; text stays sharp at this quality.
QUALITY = 82


# Chooses the console's samples of these names.
_CHOOSE = """async (input, names) => {
  const { samples } = await import('./samples.js');
  const chosen = new DataTransfer();
  for (const each of samples()) if (names.includes(each.name)) chosen.items.add(await each.file());
  input.files = chosen.files;
  input.dispatchEvent(new Event('change'));
}"""


class Picture(NamedTuple):
    """One picture: the name of its file, and the window that it is of."""

    name: str
    scheme: Any
    width: int
    height: int
    scale: float = 1


PICTURES = (
    Picture("console-light", "light", 1280, 944),
    Picture("console-dark", "dark", 1280, 944),
    Picture("console-phone", "light", 390, 844, 2),
)
PLAYGROUND = Picture("console-playground", "light", 1280, 944)


def main() -> int:
    """Makes all pictures; returns 0."""
    local = LocalDeployment()
    was_running = local.is_running()
    try:
        stack = local.read() if was_running else local.up(on_progress=print)
        with chromium() as browser, tempfile.TemporaryDirectory() as folder:
            broken = _break(Path(folder))
            # Pictures show the seconds that photos take, and not those of workers that start.
            with _open(browser, stack, PICTURES[0]) as page:
                _upload(page, broken)
                _delete(page, stack)
            for picture in PICTURES:
                with _open(browser, stack, picture) as page:
                    _upload(page, broken)
                    _take(page, picture)
                    _delete(page, stack)
            with _open(browser, stack, PLAYGROUND) as page:
                _try_sizes(page)
                _take(page, PLAYGROUND)
    finally:
        if not was_running:
            local.down()
    return 0


def _break(folder: Path) -> Path:
    """Writes half of a photo, as an upload leaves it that broke off."""
    data = (FOLDER / "sea.jpg").read_bytes()
    broken = folder / "interrupted.jpg"
    broken.write_bytes(data[: len(data) // 2])
    return broken


@contextmanager
def _open(browser: Browser, stack: DeployedStack, picture: Picture) -> Iterator[Page]:
    console = Console(
        browser,
        stack,
        color_scheme=picture.scheme,
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=picture.scale,
    )
    yield console.open()
    console.context.close()


def _take(page: Page, picture: Picture) -> None:
    file = FOLDER / f"{picture.name}.jpg"
    page.screenshot(path=file, type="jpeg", quality=QUALITY, animations="disabled")
    print(f"{file.relative_to(PROJECT)}: {file.stat().st_size:,} bytes")


def _try_sizes(page: Page) -> None:
    """Compares a size as declared with another quality and position."""
    page.get_by_role("link", name="Playground", exact=True).click()
    page.get_by_label("400x300").uncheck()
    page.get_by_label("Quality").fill("30")
    page.get_by_role("radio", name="right", exact=True).check()
    page.locator(".result").get_by_text("by hand").first.wait_for()
    page.locator(".format").last.get_by_text("KB").wait_for()


def _upload(page: Page, broken: Path) -> None:
    """Uploads the samples and a broken file, and waits until nothing is waited for."""
    picker = page.get_by_label("Photos", exact=True).first
    picker.evaluate(_CHOOSE, ["dunes.jpg", "dawn.jpg"])
    page.locator(".row").nth(1).wait_for()
    picker.set_input_files(broken)
    page.locator(".row").nth(2).wait_for()
    picker.evaluate(_CHOOSE, ["fjord.jpg"])
    page.locator(".row").nth(3).wait_for()
    foot = page.locator(".foot")
    foot.filter(has_text="4 failed").filter(has_not_text="waiting").wait_for()
    for row in page.locator(".row").all():
        row.locator(".picture img").nth(3).or_(row.locator("[data-state=failed]").nth(3)).wait_for()
    page.locator(".picture img").evaluate_all("all => Promise.all(all.map((i) => i.decode()))")


def _delete(page: Page, stack: DeployedStack) -> None:
    for row in page.locator(".row").all():
        row.get_by_role("button", name="Look up").click()
        path = page.get_by_label("Path or URL").input_value()
        for method, url, more in (
            ("DELETE", "/uploads", {"params": {"path": path}}),
            ("POST", "/dead-letters/purge", {"json": {"sizes": stack.sizes, "paths": [path]}}),
        ):
            requests.request(
                method, stack.api + url, headers=bearer(stack), timeout=SECONDS, **more
            )
        page.get_by_role("link", name="Upload", exact=True).click()


if __name__ == "__main__":
    sys.exit(main())
