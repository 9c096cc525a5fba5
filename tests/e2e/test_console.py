"""The console in a real browser: a person uploads, looks, tries sizes, replays and deletes."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, FilePayload, expect

from lib.pipeline.events import build_event
from local.client import aws
from local.stack import DeployedStack
from tests.api import SECONDS, bearer
from tests.e2e.browser import PATIENCE, Console, chromium
from tests.e2e.conftest import Operator
from tests.pictures import encoded, quarters

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PHOTO = encoded(quarters(640, 480))
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SIZES = 4
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def console(browser: Browser, stack: DeployedStack) -> Iterator[Console]:
    console = Console(browser, stack)
    yield console
    console.context.close()


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


def test_photos_become_tiles_and_a_broken_file_tells_why_until_it_is_purged(
    console: Console, stack: DeployedStack
) -> None:
    page = console.open()
    upload(console, file("sea.jpg"), file("صورة البحر.jpg"), file("broken.jpg", PHOTO[:3000]))
    for name in ("sea.jpg", "صورة البحر.jpg"):
        expect(row(console, name).locator(".picture img")).to_have_count(SIZES)
        tile = row(console, name).get_by_role("button", name=re.compile("^400x300 of"))
        expect(tile).to_have_accessible_name(re.compile(r"KB · JPEG · [\d.]+ m?s$"))
    broken = row(console, "broken.jpg")
    expect(broken.locator(".picture[data-state=failed]")).to_have_count(SIZES)
    expect(broken.get_by_text("The file ends early.").first).to_be_visible()
    expect(broken.get_by_text("Upload it again.").first).to_be_visible()
    expect(page.locator(".foot")).to_contain_text("3 photos8 variants4 failed")

    broken.get_by_role("button", name="Replay 400x300 of broken.jpg").click()
    expect(broken.locator(".picture[data-state=replayed]")).to_have_count(1)
    # It fails again: its message was back in the queue.
    expect(broken.locator(".picture[data-state=failed]")).to_have_count(SIZES)

    path = path_of(console, "broken.jpg")
    console.go("Dead letters")
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
    delete(stack, path)
    assert console.errors == []


def test_the_page_asks_only_its_stage_and_forgets_the_token_of_its_address(
    console: Console, stack: DeployedStack
) -> None:
    page = console.open()
    expect(page.locator(".fan img")).to_have_count(3)
    assert "token" not in page.url
    page.get_by_role("button", name="Upload the sample dawn.jpg").click()
    expect(row(console, "dawn.jpg").locator(".picture img")).to_have_count(SIZES)
    assert console.hosts == {urlsplit(stack.api).netloc, urlsplit(stack.cdn).netloc}
    delete(stack, path_of(console, "dawn.jpg"))
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
        0,
        0,
        "",
    ]
    assert console.errors == []


def test_tiles_are_walked_and_opened_by_keys(console: Console, stack: DeployedStack) -> None:
    page = console.open()
    upload(console, file("one.jpg"), file("two.jpg"))
    for name in ("one.jpg", "two.jpg"):
        expect(row(console, name).locator(".picture img")).to_have_count(SIZES)
    row(console, "one.jpg").get_by_role("button", name=re.compile("^800x600 of")).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    focused = row(console, "two.jpg").get_by_role("button", name=re.compile("^400x300 of two"))
    expect(focused).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("two.jpg at 400x300")
    expect(dialog.locator("img")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("two.jpg at 1200x")
    page.keyboard.press("Escape")
    expect(focused).to_be_focused()
    for name in ("one.jpg", "two.jpg"):
        delete(stack, path_of(console, name))
        console.go("Upload")


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
    assert console.errors == []


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
    assert console.errors == []


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
    assert console.errors == []


def test_sizes_are_tried_by_hand_and_end_in_lines_for_the_file(console: Console) -> None:
    page = console.open()
    console.go("Playground")
    result = page.locator("[data-size='400x300']")
    expect(result.get_by_text("as declared")).to_contain_text("as declared")
    declared = result.locator("p", has_text="as declared")
    expect(declared).to_contain_text(re.compile(r"400.300 · [\d.]+ KB · JPEG · SSIM 0\.\d{3}"))
    page.get_by_label("Quality").fill("10")
    page.get_by_label("Fit").select_option("fill")
    by_hand = result.locator("p", has_text="by hand")
    expect(by_hand).to_contain_text("SSIM")
    assert likeness(by_hand.inner_text()) < likeness(declared.inner_text()) < 1
    lines = page.get_by_label("Lines for sizes.yml")
    expect(lines).to_contain_text("  - name: 400x300\n    width: 400\n    height: 300\n")
    expect(lines).to_contain_text("    quality: 10\n    fit: fill")
    assert not any(request.startswith("POST /uploads") for request in console.requests)
    assert console.errors == []


def likeness(line: str) -> float:
    found = re.search(r"SSIM ([\d.]+)", line)
    assert found, line
    return float(found[1])


def test_a_token_for_uploads_uploads_and_the_page_says_what_it_may_not(
    console: Console, stack: DeployedStack, operator: Operator
) -> None:
    token = operator("token", "create", "--name", "uploads-only").out.strip()
    page = console.open(token)
    expect(page.get_by_role("button", name="Uploads only")).to_be_visible()
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
    purged = requests.post(
        f"{stack.api}/dead-letters/purge",
        json={"sizes": stack.sizes, "paths": [path]},
        headers=bearer(stack),
        timeout=SECONDS,
    )
    assert purged.json()["taken"] == SIZES
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


def test_many_photos_have_few_rows_in_the_page_and_share_one_poll(
    console: Console, stack: DeployedStack
) -> None:
    page = console.open()
    tiny = encoded(quarters(24, 16))
    names = [f"{number:03}.jpg" for number in range(40)]
    upload(console, *(file(name, tiny) for name in names))
    expect(page.locator(".foot")).to_contain_text(f"40 photos{40 * SIZES} variants")
    expect(page.locator(".foot")).not_to_contain_text("waiting")
    assert page.locator(".row").count() < 12
    seen = [request for request in console.requests if request.endswith("/uploads/status")]
    posted = [request for request in console.requests if request.endswith("/uploads/batch")]
    assert (len(seen) < len(names), len(posted)) == (True, 1)
    page.mouse.wheel(0, 100_000)
    expect(row(console, names[-1])).to_be_visible()
    expect(row(console, names[0])).to_have_count(0)
    s3 = aws(stack, "s3")
    keys = s3.get_paginator("list_objects_v2").paginate(
        Bucket=stack.originals_bucket, Prefix="originals/"
    )
    for key in [each["Key"] for some in keys for each in some.get("Contents", [])]:
        if key.rpartition("/")[2] in names:
            s3.delete_object(Bucket=stack.originals_bucket, Key=key)


def test_a_lost_connection_is_said_and_waited_for(console: Console, stack: DeployedStack) -> None:
    page = console.open()
    expect(page.locator(".fan img")).to_have_count(3)
    console.context.set_offline(True)
    expect(page.get_by_text("No connection.")).to_be_visible()
    upload(console, file("later.jpg"))
    console.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_be_hidden()
    expect(row(console, "later.jpg").locator(".picture img")).to_have_count(SIZES)
    delete(stack, path_of(console, "later.jpg"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_every_place_is_accessible_and_fits(
    browser: Browser, stack: DeployedStack, scheme: Any, width: int
) -> None:
    """By axe's rules: names, roles, contrast; and nothing is wider than the window."""
    console = Console(
        browser,
        stack,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        bypass_csp=True,  # for axe alone
    )
    page = console.open()
    try:
        expect(page.locator(".fan img")).to_have_count(3)
        for place in ("Upload", "Playground", "Look up", "Dead letters"):
            console.go(place)
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            if place == "Playground":
                expect(page.locator(".compare img")).to_have_count(2)
            if place == "Dead letters":
                expect(page.get_by_role("table")).to_be_visible()
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate("axe.run(document)")["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], place
            assert page.evaluate("document.documentElement.scrollWidth") <= width, place
    finally:
        console.context.close()


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
