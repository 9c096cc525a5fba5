"""fanout upload against a server of this test: what is posted, and what is said of refusals."""

import json
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli import upload
from cli.stage import Stage
from lib.uploads.client import make_bearer_auth, post_form
from lib.uploads.status import PhotoStatus, SizeStatus, VariantFacts
from tests.command_line import Run, fanout
from tests.pictures import encoded, quarters

PHOTO = encoded(quarters())


class Site(ThreadingHTTPServer):
    """Gives out tickets for itself, and keeps what is posted, or only counts it if it is long."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.ticket_requests: list[dict[str, Any]] = []
        self.forms: list[dict[str, bytes]] = []
        self.received = 0
        self.refusals: dict[str, tuple[int, str]] = {}


class Answers(BaseHTTPRequestHandler):
    server: Site

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        if length > 10_000_000:
            left = length
            while left:
                left -= len(self.rfile.read(min(left, 65536)))
            self.server.received += length
            return self.answer(204, "")
        body = self.rfile.read(length)
        if self.path in self.server.refusals:
            return self.answer(*self.server.refusals[self.path])
        if self.path == "/uploads":
            assert self.headers["Authorization"] == "Bearer a-token"
            return self.answer(201, json.dumps(self.ticket(json.loads(body))))
        kind = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n"
        parts: Any = BytesParser().parsebytes(kind.encode() + body).get_payload()
        form = {
            part.get_param("name", header="Content-Disposition"): part.get_payload(decode=True)
            for part in parts
        }
        self.server.forms.append(form)
        return self.answer(204, "")

    def ticket(self, request: dict[str, Any]) -> dict[str, Any]:
        self.server.ticket_requests.append(request)
        path = request.get("path", f"new/{request.get('filename')}")
        fields = {"key": f"originals/{path}", "Content-Type": request["content_type"]}
        return {
            "path": path,
            "url": f"{self.server.url}/form",
            "fields": fields,
            "variants": {"40x30": f"https://images.example/40x30/{path}"},
        }

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with Site() as site:
        monkeypatch.setattr(Stage, "api_url", site.url)
        monkeypatch.setattr(Stage, "authorize", property(lambda _: make_bearer_auth("a-token")))
        serving = threading.Thread(target=site.serve_forever, args=(0.01,))
        serving.start()
        yield site
        site.shutdown()
        serving.join()


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    files = [tmp_path / f"photo {number:02} é.jpg" for number in range(12)]
    for number, file in enumerate(files):
        file.write_bytes(b"--\r\n" * number + PHOTO)
    return [str(file) for file in files]


STAGE = ("--stage", "dev", "--region", "eu-west-1")


def uploaded(*arguments: str) -> Run:
    return fanout("upload", *arguments, *STAGE, "--json")


def test_files_are_posted_as_they_are_under_names_of_their_own(
    site: Site, photos: list[str]
) -> None:
    run = uploaded(*photos)
    assert run.code == 0
    assert [line["file"] for line in run.lines] == photos
    assert run.lines[3]["path"] == "new/photo 03 é.jpg"
    assert run.lines[3]["variants"] == {"40x30": "https://images.example/40x30/new/photo 03 é.jpg"}
    posted = {form["key"].decode(): form["file"] for form in site.forms}
    assert posted == {
        f"originals/new/{Path(photo).name}": Path(photo).read_bytes() for photo in photos
    }


def test_a_ticket_is_asked_for_as_the_file_is(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "a.HEIC"
    file.write_bytes(b"12345")
    uploaded(str(file), "--path", "2026/a.heic", "--overwrite")
    assert site.ticket_requests == [
        {"path": "2026/a.heic", "content_type": "image/heic", "bytes": 5, "overwrite": True}
    ]


def test_a_path_that_ends_in_a_slash_is_a_folder(site: Site, photos: list[str]) -> None:
    run = uploaded(*photos[:2], "--path", "2026/a b/")
    assert [line["path"] for line in run.lines] == [
        "2026/a b/photo 00 é.jpg",
        "2026/a b/photo 01 é.jpg",
    ]
    assert {form["key"].decode() for form in site.forms} == {
        f"originals/{line['path']}" for line in run.lines
    }


def test_one_path_for_two_files_is_wrong_use(site: Site, photos: list[str], tmp_path: Path) -> None:
    assert uploaded(*photos[:2], "--path", "2026/a.jpg").code == 2
    twin = tmp_path / "twin" / Path(photos[0]).name
    twin.parent.mkdir()
    twin.write_bytes(PHOTO)
    assert uploaded(photos[0], str(twin), "--path", "2026/").code == 2
    assert uploaded("no-such-file.jpg").code == 2
    assert site.ticket_requests == []


def test_a_refused_file_is_named_with_the_reason_and_the_others_go_on(
    site: Site, photos: list[str]
) -> None:
    site.refusals["/form"] = (400, "<Error>EntityTooLarge</Error>")
    run = uploaded(*photos[:2])
    assert run.code == 1
    assert run.lines[1] == {
        "file": photos[1],
        "error": "S3 refused it (400): <Error>EntityTooLarge</Error>",
    }
    site.refusals = {"/uploads": (409, json.dumps({"type": "path_taken", "detail": "is taken"}))}
    run = fanout("upload", photos[0], *STAGE)
    assert run.code == 1
    assert run.err == f"{photos[0]}: no ticket (409): is taken\n"
    site.refusals = {"/uploads": (403, '{"message": "Forbidden"}')}
    assert (
        "may not upload: see the permissions in docs/operations.md"
        in fanout("upload", photos[0], *STAGE).err
    )


def test_an_api_that_nobody_answers_at_is_no_traceback(
    site: Site, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stage, "api_url", "http://127.0.0.1:9")
    run = uploaded(photos[0])
    assert run.code == 1
    assert "refused" in run.lines[0]["error"]


class Desk:
    """Knows one photo that is ready and one that has failed."""

    def get(self, path: str) -> PhotoStatus:
        if path == "2026/photo 01 é.jpg":
            failed = SizeStatus(state="failed", reason="corrupt", error="[b]damaged")
            return PhotoStatus(path=path, sizes={"40x30": failed})
        variant = VariantFacts(
            url=f"https://images.example/40x30/{path}",
            content_type="image/jpeg",
            bytes=1234,
            pixels="40x30",
            modified=datetime.now(UTC) - timedelta(minutes=5),
        )
        ready = SizeStatus(state="ready", variants=[variant])
        return PhotoStatus(path=path, sizes={"40x30": ready})


def test_waiting_tells_what_became_of_each(
    site: Site, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "make_status_reader", lambda _: Desk())
    run = uploaded(photos[0], "--path", "2026/", "--wait")
    assert run.code == 0
    assert run.lines[0]["sizes"]["40x30"]["state"] == "ready"
    run = uploaded(*photos[:2], "--path", "2026/", "--wait")
    assert run.code == 1
    assert [line["sizes"]["40x30"]["state"] for line in run.lines] == ["ready", "failed"]
    run = fanout("upload", *photos[:2], "--path", "2026/", "--wait", *STAGE)
    assert run.out == (
        f"{photos[0]}: path 2026/photo 00 é.jpg\n"
        "40x30  ready\n"
        "  https://images.example/40x30/2026/photo 00 é.jpg\n"
        "  40x30 pixels, 1,234 bytes, image/jpeg, 5 min old\n"
        f"{photos[1]}: path 2026/photo 01 é.jpg\n"
        "40x30  failed  corrupt: [b]damaged\n"
    )


def test_a_large_file_is_not_read_into_memory(site: Site, tmp_path: Path) -> None:
    length = 64 * 2**20
    file = tmp_path / "large.tiff"
    with file.open("wb") as made:
        made.truncate(length)
    progress: list[int] = []
    tracemalloc.start()
    try:
        with file.open("rb") as opened:
            ticket = {"url": f"{site.url}/form", "fields": {"key": "originals/large.tiff"}}
            assert post_form(ticket, opened, length, progress.append).status_code == 204
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(progress) == length < site.received
    assert peak < 5_000_000
