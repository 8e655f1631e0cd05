"""Twins inside TLS of failures that there are over plain HTTP, with the client's keys in the file."""

from __future__ import annotations

from lab.clients import curl, go, node, python
from lab.model import Capture, Row, Scenario

SITE = "www.lab.example"
URL = f"https://{SITE}"
KEYED = Capture(form="keys.pcapng")


def bad(cause: str) -> tuple[Row, ...]:
    return (Row("http-failure", cause, SITE),)


KEYS = (
    Scenario(
        "curl-404-inside-tls13",
        bad("http-status-404"),
        "as curl-404, over HTTPS with HTTP/1.1 and TLS 1.3; curl's keys are in the file",
        (curl(f"{URL}/missing"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-404-inside-tls12",
        bad("http-status-404"),
        "the same with TLS 1.2",
        (curl(f"{URL}:8443/missing"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-404-inside-http2",
        bad("http-status-404"),
        "as curl-h2c-404, over HTTPS with HTTP/2",
        (curl(f"{URL}:9443/missing", 4, "--http2"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "go-502-inside-tls13",
        bad("http-status-502"),
        "as go-502: nginx has no upstream; Go's keys (KeyLogWriter) are in the file",
        (go(f"{URL}/dead"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "go-http2-upstream-cuts-the-response",
        bad("http2-rst-stream-internal-error"),
        "as go-h2c-upstream-cuts-the-response, over HTTPS: nginx ends the stream with INTERNAL_ERROR",
        (go(f"{URL}:9443/cut"),),
        servers=(("http_truncated", 81),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-http2-gave-up-with-keys",
        bad("http-client-closed-no-response"),
        "as curl-h2c-client-gave-up, over HTTPS: the answer never comes, curl closes after 2 s",
        (curl(f"{URL}:9443/never", 2, "--http2"),),
        servers=(("silent", 81),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "python-503-inside-tls13",
        bad("http-status-503"),
        "urllib asks for what nginx answers with 503; Python's keys are in the file",
        (python("fetch", f"{URL}/broken.zip", "{ca}"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "node-503-inside-tls12",
        bad("http-status-503"),
        "the same with Node and TLS 1.2",
        (node("get", f"{URL}:8443/broken.zip"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-truncated-inside-tls",
        bad("http-response-truncated"),
        "as curl-https-cut, with curl's keys: half of the record that holds the response, then FIN",
        (curl(f"{URL}/file.txt"),),
        servers=(("https_cut", 443),),
        capture=KEYED,
    ),
    Scenario(
        "go-ok-inside-http2",
        (Row("ok", "", SITE),),
        "a good answer over HTTP/2 and TLS 1.3, and Go's keys: proof that it was good",
        (go(f"{URL}:9443/pages.txt"),),
        nginx=True,
        capture=KEYED,
    ),
)
