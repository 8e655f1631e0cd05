"""Scenarios with `go mod download` against GOPROXY lists: what falls through to the next entry, and what does not."""

from __future__ import annotations

from lab.clients import shell
from lab.model import Capture, Row, Scenario
from lab.scenarios_http import GO_ENV

SITE, MIRROR = "www.lab.example", "mirror.lab.example"
GOOD = "http://mirror.lab.example/go"
# Name, hash and a public key that nobody has the private one of.
SUMDB = "sum.lab.example+518ccfe1+AaURRtOAd/+ZLrqEzx1emySQc1A+t0hoaZAWFTsDGjj3"


def download(proxies: str, *settings: str) -> tuple[str, ...]:
    words = " ".join(settings)
    return shell(f"{GO_ENV} {words} GOPROXY='{proxies}' go mod download lab.example/hello@v1.0.0")


def failed(klass: str, cause: str, name: str = SITE) -> tuple[Row, ...]:
    return (Row(klass, cause, name),)


def fine(name: str = SITE) -> tuple[Row, ...]:
    return (Row("ok", "", name),)


GO = (
    Scenario(
        "go-proxy-410-then-next",
        (failed("http-failure", "http-status-410") + fine(MIRROR)) * 3,
        "GOPROXY=a,b: 410 is `not here` as 404 is, and `go` asks the next entry for each file",
        (download(f"http://www.lab.example/gone,{GOOD}"),),
        nginx=True,
    ),
    Scenario(
        "go-proxy-502-ends-the-list",
        failed("http-failure", "http-status-502"),
        "GOPROXY=a,b: after a comma a 502 is final; nobody asks the second entry",
        (download(f"http://www.lab.example/bad,{GOOD}"),),
        nginx=True,
    ),
    Scenario(
        "go-proxy-502-then-next-after-a-pipe",
        (failed("http-failure", "http-status-502") + fine(MIRROR)) * 3,
        "GOPROXY=a|b: after a pipe any error falls through, for each file again",
        (download(f"http://www.lab.example/bad|{GOOD}"),),
        nginx=True,
    ),
    Scenario(
        "go-proxy-refused-ends-the-list",
        failed("rst", "rst-refused", ""),
        "GOPROXY=a,b: nothing listens at the first entry, and the second is not asked",
        (download(f"http://www.lab.example:8080/go,{GOOD}"),),
        nginx=True,
    ),
    Scenario(
        "go-proxy-eof-ends-the-list",
        failed("http-failure", "http-no-response-server-closed"),
        "GOPROXY=a,b: the first entry hangs up without an answer (`EOF`), and the second is not asked",
        (download(f"http://www.lab.example/nothing/go,{GOOD}"),),
        nginx=True,
    ),
    Scenario(
        "go-zip-truncated",
        fine() * 2 + failed("http-failure", "http-response-truncated"),
        "the module's zip stops at two thirds of its Content-Length: `unexpected EOF`",
        (download("http://www.lab.example:8080/go"),),
        servers=(("front_cuts_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "go-zip-reset",
        fine() * 2 + failed("rst", "rst-mid-response"),
        "a RST in the middle of the module's zip",
        (download("http://www.lab.example:8080/go"),),
        servers=(("front_resets_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "go-proxy-never-answers",
        fine() * 2 + failed("http-failure", "http-client-closed-no-response"),
        "the zip never comes; `go` has no timer for a response and is killed after 5 s",
        (("timeout", "5", *download("http://www.lab.example:8080/go")),),
        servers=(("front_withholds_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "go-proxy-unknown-ca",
        failed("tls-failure", "tls-alert-encrypted"),
        "an https GOPROXY whose CA `go` does not know",
        (download("https://www.lab.example/go", "SSL_CERT_FILE=/dev/null"),),
        nginx=True,
    ),
    Scenario(
        "go-proxy-https",
        fine(),
        "an https GOPROXY: three files in one TLS connection, captured at the router",
        (download("https://www.lab.example/go", "SSL_CERT_FILE={ca}"),),
        nginx=True,
        capture=Capture(at="router", device="r0"),
    ),
    Scenario(
        "go-sumdb-not-mirrored",
        fine() * 2 + failed("http-failure", "http-status-404") + fine("sum.lab.example"),
        "`go` asks the proxy whether it mirrors the checksum database (404), then the database itself, inside TLS: its "
        "404 ends the command and cannot be seen",
        (download("http://www.lab.example/go", f"GOSUMDB={SUMDB} SSL_CERT_FILE={{ca}}"),),
        nginx=True,
    ),
)
