"""The console in a real browser: a person uploads, looks, tries sizes, replays and deletes."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
import yaml
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from lib.pipeline.events import build_event
from lib.sizes import Size
from local.client import aws
from local.stack import DeployedStack
from tests.api import SECONDS, bearer
from tests.e2e.browser import PATIENCE, Console, chromium
from tests.e2e.conftest import Operator
from tests.e2e.steps import dead_letters, eventually
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PHOTO = encoded(quarters(640, 480))
# Something for encoders to lose.
GRAIN = encoded(Image.effect_noise((640, 480), 40).convert("RGB"))
TINY = encoded(quarters(24, 16))
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SIZES = 4
# The page says of a replayed photo for seconds that it was replayed, whatever its status.
AN_HOUR_LATER = """() => {
  const now = performance.now.bind(performance);
  performance.now = () => now() + 3_600_000;
}"""
# 100 by 71 pixels of noise, as tests/unit/images/test_thumbhash.py has it.
PLACEHOLDER = {"thumbhash": "HwgCDYL6qW9yvNYVd7l1pxQv9Z+d", "color": "#808080"}
CORS = {"Access-Control-Allow-Origin": "*"}
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def window(browser: Browser, stack: DeployedStack) -> Iterator[Console]:
    """One for all tests: each opens the console anew."""
    console = Console(browser, stack)
    yield console
    console.context.close()


@pytest.fixture
def console(window: Console) -> Iterator[Console]:
    yield window
    window.forget()


@pytest.fixture(scope="module")
def uploaded(browser: Browser, stack: DeployedStack) -> Iterator[Console]:
    """A window with two photos and a broken file, for tests that look at them."""
    console = Console(browser, stack)
    console.open()
    upload(console, file("sea.jpg"), file("صورة البحر.jpg"), file("broken.jpg", PHOTO[:3000]))
    for name in ("sea.jpg", "صورة البحر.jpg"):
        expect(row(console, name).locator(".picture img")).to_have_count(SIZES)
    expect(row(console, "broken.jpg").locator("[data-state=failed]")).to_have_count(SIZES)
    paths = []
    for name in ("sea.jpg", "صورة البحر.jpg", "broken.jpg"):
        paths.append(path_of(console, name))
        console.go("Upload")
    yield console
    console.context.close()
    for path in paths:
        delete(stack, path)
    purge(stack, paths[-1])


def file(name: str, data: bytes = PHOTO) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def upload(console: Console, *files: FilePayload) -> None:
    console.page.get_by_label("Photos", exact=True).first.set_input_files(list(files))


def row(console: Console, name: str) -> Any:
    return console.page.locator(".row").filter(has_text=name)


def path_of(console: Console, name: str) -> str:
    """Follow the row's link; the path that it leads to."""
    row(console, name).get_by_role("button", name="Look up").click()
    console.page.wait_for_url(re.compile("#lookup"))
    fragment = urlsplit(console.page.url).fragment
    return parse_qs(fragment.partition("?")[2])["path"][0]


def delete(stack: DeployedStack, path: str) -> None:
    requests.delete(
        f"{stack.api}/uploads", params={"path": path}, headers=bearer(stack), timeout=SECONDS
    )


def purge(stack: DeployedStack, path: str) -> int:
    """Delete the dead letters of a path; how many there were."""
    answer = requests.post(
        f"{stack.api}/dead-letters/purge",
        json={"sizes": stack.sizes, "paths": [path]},
        headers=bearer(stack),
        timeout=SECONDS,
    )
    taken: int = answer.json()["taken"]
    return taken


def test_photos_become_tiles_and_a_broken_file_tells_why(
    uploaded: Console, stack: DeployedStack
) -> None:
    uploaded.go("Upload")
    for name in ("sea.jpg", "صورة البحر.jpg"):
        tile = row(uploaded, name).get_by_role("button", name=re.compile("^400x300 of"))
        expect(tile).to_have_accessible_name(re.compile(r"KB · JPEG · [\d.]+ m?s$"))
    broken = row(uploaded, "broken.jpg")
    expect(broken.get_by_text("The file ends early.").first).to_be_visible()
    expect(broken.get_by_text("Upload it again.").first).to_be_visible()
    expect(uploaded.page.locator(".foot")).to_contain_text("3 photos8 variants4 failed")
    assert "token" not in uploaded.page.url
    kept = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert uploaded.page.evaluate(kept) == [0, 0, ""]
    assert uploaded.hosts == {urlsplit(stack.api).netloc, urlsplit(stack.cdn).netloc}
    assert not uploaded.errors, "\n".join(uploaded.errors)


def test_a_broken_file_is_replayed_fails_again_and_is_purged(
    uploaded: Console, stack: DeployedStack, sqs: "SQSClient"
) -> None:
    page = uploaded.page
    uploaded.go("Upload")
    path = path_of(uploaded, "broken.jpg")
    uploaded.go("Upload")
    broken = row(uploaded, "broken.jpg")
    with page.expect_response("**/dead-letters/replay"):
        broken.get_by_role("button", name="Replay 400x300 of broken.jpg").click()
    expect(broken.locator(".picture[data-state=replayed]")).to_have_count(1)
    # It fails again: its message was back in the queue.
    eventually(lambda: dead_letters(sqs, "400x300", path), "the dead letter")
    page.evaluate(AN_HOUR_LATER)
    expect(broken.locator(".picture[data-state=failed]")).to_have_count(SIZES)

    uploaded.go("Dead letters")
    letters = page.locator(".letters li").filter(has_text=path)
    expect(letters).to_have_count(1)
    for size in stack.sizes:
        expect(letters).to_contain_text(size)
    letters.get_by_role("checkbox").check()
    group = page.get_by_role("region", name="truncated", exact=True)
    group.get_by_role("button", name=f"Purge {SIZES}", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("The photos stay.")
    page.get_by_role("dialog").get_by_role("button", name="Purge").click()
    expect(page.get_by_text(f"Purged {SIZES} dead letters.")).to_be_visible()
    expect(letters).to_have_count(0)
    assert not uploaded.errors, "\n".join(uploaded.errors)


def test_a_place_that_loads_late_does_not_replace_the_one_that_was_chosen_since(
    console: Console,
) -> None:
    page = console.open()
    expect(page.get_by_role("heading", name="Upload", exact=True)).to_be_attached()
    held: list[Route] = []
    page.route("**/lookup.js", lambda route: held.append(route))  # noqa: PLW0108  Playwright marks it
    with page.expect_request("**/lookup.js"):
        page.evaluate("() => { location.hash = '#lookup?path=a.jpg'; }")
    console.go("Upload")
    with page.expect_request_finished(lambda request: request.url.endswith("/lookup.js")):
        held[0].continue_()
    # The same module: it is loaded after the page's own import of it.
    page.evaluate("async () => { await import(new URL('lookup.js', location.href).href); }")
    expect(page.get_by_role("heading", name="Look up a photo")).not_to_be_attached()
    expect(page.get_by_role("heading", name="Upload", exact=True)).to_be_attached()


def test_a_place_that_is_chosen_before_the_token_is_accepted_waits_for_that(
    console: Console,
) -> None:
    page = console.page
    console.leave()
    held: list[Route] = []
    page.route("**/dead-letters/replay", lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_request("**/dead-letters/replay"):
        console.open()
    console.go("Playground")
    # Whatever the click does has begun after this.
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    assert "GET /_console/playground.js" not in console.requests
    held[0].continue_()
    expect(page.get_by_role("heading", name="Playground", exact=True)).to_be_attached()


def test_tiles_are_walked_and_opened_by_keys(uploaded: Console) -> None:
    page = uploaded.page
    uploaded.go("Upload")
    # Tab reaches one tile of all.
    assert page.locator(".picture[tabindex='0']").count() == 1
    press = page.keyboard.press
    tile(uploaded, "800x600", "sea.jpg").focus()
    press("ArrowRight")
    press("ArrowDown")
    focused = tile(uploaded, "400x300", "صورة البحر.jpg")
    expect(focused).to_be_focused()
    press("ArrowUp")
    press("Home")
    press("ArrowUp")
    expect(tile(uploaded, "400x300", "sea.jpg")).to_be_focused()
    press("End")
    expect(tile(uploaded, "400x300", "broken.jpg")).to_be_focused()
    press("ArrowUp")
    expect(focused).to_be_focused()
    assert page.locator(".picture[tabindex='0']").count() == 1
    press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("صورة البحر.jpg at 400x300")
    expect(dialog.locator("figure img")).to_have_count(2)
    press("ArrowRight")
    expect(dialog).to_contain_text("صورة البحر.jpg at 1200x")
    press("Escape")
    expect(focused).to_be_focused()


def tile(console: Console, size: str, name: str) -> Locator:
    found: Locator = row(console, name).get_by_role("button", name=re.compile(f"^{size} of"))
    return found


def test_a_variant_is_swiped_over_the_same_part_of_its_original(uploaded: Console) -> None:
    page = uploaded.page
    uploaded.go("Upload")
    tile(uploaded, "800x600", "sea.jpg").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Swipe").click()
    expect(dialog.locator(".compare img")).to_have_count(2)
    handle = dialog.get_by_role("slider")
    box = handle.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + box["width"] / 5, middle)
    expect(handle).to_have_value("20")
    page.keyboard.press("ArrowLeft")
    expect(handle).to_have_value("19")
    expect(dialog).to_contain_text("sea.jpg at 800x600")
    # Red, blue / green, white: at both sides of the handle.
    shown = page.evaluate(
        """() => [...document.querySelectorAll('.compare img')].map((image) => {
          const style = getComputedStyle(image);
          return [style.objectFit, style.objectPosition, style.clipPath];
        })"""
    )
    assert shown == [["cover", "50% 50%", "none"], ["fill", "50% 50%", "inset(0px 0px 0px 19%)"]]
    dialog.get_by_role("button", name="Swipe").click()
    expect(dialog.locator("figure")).to_have_count(2)
    page.keyboard.press("Escape")
    tile(uploaded, "800x600", "broken.jpg").click()
    expect(dialog).to_contain_text("The file ends early.")
    expect(dialog.get_by_role("button", name="Swipe")).to_be_disabled()
    page.keyboard.press("Escape")


def test_a_photo_is_looked_up_by_a_variants_url_and_deleted_after_a_question(
    console: Console, stack: DeployedStack
) -> None:
    page = console.open()
    upload(console, file("a b+c.jpg"))
    expect(row(console, "a b+c.jpg").locator(".picture img")).to_have_count(SIZES)
    path = path_of(console, "a b+c.jpg")
    expect(page.locator(".card")).to_have_count(SIZES)
    expect(page.locator(".card .ready", has_text="current")).to_have_count(SIZES)
    expect(page.get_by_text("640\N{MULTIPLICATION SIGN}480").first).to_be_visible()

    url = page.get_by_role("link", name="its address").first.get_attribute("href")
    assert url is not None
    page.get_by_label("Path or URL").fill(url)
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_label("Path or URL")).to_have_value(path)
    expect(page.locator(".card")).to_have_count(SIZES)
    original = page.get_by_role("region", name="Original", exact=True)
    expect(original).to_contain_text(f"({len(PHOTO):,} bytes)")
    expect(original).to_contain_text(hashlib.md5(PHOTO, usedforsecurity=False).hexdigest())
    page.get_by_text("Headers as delivered").first.click()
    expect(page.locator(".card dl").first).to_contain_text("cache-control")

    page.get_by_role("button", name="Delete photo").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".card")).to_have_count(SIZES)
    page.get_by_role("button", name="Delete photo").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete photo").click()
    expect(page.get_by_text("Deleted")).to_be_visible()
    answer = requests.get(
        f"{stack.api}/uploads", params={"path": path}, headers=bearer(stack), timeout=SECONDS
    )
    assert {size["state"] for size in answer.json()["sizes"].values()} == {"gone"}
    assert not console.errors, "\n".join(console.errors)


def test_what_is_stale_or_missing_says_so_and_is_rendered_again(
    console: Console, stack: DeployedStack
) -> None:
    page = console.open()
    upload(console, file("again.jpg"))
    expect(row(console, "again.jpg").locator(".picture img")).to_have_count(SIZES)
    path = path_of(console, "again.jpg")
    expect(page.locator(".card .ready", has_text="current")).to_have_count(SIZES)
    s3 = aws(stack, "s3")
    bucket = stack.images_bucket
    key = f"400x300/{path}"
    stored = s3.head_object(Bucket=bucket, Key=key)
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=s3.get_object(Bucket=bucket, Key=key)["Body"].read(),
        ContentType=stored["ContentType"],
        CacheControl=stored["CacheControl"],
        Metadata={**stored["Metadata"], "recipe": "of-older-days"},
    )
    s3.delete_object(Bucket=bucket, Key=f"1200x/{path}")
    page.get_by_role("button", name="Look again").click()
    card = page.locator(".card").filter(has_text="400x300")
    expect(card).to_contain_text("stale: the size has another recipe now")
    expect(page.locator(".card").filter(has_text="1200x")).to_contain_text("missing")
    expect(page.locator(".card .ready")).to_have_count(SIZES - 2)
    page.get_by_role("button", name="Render again").click()
    expect(page.get_by_text("Rendered again: 400x300, 1200x.")).to_be_visible()
    expect(page.locator(".card .ready", has_text="current")).to_have_count(SIZES)
    delete(stack, path)
    assert not console.errors, "\n".join(console.errors)


def test_urls_of_the_stage_are_understood(console: Console, stack: DeployedStack) -> None:
    page = console.open()
    cdn, host = stack.cdn, urlsplit(stack.cdn).netloc
    photo = "2026/a b+c~é.jpg"
    escaped = "2026/a%20b%2Bc%7E%C3%A9.jpg"
    texts = {
        photo: photo,
        f"  {photo}\n": photo,
        "400x300/sea.jpg": "400x300/sea.jpg",  # a path: only URLs have the folder of a size
        f"{cdn}/400x300/{escaped}": photo,
        f"{cdn}/400x300/{escaped}?Expires=1&Signature=x#top": photo,
        f"{cdn}/thumbnail.avif/{escaped}": photo,
        f"{cdn}/{escaped}?w=640": photo,
        f"{host}/800x600/{escaped}": photo,
        f"/800x600/{escaped}": photo,
        "/2026/100%.jpg": "2026/100%.jpg",
        f"{cdn}/_signed/{escaped}/w=640,h=360/signature": photo,
        f"{stack.api}/uploads/{escaped}": photo,
        f"{stack.api}/uploads?path={escaped}": photo,
        "https://shop.example/400x300/sea.jpg": "sea.jpg",
        "http://": "http://",
    }
    found = page.evaluate(
        """async ([texts, images, api, names]) => {
          const { pathOf } = await import('./paths.js');
          const sizes = names.map((name) => ({ name }));
          return texts.map((each) => pathOf(each, { images, api, sizes }));
        }""",
        [list(texts), cdn, stack.api, stack.sizes],
    )
    assert dict(zip(texts, found, strict=True)) == texts


def test_letters_of_sns_and_of_invalidations_are_replayed_too(
    console: Console, stack: DeployedStack, sqs: "SQSClient"
) -> None:
    """Each is shown apart from the others, and returns to its own queue, which handles it."""
    dlqs = {
        name: sqs.get_queue_url(QueueName=f"image-fanout-local-{name}")["QueueUrl"]
        for name in ("400x300-subscription-dlq", "purge-dlq")
    }
    path = f"never/{secrets.token_hex(4)}.jpg"
    event = build_event(stack.originals_bucket, f"originals/{path}")
    sqs.send_message(QueueUrl=dlqs["400x300-subscription-dlq"], MessageBody=event)
    invalidation = json.dumps({"paths": [f"/400x300/{path}"]})
    sqs.send_message(QueueUrl=dlqs["purge-dlq"], MessageBody=invalidation)
    page = console.open()
    console.go("Dead letters")
    for reason, where in (("undelivered", "400x300, from SNS"), ("not_purged", "invalidations")):
        group = page.get_by_role("region", name=reason, exact=True)
        letter = group.locator(".letters li").filter(has_text=path)
        expect(letter).to_contain_text(where)
        link = letter.get_by_role("link")
        expect(link).to_have_attribute("href", re.compile(f"path={quote(path, safe='')}$"))
        letter.get_by_role("checkbox").check()
        group.get_by_role("button", name="Replay 1", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Replay 1 dead letter?")
        dialog.get_by_role("button", name="Replay").click()
        expect(page.get_by_text("Replayed 1 dead letter.")).to_be_visible()
        expect(letter).to_have_count(0)
    assert not console.errors, "\n".join(console.errors)


def test_sizes_are_tried_by_hand_and_end_in_lines_for_the_file(console: Console) -> None:
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = console.open()
    console.go("Playground")
    page.get_by_label("Photo", exact=True).set_input_files(file("grain.jpg", GRAIN))
    result = page.locator("[data-size='400x300']")
    declared = result.locator("p", has_text="as declared")
    expect(declared).to_contain_text(re.compile(r"400.300 · [\d.]+ KB · JPEG · SSIM 0\.\d{3}"))
    # Without a change, the handle parts what is declared from the same pixels without loss.
    expect(result.locator(".tag")).to_have_text(["without loss", "as declared"])
    page.get_by_label("400x300").uncheck()
    page.get_by_label("Quality").fill("10")
    result = page.locator("[data-size='800x600']")
    by_hand = result.locator("p", has_text="by hand")
    expect(by_hand).to_contain_text(re.compile("KB · \N{MINUS SIGN}\\d+% · JPEG · SSIM"))
    expect(result.locator(".tag")).to_have_text(["as declared", "by hand"])
    before = result.locator("p", has_text="as declared").inner_text()
    assert likeness(by_hand.inner_text()) < likeness(before) < 1
    formats = page.locator(".format")
    expect(formats.last).to_contain_text(re.compile(r"PNG[\d.]+ KB · 1\.000"))
    assert len({each.inner_text().splitlines()[-1] for each in formats.all()[1:]}) == SIZES

    page.get_by_role("radio", name="WebP").check()
    position = page.get_by_role("radiogroup", name=re.compile("Position"))
    position.click(position={"x": 5, "y": 5})
    expect(page.get_by_role("radio", name="top-left")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="top", exact=True)).to_be_checked()
    expect(by_hand).to_contain_text("WebP")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    (lines,) = yaml.safe_load(page.evaluate("navigator.clipboard.readText()"))["sizes"]
    size = Size.model_validate(lines)
    assert (size.name, size.width, size.height) == ("800x600", 800, 600)
    assert (size.position, size.format, size.quality) == ("top", "webp", 10)
    page.get_by_label("Fit").select_option("inside")
    # Nothing is cropped: sizes.yml takes no position there.
    expect(page.get_by_role("radio", name="top-left")).to_be_disabled()
    expect(page.get_by_label("Lines for sizes.yml")).not_to_contain_text("position")
    page.get_by_role("button", name="As declared").click()
    expect(page.get_by_label("Lines for sizes.yml")).not_to_contain_text("webp")
    posted = {each.rpartition("/")[2] for each in console.requests if each.startswith("POST")}
    assert posted == {"render", "replay"}  # the latter signs in
    assert not console.errors, "\n".join(console.errors)


def test_a_size_that_is_given_up_and_asked_for_again_is_rendered(console: Console) -> None:
    page = console.page
    console.leave()
    held: list[Route] = []
    page.route("**/render?*", lambda route: held.append(route), times=1)  # noqa: PLW0108
    console.open()
    with page.expect_request("**/render?*"):
        console.go("Playground")
    page.get_by_label("1200x").check()
    expect(page.locator("[data-size='1200x'] .compare")).to_be_visible()
    expect(page.locator("[data-size='800x600'] .compare")).to_be_visible()


def likeness(line: str) -> float:
    found = re.search(r"SSIM ([\d.]+)", line)
    assert found, line
    return float(found[1])


def sign_in(console: Console, token: str) -> Page:
    """An authorizer that read the tokens just before may refuse a new one for seconds."""
    page = console.open(token)
    accepted = page.get_by_role("button", name="Uploads only")
    refused = page.get_by_role("alert").filter(has_text="does not accept this token")

    def is_accepted() -> bool:
        expect(accepted.or_(refused)).to_be_visible()
        if not accepted.is_visible():
            page.locator("#secret").fill(token)
            page.keyboard.press("Enter")
        return accepted.is_visible()

    eventually(is_accepted, "the new token is accepted")
    return page


def test_a_token_for_uploads_uploads_and_the_page_says_what_it_may_not(
    console: Console, stack: DeployedStack, operator: Operator
) -> None:
    token = operator("token", "create", "--name", "uploads-only").out.strip()
    page = sign_in(console, token)
    upload(console, file("mine.jpg", PHOTO[:3000]))
    failed = row(console, "mine.jpg")
    expect(failed.locator(".picture[data-state=failed]")).to_have_count(SIZES)
    expect(failed.get_by_role("button", name=re.compile("Replay"))).to_have_count(0)
    path = path_of(console, "mine.jpg")
    console.go("Dead letters")
    expect(page.get_by_role("alert")).to_contain_text("this token is for uploads")
    console.go("Playground")
    expect(page.get_by_label("Fit")).to_be_disabled()
    # The page only shows it; the API refuses.
    for verb in ("replay", "purge"):
        answer = requests.post(
            f"{stack.api}/dead-letters/{verb}",
            json={"sizes": stack.sizes, "paths": [path]},
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        assert (answer.status_code, answer.json()["type"]) == (403, "wrong_scope")
    assert purge(stack, path) == SIZES
    delete(stack, path)
    operator("token", "revoke", token.split("_")[1], "--yes")


def test_without_a_token_the_page_asks_for_one(console: Console, stack: DeployedStack) -> None:
    page = console.open("")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("./fanout token create")
    expect(page.locator("#secret")).to_be_focused()
    page.locator("#secret").fill("fanout_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not accept this token")
    page.locator("#secret").fill(stack.token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Choose photos")).to_be_visible()
    assert dialog.count() == 0


def test_a_hundred_photos_have_few_rows_in_the_page_and_share_one_poll(
    console: Console, uploaded: Console, stack: DeployedStack
) -> None:
    """The stage's answers about one photo stand for those about a hundred."""
    uploaded.go("Upload")
    photo = recorded(uploaded, stack)
    crowd = Crowd(photo, stack)
    crowd.answer(console.page)
    page = console.open()
    names = [f"{number:03}.jpg" for number in range(100)]
    upload(console, *(file(name, TINY) for name in names))
    counts = page.locator(".counts")
    expect(counts).to_contain_text(f"100 photos{100 * SIZES} variants")
    expect(counts).not_to_contain_text("waiting")
    posted = [each.rpartition("/")[2] for each in console.requests if each.startswith("POST")]
    assert (posted.count("batch"), posted.count("form")) == (1, 100)
    assert posted.count("status") < 25

    # A tile is filled by its placeholder, then by its picture.
    first = row(console, names[0])
    expect(first.locator(".picture canvas")).to_have_count(SIZES + 1)
    expect(first.locator(".picture img")).to_have_count(0)
    crowd.release()
    expect(first.locator(".picture img")).to_have_count(SIZES)
    in_view = page.locator(".row").count()
    assert in_view < 10
    # What is not in view is not fetched.
    assert crowd.images <= in_view * SIZES

    tile(console, "800x600", names[0]).focus()
    page.keyboard.press("End")
    expect(tile(console, "800x600", names[-1])).to_be_focused()
    expect(row(console, names[0])).to_have_count(0)
    assert page.locator(".row").count() < 10
    assert page.locator("*").count() < 500
    assert not console.errors, "\n".join(console.errors)


def recorded(console: Console, stack: DeployedStack) -> dict[str, Any]:
    """What the stage says of a photo that was uploaded: its status."""
    path = path_of(console, "sea.jpg")
    console.go("Upload")
    answer = requests.post(
        f"{stack.api}/uploads/status",
        json={"paths": [path]},
        headers=bearer(stack),
        timeout=SECONDS,
    )
    (one,) = answer.json()["uploads"]
    photo: dict[str, Any] = one["photo"]
    return photo


class Crowd:
    """Answers about any number of photos, made from those about one; images wait to be released."""

    def __init__(self, photo: dict[str, Any], stack: DeployedStack) -> None:
        self.photo = photo
        self.stack = stack
        self._form = f"{stack.api}/form"
        self.images = 0
        self._held: list[Route] | None = []
        self._polls = 0

    def answer(self, page: Page) -> None:
        page.route(f"{self.stack.api}/uploads/batch", self._issue)
        page.route(f"{self.stack.api}/uploads/status", self._tell)
        page.route(self._form, lambda route: route.fulfill(status=204, headers=CORS))
        page.route(re.compile(rf"{re.escape(self.stack.cdn)}/(?!_console)"), self._deliver)

    def release(self) -> None:
        held, self._held = self._held or [], None
        for route in held:
            self._deliver(route)

    def _issue(self, route: Route) -> None:
        tickets = [
            {"path": each["filename"], "url": self._form, "fields": {}}
            for each in self._read(route)["uploads"]
        ]
        self._say(route, {"uploads": [{"ticket": ticket} for ticket in tickets]})

    def _tell(self, route: Route) -> None:
        self._polls += 1
        paths = self._read(route)["paths"]
        self._say(route, {"uploads": [{"photo": self._describe(path)} for path in paths]})

    def _describe(self, path: str) -> dict[str, Any]:
        photo: dict[str, Any] = json.loads(json.dumps(self.photo))
        for size in photo["sizes"].values():
            if self._polls == 1:
                size |= {"state": "pending", "variants": []}
            for variant in size["variants"]:
                variant["placeholder"] = PLACEHOLDER
                variant["url"] = variant["url"].replace(photo["path"], path)
        return photo | {"path": path}

    def _deliver(self, route: Route) -> None:
        if self._held is not None:
            self.images += 1
            self._held.append(route)
        else:
            route.fulfill(body=TINY, content_type="image/jpeg", headers=CORS)

    def _read(self, route: Route) -> dict[str, Any]:
        read: dict[str, Any] = route.request.post_data_json or {}
        return read

    def _say(self, route: Route, answer: dict[str, Any]) -> None:
        route.fulfill(json=answer, headers=CORS)


def test_a_lost_connection_is_said_and_waited_for(console: Console, stack: DeployedStack) -> None:
    page = console.open()
    expect(page.locator(".fan canvas")).to_have_count(3)
    console.context.set_offline(True)
    expect(page.get_by_text("No connection.")).to_be_visible()
    page.get_by_role("button", name="Upload the sample dawn.jpg").click()
    expect(row(console, "dawn.jpg")).to_be_visible()
    console.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_be_hidden()
    expect(row(console, "dawn.jpg").locator(".picture img")).to_have_count(SIZES)
    delete(stack, path_of(console, "dawn.jpg"))


def test_every_place_is_accessible_and_fits(console: Console, uploaded: Console) -> None:
    """By axe's rules: names, roles, contrast; and nothing is wider than the window."""
    page = console.open()
    for place, is_there in (
        ("Upload", page.locator(".fan")),
        ("Playground", page.locator(".compare").nth(1)),
        ("Look up", page.get_by_role("search")),
        ("Dead letters", page.get_by_role("table")),
    ):
        console.go(place)
        expect(is_there).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert_accessible(page, place)
    uploaded.go("Upload")
    assert_accessible(uploaded.page, "photos")
    tile(uploaded, "800x600", "sea.jpg").click()
    expect(uploaded.page.locator("dialog img")).to_have_count(2)
    assert_accessible(uploaded.page, "viewer")
    uploaded.page.keyboard.press("Escape")
    uploaded.forget()


def assert_accessible(page: Page, what: str) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    themes: list[tuple[Literal["light", "dark"], int]] = [("light", 320), ("dark", 1440)]
    for scheme, width in themes:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("axe.run(document)")["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], (what, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (what, width)


def test_the_stage_is_named_and_prod_is_red(console: Console, stack: DeployedStack) -> None:
    def rename(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"stage": "prod"})

    colour = "getComputedStyle(document.querySelector('#stage')).backgroundColor"
    page = console.open()
    expect(page.locator("#stage")).to_have_text("local")
    calm = page.evaluate(colour)
    page.route("**/config.json", rename)
    console.open()
    expect(page.locator("#stage")).to_have_text("prod")
    expect(page).to_have_title(re.compile("^Upload .* Image Fan-out prod$"))
    assert page.evaluate(colour) == "rgb(177, 39, 28)" != calm


def test_the_function_that_serves_the_console_in_the_cloud_serves_the_same(
    stack: DeployedStack,
) -> None:
    for name in ("index.html", "main.js", "config.json", "fanout.js"):
        cloud = requests.get(f"{stack.api}/_console/{name}", timeout=SECONDS)
        local = requests.get(f"{stack.cdn}/_console/{name}", timeout=SECONDS)
        assert cloud.status_code == local.status_code == 200
        assert cloud.content == local.content
        policy = cloud.headers["Content-Security-Policy"]
        assert policy == local.headers["Content-Security-Policy"]
    missing = requests.get(f"{stack.cdn}/_console/none.js", timeout=SECONDS)
    assert missing.status_code == 404
