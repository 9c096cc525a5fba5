"""fanout upload against a server of this test: what is posted, and what is said of it."""

import json
import os
import shlex
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import terminal, upload
from cli.stage import Stage
from lib.aws.stacks import Stack
from lib.uploads import retries
from lib.uploads.client import make_bearer_auth, post_form
from lib.uploads.status import PhotoStatus, SizeStatus, VariantFacts
from tests.command_line import Run, fanout
from tests.pictures import encoded, quarters
from tests.upload_site import TOKEN, Handler, UploadSite, serving

PHOTO = encoded(quarters())
STAGE = ("--stage", "dev", "--region", "eu-west-1")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[UploadSite]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(upload, "_RECORDS", tmp_path / "records")
    monkeypatch.setattr(retries, "_FIRST_DELAY", 0.001)
    monkeypatch.setattr(retries, "_MAX_DELAY", 0.01)
    with serving() as site:
        monkeypatch.setattr(Stage, "api_url", site.url)
        monkeypatch.setattr(Stage, "stack", Stack("image-fanout-dev", {}, {}))
        monkeypatch.setattr(Stage, "authorize", property(lambda _: make_bearer_auth(TOKEN)))
        yield site


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    files = [tmp_path / f"photo {number:02} é.jpg" for number in range(12)]
    for number, file in enumerate(files):
        file.write_bytes(b"--\r\n" * number + PHOTO)
    return [str(file) for file in files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos in sub-folders, and what else lies about in folders of photos."""
    root = tmp_path / "holiday"
    for name in ("sea.jpg", "beach/sea.jpg", "beach/late/no suffix", "beach/late/a b+c%2F.PNG"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(PHOTO if "suffix" in name else name.encode())
    (root / "beach" / "notes.txt").write_text("BM is how bitmaps begin")
    (root / "beach" / "raw.NEF").write_bytes(b"MM\0*" + bytes(300))
    (root / ".DS_Store").write_bytes(b"hidden")
    (root / ".thumbnails").mkdir()
    (root / ".thumbnails" / "sea.jpg").write_bytes(PHOTO)
    (root / "empty").mkdir()
    return root


def uploaded(*arguments: str) -> Run:
    return fanout("upload", *arguments, *STAGE, "--json")


def results(run: Run) -> dict[str, dict[str, Any]]:
    """What is printed of each file, without the summary, by the file."""
    return {line.pop("file"): line for line in run.lines[:-1]}


def summary(run: Run) -> dict[str, Any]:
    """The counts at the end, without those that are 0."""
    found: dict[str, Any] = run.lines[-1]["summary"]
    return {name: count for name, count in found.items() if count and name != "bytes"}


def words(box: str) -> str:
    """The words of an error that is printed in a box, whose width breaks them into lines."""
    return " ".join(box.replace("│", " ").split())


def posted(site: UploadSite) -> dict[str, bytes]:
    return {form["key"].decode().removeprefix("originals/"): form["file"] for form in site.forms}


def test_files_are_posted_as_they_are_to_new_folders(site: UploadSite, photos: list[str]) -> None:
    run = uploaded(*photos)
    assert run.code == 0
    found = results(run)
    assert found.keys() == set(photos)
    assert posted(site) == {line["path"]: Path(photo).read_bytes() for photo, line in found.items()}
    folders = {line["path"].split("/")[0] for line in found.values()}
    assert len(folders) == len(photos)
    assert {len(each) for each in folders} == {32}
    line = found[photos[3]]
    assert line["path"].endswith("/photo 03 é.jpg")
    assert line["variants"] == {"40x30": f"https://images.example/40x30/{line['path']}"}
    assert summary(run) == {"uploaded": 12}
    assert run.lines[-1]["summary"]["bytes"] == sum(Path(photo).stat().st_size for photo in photos)


def test_a_ticket_is_asked_for_as_the_file_is(site: UploadSite, tmp_path: Path) -> None:
    file = tmp_path / "a.HEIC"
    file.write_bytes(b"12345")
    uploaded(str(file), "--path", "2026/a.heic", "--overwrite")
    assert site.ticket_requests == [
        {
            "path": "2026/a.heic",
            "content_type": "image/heic",
            "bytes": 5,
            "sha256": "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5",
            "overwrite": True,
        }
    ]


def test_a_path_that_ends_in_a_slash_is_a_folder(site: UploadSite, photos: list[str]) -> None:
    run = uploaded(*photos[:2], "--path", "2026/a b/")
    assert (
        {line["path"] for line in results(run).values()}
        == set(posted(site))
        == {
            "2026/a b/photo 00 é.jpg",
            "2026/a b/photo 01 é.jpg",
        }
    )


def test_one_path_for_two_files_is_wrong_use(
    site: UploadSite, photos: list[str], tmp_path: Path
) -> None:
    assert uploaded(*photos[:2], "--path", "2026/a.jpg").code == 2
    assert uploaded(str(tmp_path), "--path", "2026/a.jpg").code == 2
    twin = tmp_path / "twin" / Path(photos[0]).name
    twin.parent.mkdir()
    twin.write_bytes(PHOTO)
    run = uploaded(photos[0], str(twin.parent), "--path", "2026/")
    assert run.code == 2
    assert "two files would be uploaded to '2026/photo 00 é.jpg'" in words(run.err)
    assert uploaded("no-such-file.jpg").code == 2
    assert site.ticket_requests == []


class TestAPathThatLooksLikeAFolder:
    def test_is_refused_if_nobody_can_be_asked(self, site: UploadSite, photos: list[str]) -> None:
        run = uploaded(photos[0], "--path", "2026")
        assert run.code == 2
        assert "'2026' looks like a folder: write '2026/'" in words(run.err)
        assert uploaded(*photos, "--path", "2026").code == 2
        assert uploaded(photos[0], "--path", "2026.05").code == 2
        for path in ("", "/"):
            assert "names no folder and no photo" in uploaded(photos[0], "--path", path).err
        assert site.ticket_requests == []

    @pytest.mark.parametrize(
        ("answer", "path"),
        [("y", "2026/photo 00 é.jpg"), ("", "2026/photo 00 é.jpg"), ("n", "2026")],
    )
    def test_is_asked_about_at_a_terminal(
        self, site: UploadSite, photos: list[str], answer: str, path: str
    ) -> None:
        run = fanout("upload", photos[0], "--path", "2026", *STAGE, answer=answer)
        assert run.code == 0
        assert list(posted(site)) == [path]
        assert "2026 does not end in /. Is it a folder?" in run.err

    def test_is_a_photo_if_the_file_has_the_same_name(
        self, site: UploadSite, tmp_path: Path
    ) -> None:
        (tmp_path / "IMG_1").write_bytes(PHOTO)
        assert uploaded(str(tmp_path / "IMG_1"), "--path", "2026/IMG_1").code == 0
        assert list(posted(site)) == ["2026/IMG_1"]


class TestAFolder:
    def test_is_uploaded_with_its_folders(self, site: UploadSite, folder: Path) -> None:
        run = uploaded(str(folder), "--path", "2026/")
        assert run.code == 0, run.err
        assert posted(site) == {
            "2026/sea.jpg": b"sea.jpg",
            "2026/beach/sea.jpg": b"beach/sea.jpg",
            "2026/beach/late/no suffix": PHOTO,
            "2026/beach/late/a b+c%2F.PNG": b"beach/late/a b+c%2F.PNG",
        }

    def test_has_types_by_name_or_else_by_bytes(self, site: UploadSite, folder: Path) -> None:
        uploaded(str(folder), "--path", "2026/")
        types = {request["path"]: request["content_type"] for request in site.ticket_requests}
        assert types["2026/beach/late/no suffix"] == "image/jpeg"
        assert types["2026/beach/late/a b+c%2F.PNG"] == "image/png"

    def test_is_told_what_is_left_out(self, site: UploadSite, folder: Path) -> None:
        run = uploaded(str(folder), "--path", "2026/")
        left = {
            str(Path(file).relative_to(folder)): line["reason"]
            for file, line in results(run).items()
            if line["result"] == "skipped"
        }
        assert left == {
            ".DS_Store": "hidden",
            ".thumbnails": "hidden",
            "beach/notes.txt": "not_a_photo",
            "beach/raw.NEF": "not_a_photo",
        }
        assert summary(run) == {
            "uploaded": 4,
            "skipped": 4,
            "reasons": {"skipped": {"hidden": 2, "not_a_photo": 2}},
        }
        run = fanout("upload", str(folder), "--path", "2026/", *STAGE)
        assert run.code == 0
        assert run.err == (
            "0 uploaded (0 bytes), 4 there already, 4 skipped (hidden 2, not_a_photo 2)\n"
        )
        assert f"{folder}/beach/sea.jpg: there already, at 2026/beach/sea.jpg\n" in run.out

    def test_without_a_file_is_an_error(self, site: UploadSite, folder: Path) -> None:
        run = uploaded(str(folder / "empty"), "--path", "2026/")
        assert run.code == 1
        assert run.err == f"There are no files in {folder}/empty\n"

    def test_prints_a_line_a_photo_and_files_their_urls(
        self, site: UploadSite, folder: Path
    ) -> None:
        run = fanout("upload", str(folder), "--path", "2026/", *STAGE)
        assert f"{folder}/sea.jpg: path 2026/sea.jpg\n" in run.out
        assert "https://" not in run.out
        run = fanout("upload", str(folder / "sea.jpg"), "--path", "2027/", *STAGE)
        assert run.out == (
            f"{folder}/sea.jpg: path 2027/sea.jpg\n"
            "40x30  https://images.example/40x30/2027/sea.jpg\n"
        )

    def test_links_are_followed_but_not_in_circles(self, site: UploadSite, folder: Path) -> None:
        (folder / "again").symlink_to(folder / "beach")
        (folder / "beach" / "back").symlink_to(folder)
        (folder / "nowhere").symlink_to(folder / "no such file")
        (folder / "linked.jpg").symlink_to(folder / "sea.jpg")
        run = uploaded(str(folder), "--path", "2026/")
        assert run.code == 1
        failed = {
            str(Path(file).relative_to(folder)): line["error"]
            for file, line in results(run).items()
            if line["result"] == "failed"
        }
        assert failed == {
            "again/back": "the link leads back to a folder that it is in",
            "beach/back": "the link leads back to a folder that it is in",
            "nowhere": "it cannot be read: No such file or directory",
        }
        assert {"2026/again/sea.jpg", "2026/linked.jpg"} < posted(site).keys()

    def test_a_pipe_is_not_read(self, site: UploadSite, folder: Path) -> None:
        os.mkfifo(folder / "pipe.jpg")
        run = uploaded(str(folder), "--path", "2026/")
        assert run.code == 0
        assert results(run)[f"{folder}/pipe.jpg"] == {"result": "skipped", "reason": "not_a_file"}
        run = uploaded(str(folder / "pipe.jpg"), "--path", "2026/")
        assert run.code == 1
        assert "pipe, socket or device" in run.lines[0]["error"]


class TestAFileThatIsNoPhoto:
    def test_is_refused_if_it_is_named(self, site: UploadSite, folder: Path) -> None:
        run = uploaded(str(folder / "beach" / "notes.txt"), "--path", "2026/")
        assert run.code == 1
        assert run.lines[0]["reason"] == "not_a_photo"
        assert "--content-type image/jpeg" in run.lines[0]["error"]
        assert site.ticket_requests == []

    def test_is_uploaded_with_a_type_that_the_user_says(
        self, site: UploadSite, folder: Path
    ) -> None:
        file = folder / "beach" / "notes.txt"
        assert uploaded(str(file), "--path", "2026/", "--content-type", "image/x").code == 0
        assert site.ticket_requests[0]["content_type"] == "image/x"

    def test_an_empty_file_is_refused(self, site: UploadSite, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").touch()
        run = uploaded(str(tmp_path / "a.jpg"))
        assert (run.code, run.lines[0]["reason"]) == (1, "empty")
        assert site.ticket_requests == []


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    site: UploadSite, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: Path, *arguments: Any, **options: Any) -> Any:
        if str(file) == photos[1]:
            raise PermissionError(13, "Permission denied")
        return real(file, *arguments, **options)

    real = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    run = uploaded(*photos[:3])
    assert run.code == 1
    assert results(run)[photos[1]]["error"] == "it cannot be read: Permission denied"
    assert summary(run)["uploaded"] == 2


class TestTwice:
    def test_what_is_there_is_not_sent_again(self, site: UploadSite, folder: Path) -> None:
        uploaded(str(folder), "--path", "2026/")
        site.forms.clear()
        run = uploaded(str(folder), "--path", "2026/")
        assert run.code == 0
        assert site.forms == []
        assert summary(run)["there_already"] == 4
        assert results(run)[f"{folder}/sea.jpg"] == {
            "result": "there_already",
            "path": "2026/sea.jpg",
            "variants": {"40x30": "https://images.example/40x30/2026/sea.jpg"},
        }

    def test_other_bytes_are_refused_and_named(self, site: UploadSite, folder: Path) -> None:
        site.stored["2026/beach/sea.jpg"] = b"another photo"
        run = uploaded(str(folder), "--path", "2026/")
        assert run.code == 1
        assert results(run)[f"{folder}/beach/sea.jpg"] == {
            "result": "refused",
            "reason": "path_taken",
            "error": "another photo is at '2026/beach/sea.jpg': to replace it, use --overwrite",
        }
        assert summary(run)["reasons"]["refused"] == {"path_taken": 1}
        run = fanout("upload", str(folder), "--path", "2026/", *STAGE)
        assert "1 refused (path_taken 1)" in run.err
        assert run.err.endswith(
            f"To try again: ./fanout upload {folder} --stage dev --path 2026/ --region eu-west-1\n"
        )
        assert uploaded(str(folder), "--path", "2026/", "--overwrite").code == 0
        assert site.stored["2026/beach/sea.jpg"] == b"beach/sea.jpg"

    def test_a_command_that_is_shown_can_be_typed(
        self, site: UploadSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("-x.jpg", "it's.jpg"):
            Path(name).write_bytes(PHOTO)
        site.refusals["/form"] = (400, "")
        run = fanout("upload", *STAGE, "--overwrite", "--path", "a b/", "--", "-x.jpg", "it's.jpg")
        shown = run.err.splitlines()[-1].removeprefix("To try again: ./fanout ")
        assert not site.stored
        site.refusals.clear()
        assert fanout(*shlex.split(shown)).code == 0
        assert site.stored.keys() == {"a b/-x.jpg", "a b/it's.jpg"}
        assert site.ticket_requests[-1]["overwrite"] is True

    def test_many_refused_files_are_named_again_at_the_end(
        self, site: UploadSite, tmp_path: Path
    ) -> None:
        folder = tmp_path / "many"
        folder.mkdir()
        for number in range(25):
            (folder / f"{number:02}.jpg").write_bytes(PHOTO)
            site.stored[f"{number:02}.jpg"] = b"another"
        site.refusals["/uploads"] = (422, '{"type": "bad_path", "detail": "no"}')
        run = fanout("upload", str(folder), "--path", "2026/", *STAGE)
        assert run.err.count("the API refused it (422): no\n") == 25 + 20
        assert "0 uploaded (0 bytes), 0 there already, 25 refused (bad_path 25)\n" in run.err
        assert "  and 5 more\n" in run.err

    def test_without_a_path_an_upload_that_failed_goes_on_in_the_same_folders(
        self, site: UploadSite, photos: list[str]
    ) -> None:
        site.answers["/form"] = [(400, "<Code>EntityTooLarge</Code>", {})]
        first = uploaded(*photos)
        assert (first.code, summary(first)["uploaded"]) == (1, 11)
        again = uploaded(*photos)
        assert again.code == 0
        assert "Going on with an earlier upload, in the same folders" in again.err
        assert summary(again) == {"uploaded": 1, "there_already": 11}
        third = uploaded(*photos)
        assert summary(third) == {"uploaded": 12}
        assert len(site.stored) == 24

    def test_without_a_path_other_files_get_folders_of_their_own(
        self, site: UploadSite, photos: list[str]
    ) -> None:
        site.refusals["/form"] = (400, "")
        uploaded(*photos[:1])
        assert "Going on" not in uploaded(*photos[1:2]).err
        assert "Going on" in uploaded(*photos[:1]).err

    def test_the_record_is_private(
        self, site: UploadSite, photos: list[str], tmp_path: Path
    ) -> None:
        site.refusals["/form"] = (400, "")
        uploaded(*photos)
        (record,) = (tmp_path / "records").iterdir()
        assert record.stat().st_mode & 0o777 == 0o600
        record.write_text("{}")
        run = uploaded(*photos)
        assert run.code == 1
        assert run.err == f"{record} is no record of an upload: delete it\n"


class TestAFocalPoint:
    def test_goes_with_every_file_and_into_the_command_that_goes_on(
        self, site: UploadSite, photos: list[str]
    ) -> None:
        site.refusals["/form"] = (400, "")
        run = uploaded(*photos[:2], "--path", "2026/", "--focus", "0.3,0.4")
        assert [request["focus"] for request in site.ticket_requests] == [[0.3, 0.4]] * 2
        assert "--focus 0.3,0.4" in run.err

    def test_is_none_without_the_option(self, site: UploadSite, photos: list[str]) -> None:
        uploaded(*photos[:1], "--path", "2026/")
        assert "focus" not in site.ticket_requests[0]

    @pytest.mark.parametrize("text", ["0.3", "0.3,1.4", "-0.1,0", "a,b", "0.3, 0.4", "0.12345,0"])
    def test_that_is_none_is_refused_before_anything_is_sent(
        self, site: UploadSite, photos: list[str], text: str
    ) -> None:
        run = fanout("upload", photos[0], f"--focus={text}", *STAGE)
        assert run.code == 2
        assert "is no focal point: write two numbers from 0 to 1" in " ".join(run.err.split())
        assert site.ticket_requests == []


class TestRefusals:
    def test_a_refused_file_is_named_with_the_reason_and_the_others_go_on(
        self, site: UploadSite, photos: list[str]
    ) -> None:
        text = "<Error><Code>EntityTooLarge</Code><Message>too large</Message></Error>"
        site.answers["/form"] = [(400, text, {})]
        run = uploaded(*photos[:2], "--path", "2026/")
        assert run.code == 1
        (refused,) = [line for line in results(run).values() if line["result"] != "uploaded"]
        assert refused == {
            "result": "refused",
            "reason": "EntityTooLarge",
            "error": "S3 refused it (400): EntityTooLarge: too large",
        }
        site.refusals = {"/uploads": (413, json.dumps({"type": "x", "detail": "5 is too many"}))}
        run = fanout("upload", photos[2], *STAGE)
        assert run.code == 1
        assert run.err.startswith(f"{photos[2]}: the API refused it (413): 5 is too many\n")

    def test_a_caller_who_may_not_upload_is_told_once(
        self, site: UploadSite, photos: list[str]
    ) -> None:
        site.refusals = {"/uploads": (403, '{"message": "Forbidden"}')}
        run = uploaded(*photos)
        assert run.code == 1
        assert run.err.count("may not upload: see the permissions in docs/operations.md") == 1
        assert len(run.lines) == 1

    def test_an_api_that_nobody_answers_at_is_no_traceback(
        self, site: UploadSite, photos: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Stage, "api_url", "http://127.0.0.1:9")
        run = fanout("upload", photos[0], *STAGE)
        assert run.code == 1
        assert "The upload API does not answer" in run.err
        assert f"To go on: ./fanout upload '{photos[0]}'" in run.err

    def test_a_login_page_of_the_network_is_no_ticket(
        self, site: UploadSite, photos: list[str]
    ) -> None:
        site.refusals = {"/uploads": (200, "<html>Welcome to our hotel")}
        run = uploaded(photos[0])
        assert run.code == 1
        assert "does this network ask for a login?" in run.err


class TestThrottling:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    @pytest.mark.parametrize("where", ["/uploads", "/form"])
    def test_a_request_that_may_succeed_later_is_repeated(
        self, site: UploadSite, photos: list[str], status: int, where: str
    ) -> None:
        site.answers[where] = [(status, "", {})] * 5
        run = uploaded(*photos, "--path", "2026/")
        assert run.code == 0, run.err
        assert posted(site).keys() == {f"2026/{Path(photo).name}" for photo in photos}
        assert all(site.stored[f"2026/{Path(p).name}"] == Path(p).read_bytes() for p in photos)

    def test_a_throttled_stage_gets_everything_in_the_end(
        self, site: UploadSite, photos: list[str]
    ) -> None:
        site.limit(4)
        assert uploaded(*photos, "--path", "2026/").code == 0
        assert site.throttled > 0
        assert len(site.stored) == len(photos)

    def test_a_busy_api_is_not_asked_for_ever(self, site: UploadSite, photos: list[str]) -> None:
        site.refusals["/uploads"] = (503, '{"type": "busy", "detail": "later"}')
        run = uploaded(photos[0])
        assert run.code == 1
        assert run.lines[0]["result"] == "failed"
        assert run.lines[0]["reason"] == "busy"


def test_connections_are_used_again(site: UploadSite, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number}.jpg").write_bytes(PHOTO)
    assert uploaded(str(folder), "--path", "2026/").code == 0
    assert len(site.stored) == 200
    assert site.connections <= 32


def test_results_are_printed_as_soon_as_they_are_known(
    site: UploadSite, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first file of the list is held back until the others have been printed."""
    printed = threading.Event()
    real_print, real_store = terminal.print_json, Handler.store
    order: list[str] = []

    def print_json(document: dict[str, Any]) -> None:
        real_print(document)
        order.append(document.get("file", "summary"))
        if len(order) == len(photos) - 1:
            printed.set()

    def store(handler: Any, body: bytes) -> None:
        if b"photo 00" in body:
            assert printed.wait(30)
        real_store(handler, body)

    monkeypatch.setattr(upload, "print_json", print_json)
    monkeypatch.setattr(Handler, "store", store)
    assert uploaded(*photos).code == 0
    assert order[-2:] == [photos[0], "summary"]


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
    site: UploadSite, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "make_status_reader", lambda _: Desk())
    run = uploaded(photos[0], "--path", "2026/", "--wait")
    assert run.code == 0
    assert run.lines[-1]["sizes"]["40x30"]["state"] == "ready"
    run = uploaded(*photos[:2], "--path", "2026/", "--wait")
    assert run.code == 1
    states = {line["path"]: line["sizes"]["40x30"]["state"] for line in run.lines[-2:]}
    assert states == {"2026/photo 00 é.jpg": "ready", "2026/photo 01 é.jpg": "failed"}
    run = fanout("upload", photos[0], "--path", "2026/", "--wait", *STAGE)
    assert run.out == (
        f"{photos[0]}: there already, at 2026/photo 00 é.jpg\n"
        "2026/photo 00 é.jpg:\n"
        "40x30  ready\n"
        "  https://images.example/40x30/2026/photo 00 é.jpg\n"
        "  40x30 pixels, 1,234 bytes, image/jpeg, 5 min old\n"
    )
    run = fanout("upload", photos[1], "--path", "2026/", "--wait", *STAGE)
    assert run.out.endswith("40x30  failed  corrupt: [b]damaged\n")


def test_a_photo_of_no_size_is_uploaded_and_ready(
    site: UploadSite, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Empty:
        def get(self, path: str) -> PhotoStatus:
            return PhotoStatus(path=path, sizes={})

    monkeypatch.setattr(upload, "make_status_reader", lambda _: Empty())
    site.sizes = []
    run = uploaded(photos[0], "--path", "2026/", "--wait")
    assert run.code == 0
    assert run.lines[0]["path"] == "2026/photo 00 é.jpg"
    assert run.lines[-1] == {"path": "2026/photo 00 é.jpg", "sizes": {}}
    run = fanout("upload", photos[1], "--path", "2026/", "--wait", *STAGE)
    assert run.out.endswith("2026/photo 01 é.jpg:\nno size is made of photos at this path\n")


def test_a_large_file_is_not_read_into_memory(site: UploadSite, tmp_path: Path) -> None:
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
