"""URLs from callers: parsed in one way, or rejected."""

import pytest

from lib.errors import PermanentError, Reason
from lib.fetching.urls import MAX_LENGTH, check_port, parse_url

SECRET = "hunter2"  # noqa: S105  stands for one


@pytest.mark.parametrize(
    ("text", "authority", "port", "request_target"),
    [
        ("http://example.com", "example.com", 80, "/"),
        ("https://example.com/a.jpg?b=c&d#e", "example.com", 443, "/a.jpg?b=c&d"),
        ("HTTPS://EXAMPLE.com:443/A", "example.com", 443, "/A"),
        ("http://example.com:443/", "example.com:443", 443, "/"),
        ("http://example.com?q", "example.com", 80, "/?q"),
        ("http://example.com./", "example.com", 80, "/"),
        ("http://münchen.example/ä.jpg", "xn--mnchen-3ya.example", 80, "/%C3%A4.jpg"),
        ("http://[2606:4700::1111]/", "[2606:4700::1111]", 80, "/"),
        ("http://[2606:4700:0:0::1111]:80/", "[2606:4700::1111]", 80, "/"),
        ("http://example.com/a%20b%2Fc", "example.com", 80, "/a%20b%2Fc"),
        ("http://my_host.example.com/", "my_host.example.com", 80, "/"),
    ],
)
def test_a_url_is_parsed(text: str, authority: str, port: int, request_target: str) -> None:
    url = parse_url(text)
    assert (url.authority, url.port, url.request_target) == (authority, port, request_target)
    assert (url.authority + url.request_target).isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "photo.jpg",
        "//example.com/a.jpg",
        "ftp://example.com/a.jpg",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:image/png;base64,AAAA",
        "http:",
        "http:///a.jpg",
        "http://./",
        f"http://user:{SECRET}@example.com/",
        f"http://{SECRET}@example.com/",
        "http://@example.com/",
        f"http://example.com\\@evil.example/{SECRET}",
        f"http://example.com/{SECRET} b",
        f"http://example.com/\r\nX-{SECRET}: 1",
        f"http://example.com/\t{SECRET}",
        f"\x00http://example.com/{SECRET}",
        f"http://example.com/\x7f{SECRET}",
        "http://exam\u00adple.com:x/",
        "http://example.com:0x50/",
        "http://example.com:99999/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://exam%70le.com/",
        "http://a..b/",
        f"http://{'a' * 64}.com/",
        f"http://{'a.' * 130}com/",
        "http://exa|mple.com/",
        "http://[1.2.3.4]/",
        "http://[v1.fe80]/",
        f"http://example.com/{SECRET}{'x' * MAX_LENGTH}",
    ],
)
def test_a_url_that_parsers_could_read_in_two_ways_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_url(text)
    assert caught.value.reason is Reason.BAD_URL
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("port", [0, 22, 25, 6379, 8080, 65535])
def test_ports_that_are_not_the_webs_are_refused(port: int) -> None:
    with pytest.raises(PermanentError, match=f"its port is {port}"):
        check_port(parse_url(f"http://example.com:{port}/"))


@pytest.mark.parametrize(
    ("location", "authority", "request_target"),
    [
        ("/b.jpg", "example.com", "/b.jpg"),
        ("b.jpg?c", "example.com", "/photos/b.jpg?c"),
        ("//cdn.example/b.jpg", "cdn.example", "/b.jpg"),
        ("https://cdn.example/b.jpg", "cdn.example", "/b.jpg"),
        ("b c.jpg", "example.com", "/photos/b%20c.jpg"),
        ("/\xc3\xa4.jpg", "example.com", "/%C3%A4.jpg"),
    ],
)
def test_a_redirect_leads_on(location: str, authority: str, request_target: str) -> None:
    url = parse_url("https://example.com/photos/a.jpg?secret").resolve_redirect(location)
    assert (url.authority, url.request_target) == (authority, request_target)


def test_from_http_a_redirect_may_lead_to_https() -> None:
    assert (
        parse_url("http://example.com/").resolve_redirect("https://example.com/").scheme == "https"
    )


def test_from_https_no_redirect_leads_to_http() -> None:
    with pytest.raises(
        PermanentError, match=r"example\.com redirects from https to http"
    ) as caught:
        parse_url(f"https://example.com/?{SECRET}").resolve_redirect(
            f"http://example.com/?{SECRET}"
        )
    assert caught.value.reason is Reason.SOURCE_REFUSED
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "location", ["ftp://example.com/", f"https://u:{SECRET}@example.com/", "file:///etc/passwd"]
)
def test_a_redirect_is_checked_as_a_url_is(location: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse_url("https://example.com/").resolve_redirect(location)
    assert caught.value.reason is Reason.BAD_URL
