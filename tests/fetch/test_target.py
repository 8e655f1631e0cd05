"""What of a request's target is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.fetch.model import Fetch
from analyzer.fetch.target import host_of, shown_target
from analyzer.layer.http1.head import partial_request
from analyzer.model.connection import Connection

CUT = {
    "/path?token=1": "/path?…",
    "/path?": "/path?",
    "/path#a?b": "/path#…",
    "/path?a#b": "/path?…",
    "/a;jsessionid=1/b;c/d": "/a;…/b;…/d",
    "/a&token=1": "/a&…",
    "/path%3Ftoken=1": "/path%3F…",
    "/path%253ftoken=1": "/path%253f…",
    "/path%23token": "/path%23…",
    "http://user:password@host/path?a": "http://…@host/path?…",
    "http://user@host": "http://…@host",
    "HTTP://U:P@HOST:80/": "HTTP://…@HOST:80/",
    "http://user:pass/word@host/a": "http://…@host/a",
    "http://user:pass@word@host/a": "http://…@host/a",
    "http://user:pass?word@host/a": "http://…?…",
    "http://user:1?2@host/a": "http://…?…",
    "user:1#2@host:443": "…#…",
    "http://host?a": "http://host?…",
    "http://user:passw": "http://…",
    "http:///user:password@host/": "http:///…@host/",
    "http:\\\\user:password@host\\a": "http:\\\\…@host\\a",
    "//user:password@host/a": "//…@host/a",
    "user:password@host:443": "…@host:443",
    "user:password": "…",
    "/proxy/http://user:password@host/a?b": "/proxy/http://…@host/a?…",
    "/proxy/https:/user:password@host/a": "/proxy/https:/…@host/a",
    "/to/http%3A%2F%2Fuser%3Apassword%40host%2Fa%3Fb": "/to/http%3A%2F%2F…@host%2Fa%3F…",
    "/to/http%253A%252F%252Fuser%253Apassword%2540host": "/to/http%253A%252F%252F…@host",
}
WHOLE = (
    "", "/", "*", "/a/b.c", "/example.org/!azure/@v/v1.0.0.info", "/@scope%2fname", "/v2/a/blobs/sha256:0123abcd",
    "http://host:8080/@v/list", "http://[2001:db8::1]:80/", "host:443", "[2001:db8::1]:443", "2001:db8::1:443",
    "/a//b", "/a=b,c", "/caf\xe9",
)  # fmt: skip


@pytest.mark.parametrize(("target", "shown"), CUT.items())
def test_what_may_be_secret_is_cut(target: str, shown: str) -> None:
    """Its delimiter stays, and says that something was there."""
    assert shown_target(target) == shown


@pytest.mark.parametrize("target", WHOLE)
def test_what_is_no_secret_stays(target: str) -> None:
    """Paths of registries, hosts with ports, addresses."""
    assert shown_target(target) == target


@given(st.text("/?#;:@%&=\\ab1.-", max_size=30), st.sampled_from("?#;"))
def test_nothing_stands_behind_a_delimiter(before: str, delimiter: str) -> None:
    """Whatever a target begins with, a query, a fragment or a parameter is not shown."""
    assert "SECRET" not in shown_target(f"{before}{delimiter}SECRET")


@given(st.text("?#;:@%&=ab1.-", max_size=30))
def test_nothing_stands_before_an_at_sign_of_an_authority(before: str) -> None:
    """Whatever the password is."""
    assert "SECRET" not in shown_target(f"http://SECRET:{before}@host/path")


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("example.org:80", "example.org:80"),
        ("user:password@example.org:80", "example.org:80"),
        ("user%3Apassword%40example.org", "example.org"),
        ("user:pass/word@example.org", "example.org"),
        ("http://user:password@example.org/a?b", "example.org"),
        ("example.org?token=1", "example.org"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
    ],
)
def test_a_host_is_no_more_than_a_host(said: str, host: str) -> None:
    """Whatever else a Host field holds."""
    assert host_of(said) == host


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (b"GET http://user:passw", "http://"),
        (b"GET http://examp", "http://"),
        (b"CONNECT user:passw", ""),
        (b"CONNECT example.org:443 HT", "example.org:443"),
        (b"GET http://example.org/pa", "http://example.org/pa"),
        (b"GET /pa", "/pa"),
    ],
)
def test_of_an_authority_that_was_cut_nothing_stays(line: bytes, target: str) -> None:
    """Nobody knows whether it is a host, or a user whose `@` was not captured."""
    assert partial_request(line) == (line.split(b" ")[0].decode(), target)


def test_a_fetch_shows_its_target_whole_when_it_may() -> None:
    """`show_queries` decides, for this fetch alone."""
    fetch = Fetch(Connection(0), None)
    assert fetch.shown("/a?b") == "/a?…"
    fetch.show_queries = 1
    assert fetch.shown("/a?b") == "/a?b"
