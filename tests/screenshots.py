"""Makes the pictures of the console in docs/images/: `make screenshots`.

It uses the stack of `make local` if that runs, else one that it starts and stops. The photos are
the console's samples: others' photos are not ours to show.
"""

import sys
import tempfile
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
  for (const file of await samples()) if (names.includes(file.name)) chosen.items.add(file);
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


def main() -> int:
    """Makes all pictures; returns 0."""
    local = LocalDeployment()
    was_running = local.is_running()
    try:
        stack = local.read() if was_running else local.up(on_progress=print)
        with chromium() as browser, tempfile.TemporaryDirectory() as folder:
            broken = _break(Path(folder))
            for picture in PICTURES:
                file = _take(browser, stack, picture, broken)
                print(f"{file.relative_to(PROJECT)}: {file.stat().st_size:,} bytes")
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


def _take(browser: Browser, stack: DeployedStack, picture: Picture, broken: Path) -> Path:
    console = Console(
        browser,
        stack,
        color_scheme=picture.scheme,
        viewport={"width": picture.width, "height": picture.height},
        device_scale_factor=picture.scale,
    )
    page = console.open()
    try:
        _upload(page, broken)
        target = FOLDER / f"{picture.name}.jpg"
        page.screenshot(path=target, type="jpeg", quality=QUALITY, animations="disabled")
    finally:
        _delete(page, stack)
        console.context.close()
    return target


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
