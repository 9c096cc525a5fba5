"""Downloads from real servers on this machine: complete files, permanent and transient errors."""

import gzip
import socket
import ssl
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lib.errors import PermanentError, Reason, TransientError
from lib.fetching.download import Downloader
from tests.web_server import PATIENCE, WebServer, answer, chunked, redirect

PHOTO = bytes(range(256)) * 1000
SECRET = "hunter2"  # noqa: S105  stands for one
# A context takes some 20 ms to make, and these tests seldom look at it.
TLS = ssl.create_default_context()


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


def fetch(
    url: str,
    *,
    seconds: float = PATIENCE,
    loopback: bool = True,
    max_bytes: int = 1_000_000,
    tls: ssl.SSLContext = TLS,
) -> bytes:
    with Downloader(max_bytes, allow_loopback=loopback, tls=tls).stream(url, seconds) as found:
        return b"".join(found.chunks)


def fetch_permanent_error(url: str, **more: Any) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        fetch(url, **more)
    assert SECRET not in str(caught.value)
    return caught.value


def fetch_transient_error(url: str, **more: Any) -> TransientError:
    with pytest.raises(TransientError) as caught:
        fetch(url, **more)
    assert SECRET not in str(caught.value)
    return caught.value


Names = Callable[..., list[str]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Sets a host's addresses, look-up by look-up; returns the list of the looked-up hosts."""
    look_up = socket.getaddrinfo

    def set_names(**answers: list[list[str]]) -> list[str]:
        hosts: list[str] = []

        def answering(host: str, port: int, *args: Any, **more: Any) -> Any:
            hosts.append(host)
            results = answers[host.replace(".", "_")]
            addresses = results.pop(0) if len(results) > 1 else results[0]
            return [each for a in addresses for each in look_up(a, port, *args, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", answering)
        return hosts

    return set_names


class TestAPlainFile:
    def test_comes_whole_with_its_type(self, web: WebServer) -> None:
        web.pages["/photo.jpg"] = answer(PHOTO, Content_Type="IMAGE/JPEG; charset=binary")
        with Downloader(1_000_000, allow_loopback=True, tls=TLS).stream(web.url(), 9) as found:
            assert found.content_type == "image/jpeg"
            assert b"".join(found.chunks) == PHOTO

    def test_comes_in_chunks_too(self, web: WebServer) -> None:
        web.pages["/photo.jpg"] = chunked(PHOTO[:7], PHOTO[7:], Content_Type="")
        with Downloader(1_000_000, allow_loopback=True, tls=TLS).stream(web.url(), 9) as found:
            assert found.content_type == ""
            assert b"".join(found.chunks) == PHOTO

    def test_may_have_as_many_bytes_as_are_allowed(self, web: WebServer) -> None:
        web.pages["/photo.jpg"] = answer(PHOTO)
        assert fetch(web.url(), max_bytes=len(PHOTO)) == PHOTO

    def test_is_asked_for_with_nothing_that_tells_of_us(
        self, web: WebServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        web.pages["/photo.jpg?size=1"] = answer(PHOTO, Set_Cookie="a=b")
        assert fetch(web.url("/photo.jpg?size=1#x")) == PHOTO
        (head,) = web.heads
        assert head.splitlines() == [
            "GET /photo.jpg?size=1 HTTP/1.1",
            f"Host: 127.0.0.1:{web.port}",
            "Accept: image/*",
            "Accept-Encoding: identity",
            "Connection: close",
            "User-Agent: image-fanout",
            "",
        ]


class TestARedirect:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_is_followed(self, web: WebServer, status: int) -> None:
        web.pages |= {"/a": redirect("/b?c", f"{status} Moved"), "/b?c": answer(PHOTO)}
        assert fetch(web.url("/a")) == PHOTO

    def test_takes_no_cookie_along(self, web: WebServer) -> None:
        web.pages |= {
            "/a": answer(b"", "302 Found", Location="/b", Set_Cookie=f"a={SECRET}"),
            "/b": answer(PHOTO),
        }
        fetch(web.url("/a"))
        assert SECRET not in "".join(web.heads)

    def test_five_are_followed_and_no_sixth(self, web: WebServer) -> None:
        web.pages |= {f"/{n}": redirect(f"/{n + 1}") for n in range(6)} | {"/6": answer(PHOTO)}
        assert fetch(web.url("/1")) == PHOTO
        web.heads.clear()
        error = fetch_permanent_error(web.url("/0"))
        assert (error.reason, len(web.heads)) == (Reason.SOURCE_REFUSED, 6)

    def test_in_a_circle_ends(self, web: WebServer) -> None:
        web.pages["/a"] = redirect("/a")
        assert "more than 5 times" in str(fetch_permanent_error(web.url("/a")))

    def test_without_a_place_to_go_is_refused(self, web: WebServer) -> None:
        web.pages["/a"] = redirect("")
        assert fetch_permanent_error(web.url("/a")).reason is Reason.SOURCE_REFUSED

    @pytest.mark.parametrize(
        "to",
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fd00:ec2::254]/",
            "http://100.64.0.1/",
        ],
    )
    def test_to_an_address_inside_is_refused(self, web: WebServer, to: str) -> None:
        web.pages["/a"] = redirect(f"{to}?{SECRET}")
        assert fetch_permanent_error(web.url("/a")).reason is Reason.ADDRESS_REFUSED

    @pytest.mark.parametrize("to", ["file:///etc/passwd", f"http://u:{SECRET}@127.0.0.1/"])
    def test_to_no_plain_url_is_refused(self, web: WebServer, to: str) -> None:
        web.pages["/a"] = redirect(to)
        assert fetch_permanent_error(web.url("/a")).reason is Reason.BAD_URL


class TestAnAddress:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "017700000001",
            "0x7f.1",
            "0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:127.0.0.1]",
            "localhost",
            "１２７.0.0.1",  # noqa: RUF001
            "127。0。0。1",
            "①②⑦.0.0.1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "[fd00:ec2::254]",
            "[64:ff9b::a9fe:a9fe]",
        ],
    )
    def test_inside_is_refused_however_it_is_spelt(self, host: str) -> None:
        assert fetch_permanent_error(f"http://{host}/{SECRET}", loopback=False).reason in (
            Reason.ADDRESS_REFUSED,
            Reason.BAD_URL,
        )

    def test_that_is_refused_is_never_spoken_to(self, web: WebServer) -> None:
        assert fetch_permanent_error(web.url(), loopback=False).reason is Reason.ADDRESS_REFUSED
        assert web.heads == []

    def test_of_loopback_is_allowed_in_one_setting_only_and_in_ipv4_only(
        self, web: WebServer, names: Names
    ) -> None:
        web.pages["/photo.jpg"] = answer(PHOTO)
        names(both_test=[["127.0.0.1", "::1"]], four_test=[["127.0.0.1"]])
        assert fetch(web.url(host="four.test")) == PHOTO
        assert fetch_permanent_error(web.url(host="both.test")).reason is Reason.ADDRESS_REFUSED

    @pytest.mark.parametrize("inside", ["10.0.0.1", "169.254.169.254", "::1"])
    def test_inside_beside_a_public_one_is_refused(self, names: Names, inside: str) -> None:
        names(two_test=[["8.8.8.8", inside], [inside, "8.8.8.8"]])
        for _ in range(2):
            assert fetch_permanent_error("http://two.test/").reason is Reason.ADDRESS_REFUSED

    def test_is_looked_up_once_and_it_is_what_is_spoken_to(
        self, web: WebServer, names: Names
    ) -> None:
        web.pages["/photo.jpg"] = answer(PHOTO)
        hosts = names(rebinding_test=[["127.0.0.1"], ["169.254.169.254"]])
        assert fetch(web.url(host="rebinding.test")) == PHOTO
        assert hosts == ["rebinding.test"]
        assert f"Host: rebinding.test:{web.port}" in web.heads[0]

    def test_is_looked_up_anew_for_each_hop(self, web: WebServer, names: Names) -> None:
        web.pages["/a"] = redirect(web.url("/b", host="rebinding.test"))
        hosts = names(rebinding_test=[["127.0.0.1"], ["169.254.169.254"]])
        error = fetch_permanent_error(web.url("/a", host="rebinding.test"))
        assert error.reason is Reason.ADDRESS_REFUSED
        assert hosts == ["rebinding.test"] * 2

    def test_that_does_not_answer_is_passed_over_for_the_next(
        self, web: WebServer, names: Names
    ) -> None:
        web.pages["/photo.jpg"] = answer(PHOTO)
        names(two_test=[["127.0.0.2", "127.0.0.1"]])
        assert fetch(web.url(host="two.test")) == PHOTO

    def test_that_is_public_is_not_asked_at_any_port(self, names: Names) -> None:
        names(public_test=[["8.8.8.8"]])
        assert "its port is 8080" in str(fetch_permanent_error("http://public.test:8080/"))

    def test_of_loopback_beside_a_public_one_opens_no_port(
        self, web: WebServer, names: Names
    ) -> None:
        names(two_test=[["127.0.0.1", "8.8.8.8"]])
        assert f"its port is {web.port}" in str(fetch_permanent_error(web.url(host="two.test")))

    def test_that_nobody_listens_at_may_answer_later(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert (
            fetch_transient_error(f"http://127.0.0.1:{port}/{SECRET}").reason
            == "source_unreachable"
        )


class TestALookUp:
    @pytest.mark.parametrize(
        ("number", "kind"),
        [(socket.EAI_NONAME, PermanentError), (socket.EAI_AGAIN, TransientError)],
    )
    def test_that_fails_is_final_only_where_there_is_no_such_name(
        self, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
    ) -> None:
        def fail(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(number, "said the name server")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(kind, match=r"nobody\.test"):
            fetch("http://nobody.test/")

    def test_that_hangs_ends_with_the_time_for_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        released = Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(PATIENCE) and [])
        began = monotonic()
        assert fetch_transient_error("http://slow.test/", seconds=0.2).reason == "source_timeout"
        assert monotonic() - began < PATIENCE / 2
        released.set()


class TestWhatIsTooLarge:
    def test_is_refused_by_what_it_says_before_a_byte_is_read(self, web: WebServer) -> None:
        web.pages["/photo.jpg"] = answer(b"", Content_Length="1000001")
        error = fetch_permanent_error(web.url())
        assert error.reason is Reason.TOO_MANY_BYTES
        assert "1,000,000" in str(error)

    def test_is_refused_by_what_it_has(self, web: WebServer) -> None:
        web.pages["/photo.jpg"] = chunked(*[bytes(10_000)] * 101)
        assert fetch_permanent_error(web.url()).reason is Reason.TOO_MANY_BYTES

    def test_takes_no_memory(self, web: WebServer) -> None:
        def endless(send: Callable[[bytes], None], stop: Event) -> None:
            send(chunked(end=b""))
            while not stop.is_set():
                send(b"100000\r\n" + bytes(1 << 20) + b"\r\n")

        web.pages["/photo.jpg"] = endless
        downloader = Downloader(50 << 20, allow_loopback=True, tls=TLS)
        tracemalloc.start()
        count = 0
        with (
            pytest.raises(PermanentError, match="52,428,800"),
            downloader.stream(web.url(), PATIENCE) as found,
        ):
            for chunk in found.chunks:
                count += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count > 49 << 20
        # The server's own chunks of 1 MiB are in it.
        assert peak < 8 << 20

    @pytest.mark.parametrize("claimed", [b"-1", b"-ffff"])
    def test_cannot_hide_behind_a_negative_length(self, web: WebServer, claimed: bytes) -> None:
        web.pages["/photo.jpg"] = chunked(end=claimed + b"\r\n" + bytes(2_000_000))
        assert fetch_permanent_error(web.url()).reason is Reason.TOO_MANY_BYTES

    def test_headers_without_end_are_given_up(self, web: WebServer) -> None:
        web.pages["/photo.jpg"] = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"
        assert fetch_transient_error(web.url()).reason == "source_unreachable"
        web.pages["/photo.jpg"] = b"HTTP/1.1 200 OK\r\nX: " + bytes(1 << 17)
        assert fetch_transient_error(web.url()).reason == "source_unreachable"


class TestWhatBreaksOff:
    @pytest.mark.parametrize(
        "response",
        [
            answer(PHOTO)[:-1],
            answer(PHOTO, Content_Length=str(len(PHOTO) + 1)),
            chunked(PHOTO, end=b""),
            chunked(PHOTO)[:-10],
            chunked(PHOTO, end=b"nonsense\r\n"),
        ],
    )
    def test_is_never_taken_for_whole(self, web: WebServer, response: bytes) -> None:
        web.pages["/photo.jpg"] = response
        assert fetch_transient_error(web.url()).reason == "source_truncated"

    @pytest.mark.parametrize(
        ("response", "reason"),
        [
            (b"", "source_unreachable"),
            (b"nonsense\r\n\r\n", "source_unreachable"),
            (b"HTTP/1.1 abc OK\r\n\r\n", "source_unreachable"),
            (b"HTTP/1.1 200", "source_truncated"),
            (b"HTTP/1.1 404 Not F", "source_truncated"),
            (answer(PHOTO)[:30], "source_truncated"),
            (answer(PHOTO).partition(b"\r\n\r\n")[0], "source_truncated"),
            (answer(PHOTO).partition(b"\r\n\r\n")[0][:-3], "source_truncated"),
        ],
    )
    def test_in_its_head_may_come_later(self, web: WebServer, response: bytes, reason: str) -> None:
        web.pages["/photo.jpg"] = response
        assert fetch_transient_error(web.url()).reason == reason

    @pytest.mark.parametrize(
        "response",
        [
            answer(PHOTO, Content_Length=""),
            answer(PHOTO, Content_Length="many"),
            answer(PHOTO, Transfer_Encoding="gzip, chunked"),
        ],
    )
    def test_must_be_told_from_what_ends(self, web: WebServer, response: bytes) -> None:
        web.pages["/photo.jpg"] = response
        error = fetch_permanent_error(web.url())
        assert error.reason is Reason.SOURCE_REFUSED
        assert "where the file ends" in str(error)


class TestASlowServer:
    def drip(self, head: bytes, drop: bytes) -> Callable[[Callable[[bytes], None], Event], None]:
        def dripping(send: Callable[[bytes], None], stop: Event) -> None:
            send(head)
            while not stop.wait(0.02):
                send(drop)

        return dripping

    @pytest.mark.parametrize(
        ("head", "drop"),
        [
            (b"", b"H"),
            (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (answer(b"", Content_Length="10000"), b"x"),
            (chunked(end=b""), b"1\r\nx\r\n"),
            (chunked(end=b"1;"), b"x"),
            (chunked(end=b"0\r\n"), b"X: y\r\n"),
        ],
    )
    def test_has_no_more_time_for_each_byte_that_it_sends(
        self, web: WebServer, head: bytes, drop: bytes
    ) -> None:
        web.pages["/photo.jpg"] = self.drip(head, drop)
        began = monotonic()
        assert fetch_transient_error(web.url(), seconds=0.4).reason == "source_timeout"
        assert 0.3 < monotonic() - began < PATIENCE / 2

    def test_that_says_nothing_is_left(self, web: WebServer) -> None:
        web.pages["/photo.jpg"] = self.drip(b"", b"")
        assert fetch_transient_error(web.url(), seconds=0.2).reason == "source_timeout"


class TestAnAnswer:
    @pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 418])
    def test_that_is_no_file_is_final(self, web: WebServer, status: int) -> None:
        web.pages[f"/?{SECRET}"] = answer(b"", f"{status} No")
        error = fetch_permanent_error(web.url(f"/?{SECRET}"))
        assert error.reason is Reason.SOURCE_REFUSED
        assert f"127.0.0.1 answers {status}" in str(error)

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
    def test_that_asks_for_patience_is_not(self, web: WebServer, status: int) -> None:
        web.pages[f"/?{SECRET}"] = answer(b"", f"{status} No")
        error = fetch_transient_error(web.url(f"/?{SECRET}"))
        assert (error.reason, str(error)) == ("source_failed", f"127.0.0.1 answers {status}")

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "identity, gzip"])
    def test_that_is_compressed_is_refused(self, web: WebServer, encoding: str) -> None:
        web.pages["/photo.jpg"] = answer(gzip.compress(PHOTO), Content_Encoding=encoding)
        assert fetch_permanent_error(web.url()).reason is Reason.SOURCE_REFUSED

    @pytest.mark.parametrize("response", [answer(b""), chunked()])
    def test_without_bytes_is_refused(self, web: WebServer, response: bytes) -> None:
        web.pages["/photo.jpg"] = response
        assert fetch_permanent_error(web.url()).reason is Reason.EMPTY

    @pytest.mark.parametrize("url", [f"http://u:{SECRET}@127.0.0.1/", "ftp://127.0.0.1/", "x"])
    def test_is_not_asked_for_at_no_plain_url(self, url: str) -> None:
        assert fetch_permanent_error(url).reason is Reason.BAD_URL


class Certificate:
    """A key and a certificate that it signed itself, and contexts for both sides."""

    def __init__(self, folder: Path, *names: x509.GeneralName) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.file, key_file = folder / "certificate", folder / "key"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(self.file, key_file)

    @property
    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Certificate:
        loopback = x509.IPAddress(ip_address("127.0.0.1"))
        return Certificate(tmp_path, x509.DNSName("photos.test"), loopback)

    @pytest.fixture
    def secure(self, certificate: Certificate) -> Iterator[WebServer]:
        with WebServer(certificate.server) as server:
            server.pages["/photo.jpg"] = answer(PHOTO)
            yield server

    def test_of_an_unknown_signer_is_refused(self, secure: WebServer) -> None:
        error = fetch_permanent_error(secure.url())
        assert error.reason is Reason.SOURCE_REFUSED
        assert "no valid certificate (self-signed certificate)" in str(error)
        assert secure.heads == []

    def test_is_checked_against_the_host_that_was_asked_for(
        self, secure: WebServer, certificate: Certificate, names: Names
    ) -> None:
        names(photos_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
        assert fetch(secure.url(host="photos.test"), tls=certificate.trusting) == PHOTO
        error = fetch_permanent_error(secure.url(host="other.test"), tls=certificate.trusting)
        assert "Hostname mismatch" in str(error)
        assert len(secure.heads) == 1

    def test_tells_the_server_which_host_is_meant(
        self, secure: WebServer, certificate: Certificate, names: Names
    ) -> None:
        sent: list[str | None] = []
        certificate.server.sni_callback = lambda _, name, __: sent.append(name)
        names(photos_test=[["127.0.0.1"]])
        fetch(secure.url(host="photos.test"), tls=certificate.trusting)
        assert sent == ["photos.test"]

    def test_is_not_left_for_plain_http(
        self, secure: WebServer, web: WebServer, certificate: Certificate
    ) -> None:
        secure.pages["/a"] = redirect(web.url())
        error = fetch_permanent_error(secure.url("/a"), tls=certificate.trusting)
        assert "from https to http" in str(error)
        assert web.heads == []

    def test_that_is_none_may_be_some_later(self, web: WebServer) -> None:
        error = fetch_transient_error(web.url().replace("http:", "https:"), seconds=0.5)
        assert error.reason in ("source_unreachable", "source_timeout")
