"""`fanout url` and `fanout signing-key`, typed against a deployed stage; and whoever signs."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from lib.auth.signatures import sign, sign_url, verify
from lib.auth.signing_keys import SigningKeyPair
from lib.keys import url_path
from tests.command_line import fanout as typed
from tests.integration.deployed import PREFIX, SIZES, Commands, Deployed, fanout, refuse
from tests.integration.signing import FIRST, SigningSecret, secret
from tests.times import is_timestamp

__all__ = ["fanout", "secret"]

CDN = "https://images.shop.example"
PAGE = Path(__file__).parents[3] / "docs" / "on-demand.md"
PATHS = [
    "2026/photo.jpg",
    "a b/c+d%2F.jpg",
    "100 %/%C3%BC ü.jpg",
    "😀/\u200f.jpg",
    "!'()*~,=&?#;:@$.jpg",
    "_signed/w=1/x.jpg",
    '"\\<>^`{|}[]\n\t.jpg',
]


@pytest.fixture(autouse=True)
def stage(fanout: Commands, secret: SigningSecret) -> Deployed:
    """A stage that serves signed URLs; `fanout` first, which decides how moto has functions."""
    deployed = Deployed(outputs=False)
    deployed.outputs(Sizes=json.dumps(SIZES), SigningKeysArn=secret.arn)
    deployed.function(
        SIZES[0],
        FunctionName=f"{PREFIX}-uploads",
        Environment={"Variables": {"IMAGES_URL": f"{CDN}/"}},
    )
    return deployed


class TestUrl:
    def test_prints_the_url_alone(self, fanout: Commands) -> None:
        run = fanout(
            "url", "2026/ä b.jpg", "--quality", "70", "--h", "360", "--w", "640",
            "--format", "webp", "--fit", "inside",
        )  # fmt: skip
        options = "w=640,h=360,fit=inside,format=webp,quality=70"
        made = sign(FIRST, "2026/ä b.jpg", options)
        assert run.code == 0
        assert run.out == f"{CDN}/_signed/2026/%C3%A4%20b.jpg/{options}/{made}\n"
        assert run.err == ""

    @pytest.mark.parametrize(
        ("lifetime", "options"),
        [
            (timedelta(minutes=90), ["--minutes", "90"]),
            (timedelta(days=7), ["--days", "7"]),
        ],
    )
    def test_says_when_it_expires(
        self, fanout: Commands, lifetime: timedelta, options: list[str]
    ) -> None:
        run = fanout("url", "a.jpg", "--w", "640", *options, "--json")
        document = json.loads(run.out)
        assert is_timestamp(document["expires_at"])
        expires_at = datetime.fromisoformat(document["expires_at"])
        assert timedelta() <= expires_at - datetime.now(UTC).replace(microsecond=0) <= lifetime
        assert expires_at > datetime.now(UTC) + lifetime - timedelta(minutes=1)
        *_, wanted, made = document["url"].split("/")
        assert wanted == f"w=640,expires={int(expires_at.timestamp())}"
        assert verify([FIRST], "a.jpg", wanted, made)

    def test_says_nothing_of_an_expiry_that_there_is_not(self, fanout: Commands) -> None:
        document = json.loads(fanout("url", "a.jpg", "--w", "640", "--json").out)
        assert document == {"url": sign_url(CDN, FIRST, "a.jpg", "w=640")}

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["a.jpg"], "give a width, a height or both"),
            (["a.jpg", "--fit", "cover"], "give a width, a height or both"),
            (["a.jpg", "--w", "0"], "--w"),
            (["a.jpg", "--w", "8193"], "--w"),
            (["a.jpg", "--w", "1", "--quality", "101"], "--quality"),
            (["a.jpg", "--w", "1", "--fit", "stretch"], "'--fit'"),
            (["a.jpg", "--w", "1", "--format", "gif"], "'--format'"),
            (["a.jpg", "--w", "1", "--format", "webp,w=9"], "'--format'"),
            (["a.jpg", "--w", "1", "--days", "0"], "--days"),
            (["a.jpg", "--w", "1", "--days", "3651"], "--days"),
            (["a.jpg", "--w", "1", "--days", "1", "--minutes", "1"], "give --minutes or --days"),
            (["../a.jpg", "--w", "1"], "PATH"),
            (["/a.jpg", "--w", "1"], "PATH"),
            (["\udcff.jpg", "--w", "1"], "PATH"),
        ],
    )
    def test_refuses_what_the_stage_would_refuse(
        self, fanout: Commands, secret: SigningSecret, arguments: list[str], said: str
    ) -> None:
        run = fanout("url", *arguments)
        assert (run.code, run.out) == (2, "")
        assert said in run.err


class TestRotate:
    def test_says_what_stays_valid(self, fanout: Commands, secret: SigningSecret) -> None:
        run = fanout("signing-key", "rotate", "--yes")
        assert (run.code, run.out) == (0, "")
        assert "no URL stops working" in run.err
        second = secret.keys().read()
        assert second.previous == FIRST
        run = fanout("signing-key", "rotate", "--yes")
        assert "URLs signed before the last rotation stop working, within 60 s" in run.err
        assert secret.keys().read().previous == second.current
        assert FIRST not in run.err
        assert second.current not in run.err

    def test_asks_first(self, fanout: Commands, secret: SigningSecret) -> None:
        run = fanout("signing-key", "rotate")
        assert run.code == 2
        assert "Rotate the signing key of dev? URLs of the current key work until" in run.err
        rotate = ("signing-key", "rotate", "--stage", "dev")
        assert typed(*rotate, answer="n").code == 1
        assert secret.keys().read() == SigningKeyPair(FIRST, "")
        assert typed(*rotate, answer="y").code == 0
        assert secret.keys().read().previous == FIRST


COMMANDS = (["url", "a.jpg", "--w", "640"], ["signing-key", "rotate", "--yes"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
class TestOnAnyStage:
    def test_without_signed_urls_it_says_why_there_are_none(
        self, fanout: Commands, stage: Deployed, command: list[str]
    ) -> None:
        boto3.client("cloudformation").delete_stack(StackName=PREFIX)
        stage.outputs(Sizes=json.dumps(SIZES))
        run = fanout(*command)
        assert (run.code, run.out) == (1, "")
        assert run.err.startswith("The stage dev serves no signed URLs, because its parameter ")

    def test_without_leave_it_says_so(
        self, fanout: Commands, monkeypatch: pytest.MonkeyPatch, command: list[str]
    ) -> None:
        refuse(monkeypatch, "GetSecretValue", "AccessDeniedException")
        run = fanout(*command)
        assert (run.code, run.out) == (1, "")
        assert run.err.startswith("These credentials may not read the secret arn:")


def block(language: str) -> str:
    """The page's function that signs, in one of its languages."""
    section = PAGE.read_text().partition("## Signed URLs")[2].partition("\n## ")[0]
    (code,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(code)


def ran(*command: str) -> list[str]:
    """The URLs that a program prints, as JSON; it is given the paths like that too."""
    run = subprocess.run(
        command, input=json.dumps(PATHS), capture_output=True, text=True, check=True, timeout=60
    )
    urls: list[str] = json.loads(run.stdout)
    return urls


def in_python(options: str) -> list[str]:
    call = f"signed_url({CDN!r}, {FIRST!r}, path, {options!r})"
    after = f"import json, sys\nprint(json.dumps([{call} for path in json.load(sys.stdin)]))"
    return ran(sys.executable, "-c", f"{block('python')}\n{after}")


def in_javascript(options: str) -> list[str]:
    call = f"signedUrl({CDN!r}, {FIRST!r}, path, {options!r})"
    paths = "JSON.parse(require('node:fs').readFileSync(0))"
    after = f"console.log(JSON.stringify({paths}.map((path) => {call})))"
    return ran("node", "-e", f"{block('js')}\n{after}")


@pytest.mark.parametrize("run", [in_python, in_javascript])
def test_the_functions_that_the_page_shows_sign_as_the_command_line_does(
    fanout: Commands, run: object
) -> None:
    assert callable(run)
    ours = [
        fanout("url", path, "--w", "640", "--fit", "inside").out.removesuffix("\n")
        for path in PATHS
    ]
    assert len(set(ours)) == len(PATHS)
    assert run("w=640,fit=inside") == ours
    for path, url in zip(PATHS, ours, strict=True):
        assert url.isascii()
        assert f"/_signed/{url_path(path)}/" in url
