"""HTTP/2 without TLS (h2c): begun with prior knowledge or by an upgrade; streams that fail beside streams that work."""

from __future__ import annotations

from lab.clients import curl
from lab.model import Argv, Row, Scenario

SITE = "www.lab.example"
URL = "http://www.lab.example"
FINE = (Row("ok", "", SITE),)


def bad(cause: str, klass: str = "http-failure") -> tuple[Row, ...]:
    return (Row(klass, cause, SITE),)


def h2c(path: str, seconds: float = 4) -> Argv:
    """curl with prior knowledge, to the port at which nginx speaks HTTP/2 only."""
    return curl(f"{URL}:8082{path}", seconds, "--http2-prior-knowledge")


def go(seconds: float, *urls: str) -> Argv:
    return ("{go}-h2c", str(seconds), *urls)


def node(*urls: str) -> Argv:
    return ("node", "{lab}/h2c.cjs", "get", *urls)


def server(behaviour: str) -> tuple[Argv, ...]:
    return (("node", "{lab}/h2c.cjs", behaviour, "8082"),)


H2C = (
    Scenario("curl-h2c", FINE, "HTTP/2 with prior knowledge; nginx", (h2c("/pages.txt"),), nginx=True),
    Scenario(
        "curl-h2c-upgrade",
        FINE,
        "HTTP/1.1 with `Upgrade: h2c`, 101, and the answer on stream 1; Go's server",
        (curl(f"{URL}/file.txt", 4, "--http2"),),
        commands=(("{go}-h2c", "serve", "80", "{files}"),),
    ),
    Scenario(
        "curl-h2c-upgrade-404",
        bad("http-status-404"),
        "the same for a file that the server does not have",
        (curl(f"{URL}/missing", 4, "--http2"),),
        commands=(("{go}-h2c", "serve", "80", "{files}"),),
    ),
    Scenario(
        "curl-h2c-upgrade-declined",
        FINE,
        "HTTP/1.1 with `Upgrade: h2c`, which nginx passes over: the answer is HTTP/1.1",
        (curl(f"{URL}/file.txt", 4, "--http2"),),
        nginx=True,
    ),
    Scenario("curl-h2c-404", bad("http-status-404"), "nginx has no such file", (h2c("/missing"),), nginx=True),
    Scenario(
        "go-h2c-one-of-three-503",
        FINE + bad("http-status-503") + FINE,
        "three streams of one connection; nginx answers the second with 503",
        (go(4, f"{URL}:8082/file.txt", f"{URL}:8082/broken.zip", f"{URL}:8082/pages.txt"),),
        nginx=True,
    ),
    Scenario(
        "curl-h2c-rst-stream-internal-error",
        bad("http2-rst-stream-internal-error"),
        "a handler of Node fails after half of the body that it announced: RST_STREAM INTERNAL_ERROR, curl (92)",
        (h2c("/file.txt"),),
        commands=server("half_then_error"),
    ),
    Scenario(
        "curl-h2c-shorter-than-announced",
        bad("http-response-truncated"),
        "Node ends the stream in good order after half of the Content-Length; curl answers PROTOCOL_ERROR",
        (h2c("/file.txt"),),
        commands=server("half_then_end"),
    ),
    Scenario(
        "curl-h2c-longer-than-announced",
        bad("http2-response-malformed"),
        "Node sends twice its Content-Length; curl answers PROTOCOL_ERROR although END_STREAM has come",
        (h2c("/file.txt"),),
        commands=server("twice"),
    ),
    Scenario(
        "node-h2c-client-does-not-read",
        bad("http-client-abort-response"),
        "a client that allows 1000 bytes, reads none of them and gives up: the server may not send the rest",
        (("node", "{lab}/h2c.cjs", "stuff", f"{URL}:8082/much"),),
        commands=server("much"),
    ),
    Scenario(
        "go-h2c-upstream-cuts-the-response",
        bad("http2-rst-stream-internal-error"),
        "nginx's upstream closes in the middle of a body, and nginx ends the stream with INTERNAL_ERROR",
        (go(4, f"{URL}:8082/cut"),),
        servers=(("http_truncated", 81),),
        nginx=True,
    ),
    Scenario(
        "go-h2c-refused-stream-then-works",
        bad("http2-rst-stream-refused-stream") + FINE,
        "Node refuses the first stream (REFUSED_STREAM); Go's transport sends the request again by itself",
        (go(4, f"{URL}:8082/file.txt"),),
        commands=server("refuse_once"),
    ),
    Scenario(
        "curl-h2c-refused-stream-then-works",
        bad("http2-rst-stream-refused-stream") + FINE,
        "the same with curl, which tries again on a new connection",
        (h2c("/file.txt"),),
        commands=server("refuse_once"),
    ),
    Scenario(
        "node-h2c-goaway-leaves-a-stream-behind",
        FINE + bad("http2-goaway-no-error"),
        "two streams are open when GOAWAY names the first as the last one that is taken; Node's client",
        (node(f"{URL}:8082/a", f"{URL}:8082/b"),),
        commands=server("last_is_first"),
    ),
    Scenario(
        "curl-h2c-enhance-your-calm",
        bad("http2-goaway-enhance-your-calm"),
        "Node ends the connection with GOAWAY ENHANCE_YOUR_CALM instead of an answer",
        (h2c("/file.txt"),),
        commands=server("calm"),
    ),
    Scenario(
        "go-h2c-client-gave-up",
        bad("http-client-closed-no-response"),
        "nginx's upstream never answers; Go ends the stream with RST_STREAM CANCEL after 2 s",
        (go(2, f"{URL}:8082/never"),),
        servers=(("silent", 81),),
        nginx=True,
    ),
    Scenario(
        "curl-h2c-client-gave-up",
        bad("http-client-closed-no-response"),
        "the same with curl, which closes the connection",
        (h2c("/never", 2),),
        servers=(("silent", 81),),
        nginx=True,
    ),
    Scenario(
        "curl-h2c-server-dies",
        bad("http-response-truncated"),
        "the server's process is killed in the middle of a response: FIN, no END_STREAM",
        (h2c("/file.txt"),),
        commands=server("dies"),
    ),
    Scenario(
        "go-h2c-server-resets",
        bad("rst-mid-response", "rst"),
        "Node resets the connection in the middle of a response",
        (go(4, f"{URL}:8082/file.txt"),),
        commands=server("resets"),
    ),
    Scenario(
        "node-h2c-goaway-after-the-answers",
        FINE + FINE,
        "two streams are answered; nginx ends the idle connection after a second with GOAWAY (NO_ERROR) and FIN",
        (node(f"{URL}:8082/file.txt", f"{URL}:8082/pages.txt"),),
        nginx=True,
    ),
    Scenario(
        "curl-h2c-to-a-server-of-http1",
        bad("http-garbage-response"),
        "nginx's HTTP/1.1 port answers the preface of HTTP/2 with 400 in HTTP/1.1",
        (curl(f"{URL}/file.txt", 4, "--http2-prior-knowledge"),),
        nginx=True,
    ),
)
