"""What the status says of a page, by the API and by the command line."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cli.stage import Stage
from handlers import status
from lib.sizes import Size, pack_sizes
from tests.command_line import fanout
from tests.integration.api import Api, api
from tests.integration.conftest import WorkerCall
from tests.integration.handlers.test_api import upload
from tests.integration.pipeline.test_resize import put
from tests.integration.stage import Deployed, deployed
from tests.pictures import encoded, quarters
from tests.srcset import Markup, parse_srcset

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["api", "deployed"]  # fixtures

URL = "https://cdn.example"


@pytest.fixture
def photo(api: Api, s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> str:
    """A photo at three sizes, two of them of its own ratio; a fourth one is pending."""
    names = {"a": ("avif",), "b": ("avif",), "crop": (), "c": ()}
    sizes = [Size(name=name, width=1, formats=formats) for name, formats in names.items()]
    monkeypatch.setenv("SIZES", pack_sizes(sizes))
    etag = upload(s3, "2026/a,b.jpg")
    for folder, pixels in {"a": "600x400", "b": "300x200", "crop": "300x300"}.items():
        store(s3, folder, pixels, etag, "image/jpeg")
        store(s3, f"{folder}.avif", pixels, etag, "image/avif")
    return "2026/a,b.jpg"


def store(s3: "S3Client", folder: str, pixels: str, etag: str, content_type: str) -> None:
    s3.put_object(
        Bucket="images-bucket",
        Key=f"{folder}/2026/a,b.jpg",
        Body=b"variant",
        ContentType=content_type,
        Metadata={"original-etag": etag, "pixels": pixels},
    )


def page_of(api: Api, path: str, **query: str) -> Any:
    answer = api("GET", "/uploads", query={"path": path} | query)
    assert answer.status == 200
    return answer.document["page"]


def candidates(srcset: str) -> list[tuple[str, int]]:
    return [(url.removeprefix(f"{URL}/"), width) for url, width in parse_srcset(srcset)]


class TestApi:
    def test_the_status_has_what_a_page_needs(self, api: Api, photo: str) -> None:
        page = page_of(api, photo)
        assert page == {
            "src": f"{URL}/a/2026/a%2Cb.jpg",
            "srcset": f"{URL}/b/2026/a%2Cb.jpg 300w, {URL}/a/2026/a%2Cb.jpg 600w",
            "sizes": "auto, (max-width: 600px) 100vw, 600px",
            "width": 600,
            "height": 400,
            "sources": [
                {
                    "type": "image/avif",
                    "srcset": f"{URL}/b.avif/2026/a%2Cb.jpg 300w, {URL}/a.avif/2026/a%2Cb.jpg 600w",
                }
            ],
            "placeholder": None,
            "left_out": {"crop": "ratio", "c": "pending"},
        }
        assert api("GET", "/uploads/2026/a%2Cb.jpg").document["page"] == page

    def test_the_caller_chooses_sizes(self, api: Api, photo: str) -> None:
        page = page_of(api, photo, sizes="crop,c")
        assert candidates(page["srcset"]) == [("crop/2026/a%2Cb.jpg", 300)]
        assert (page["height"], page["left_out"]) == (300, {"c": "pending"})
        # API Gateway joins a query that is repeated.
        assert page_of(api, photo, sizes="b,b") == page_of(api, photo, sizes="b")
        answer = api("GET", "/uploads/2026/a%2Cb.jpg", query={"sizes": "crop"})
        assert answer.document["page"]["height"] == 300
        assert set(answer.document["sizes"]) == {"a", "b", "crop", "c"}

    @pytest.mark.parametrize("sizes", ["", "other", "a,other", "a,,b", "a.avif", "A", " a"])
    def test_an_unknown_size_is_refused_with_those_that_there_are(
        self, api: Api, photo: str, sizes: str
    ) -> None:
        answer = api("GET", "/uploads", query={"path": photo, "sizes": sizes})
        assert (answer.status, answer.document["type"]) == (422, "unknown_size")
        assert answer.document["detail"].endswith("choose from a, b, crop, c")

    def test_without_a_ready_size_there_is_no_page(self, api: Api, photo: str) -> None:
        assert page_of(api, photo, sizes="c") is None
        assert page_of(api, "nobody.jpg") is None

    def test_a_stage_that_serves_formats_has_one_url_for_all(
        self, api: Api, photo: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVE_FORMATS", "true")
        assert page_of(api, photo)["sources"] == []

    def test_it_costs_no_request(self, api: Api, photo: str, s3: "S3Client") -> None:
        """A HEAD of the original and of each variant; the record of the size that is pending."""
        calls: list[str] = []
        status._status_reader().s3.meta.events.register(
            "before-call.s3", lambda model, **_: calls.append(model.name)
        )
        page_of(api, photo)
        assert calls.count("HeadObject") == 1 + 2 + 2 + 1 + 1
        assert set(calls) <= {"HeadObject", "GetObject"}
        first = len(calls)
        page_of(api, photo, sizes="a")
        assert len(calls) == 2 * first

    def test_the_document_describes_it(self, api: Api) -> None:
        document = api("GET", "/openapi.json").document
        for path in ("/uploads", "/uploads/{path}"):
            parameters = document["paths"][path]["get"]["parameters"]
            (sizes,) = (each for each in parameters if each["name"] == "sizes")
            assert not sizes["required"]
            assert "separated by commas" in sizes["description"]
        properties = document["components"]["schemas"]["PageImage"]["properties"]
        assert set(properties) == {
            *("src", "srcset", "sizes", "width", "height"),
            *("sources", "placeholder", "left_out"),
        }


@pytest.fixture
def stage(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """The stage says which features it has."""
    has(monkeypatch, "[]")
    return deployed


def has(monkeypatch: pytest.MonkeyPatch, features: str) -> None:
    stack: Any = Stage.stack
    outputs = {**stack.outputs, "Features": features}
    monkeypatch.setattr(Stage, "stack", replace(stack, outputs=outputs))


class TestCommand:
    def test_prints_the_markup_alone(self, stage: Deployed, deliver: WorkerCall) -> None:
        deliver(put(stage.s3, "a b.jpg", encoded(quarters(400, 300))))
        run = fanout("html", "a b.jpg", "--alt", 'Sea & "sky"', "--stage", "dev")
        assert (run.code, run.err) == (0, "")
        image = Markup(run.out).one("img")
        assert image["alt"] == 'Sea & "sky"'
        assert image["srcset"] == "https://images.example/40x30/a%20b.jpg 40w"
        assert (image["width"], image["height"]) == ("40", "30")
        assert image["sizes"].endswith("40px")

    def test_takes_the_layout(self, stage: Deployed, deliver: WorkerCall) -> None:
        deliver(put(stage.s3, "a.jpg"))
        layout = "(max-width: 600px) 100vw, 600px"
        options = ("--sizes", "40x30", "--sizes-attribute", layout, "--eager", "--stage", "dev")
        image = Markup(fanout("html", "a.jpg", *options).out).one("img")
        assert (image["sizes"], image["fetchpriority"]) == (layout, "high")

    def test_prints_all_for_a_program(self, stage: Deployed, deliver: WorkerCall) -> None:
        deliver(put(stage.s3, "a.jpg"))
        run = fanout("html", "a.jpg", "--stage", "dev", "--json")
        (line,) = run.lines
        assert (run.code, line["path"], line["width"], line["left_out"]) == (0, "a.jpg", 40, {})
        assert Markup(line["html"]).one("img")["srcset"] == line["srcset"]

    def test_has_a_source_a_format_unless_the_stage_serves_them(
        self, stage: Deployed, deliver: WorkerCall, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (deployed_size,) = Stage.stack.sizes.values()  # type: ignore[attr-defined]
        size = Size.model_validate_json(deployed_size.environment["SIZE"])
        two = size.model_copy(update={"formats": ("webp",)}).model_dump_json()
        monkeypatch.setitem(deployed_size.environment, "SIZE", two)
        monkeypatch.setenv("SIZE", two)
        deliver(put(stage.s3, "a.jpg"))
        run = fanout("html", "a.jpg", "--stage", "dev")
        assert Markup(run.out).one("source")["type"] == "image/webp"
        has(monkeypatch, '["formats"]')
        assert Markup(fanout("html", "a.jpg", "--stage", "dev").out).all("source") == []

    def test_says_what_is_missing(self, stage: Deployed, deliver: WorkerCall) -> None:
        put(stage.s3, "a.jpg")
        run = fanout("html", "a.jpg", "--stage", "dev")
        assert (run.code, run.out) == (1, "")
        assert "40x30 pending" in run.err
        assert "40x30 gone" in fanout("html", "b.jpg", "--stage", "dev").err

    @pytest.mark.parametrize("sizes", ["other", "", "40x30,", "40x30, 40x30"])
    def test_takes_an_unknown_size_for_wrong_use(self, stage: Deployed, sizes: str) -> None:
        run = fanout("html", "a.jpg", "--sizes", sizes, "--stage", "dev")
        assert run.code == 2
        assert "its sizes: 40x30" in run.err

    def test_takes_a_bad_path_for_wrong_use(self, stage: Deployed) -> None:
        assert fanout("html", "../a.jpg", "--stage", "dev").code == 2
