"""Lines of client logs are shown without what gives access to something."""

from __future__ import annotations

import pytest

from analyzer.clientlog.secrets import masked

MASKED = {
    'Get "https://me:pw@a.example/x?token=1&b=2": EOF': 'Get "https://…@a.example/x?…": EOF',
    "with url: /simple/x/?sig=1#f (Caused by X)": "with url: /simple/x/?… (Caused by X)",
    "curl a.example/x?y=1 failed": "curl a.example/x?… failed",
    "https://a.example/a;jsessionid=1/b#c no": "https://a.example/a;…/b#… no",
    "> Authorization: Basic bWU6cHc=": "> Authorization: …",
    'sent {"authorization":"Bearer abc","b":1}': 'sent {"authorization":"…","b":1}',
    "sent {'Cookie': 'a=1; b=2', 'X-Api-Key': 'k'}": "sent {'Cookie': '…', 'X-Api-Key': '…'}",
    "Set-Cookie: a=1; Path=/": "Set-Cookie: …",
    "PRIVATE-TOKEN: abc": "PRIVATE-TOKEN: …",
    "tried Bearer abc.def-1 and failed": "tried Bearer … and failed",
    "password=hunter2 token: abc key=1 secretKey=2": "password=… token: … key=… secretKey=…",
    r"{\"password\":\"a b\",\"c\":1}": r"{\"password\":\"…\",\"c\":1}",
    "X-Amz-Credential=a/b&X-Amz-Signature=1": "X-Amz-Credential=…&X-Amz-Signature=…",
    "proxy me:pw@proxy.example:3128 refused": "proxy …@proxy.example:3128 refused",
    "curl -u me:pw --token abc --oauth2-bearer d": "curl -u … --token … --oauth2-bearer …",
    "ghp_0123456789 glpat-0123456789 npm_0123456789": "… … …",
    "AKIAIOSFODNN7EXAMPLE and eyJhbGciOi.eyJzdWIi.c2ln": "… and …",
    "to https%3A%2F%2Fme%3Apw%40a.example%2Fx and token%3Dabc": "to https%3A%2F%2F…@a.example%2Fx and token%3D…",
    "AccountKey=abc==;Endpoint=x": "AccountKey=…;Endpoint=x",
    "used aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3 here": "used … here",
}
PLAIN = (
    "curl: (7) Failed to connect to www.lab.example port 4433 after 1 ms: Couldn't connect to server",
    "npm error code E401",
    "npm_config_registry and npm_lifecycle_event are set",
    "Unexpected token '<', \"<html>\" is not valid JSON",
    "Basic authentication failed, no Bearer realm",
    "go: example.org/x@v0.0.0-20191109021931-daa7c04131f5: dial tcp 192.0.2.1:443: connect: connection refused",
    "go: verifying example.org/x@v1.0.0: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "/root/.npm/_logs/2026-01-02T03_04_05_678Z-debug-0.log",
    "SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)')",
    "Retry(total=4, connect=None, read=None) after connection broken by 'ReadTimeoutError(\"read timeout=15\")'",
    "java.net.SocketTimeoutException: Read timed out at sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:283)",
    "really? yes; glibc-2.31-13 monkey=3 design=4",
)


@pytest.mark.parametrize(("line", "shown"), MASKED.items())
def test_what_gives_access_is_masked(line: str, shown: str) -> None:
    """Whatever form it has; the rest of the message stays."""
    assert masked(line) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize("line", PLAIN)
def test_messages_stay_readable(line: str) -> None:
    """Nothing is masked that is no secret."""
    assert masked(line) == line


def test_queries_may_be_shown_and_secrets_may_not() -> None:
    """`--show-queries` opens what is in a query, not what is called a secret or is one by its form."""
    line = "GET https://me:pw@a.example/x?page=2&token=1#f ghp_0123456789"
    assert masked(line, show_queries=True) == "GET https://…@a.example/x?page=2&token=… …"


@pytest.mark.parametrize(
    "piece",
    ["-token", "api-", "a-api", "--user-", "token", "http://", "%25", "key=", "x:y@", "A1a", "?", "/;", "eyJ", "'"],
)
def test_the_work_grows_with_the_line(piece: str) -> None:
    """Twice the line is about twice the work, whatever it is made of: the expressions never go back without bound."""
    import time

    def cost(size: int) -> float:
        line = (piece * size)[:size]
        times = []
        for _ in range(5):
            began = time.process_time()
            masked(line)
            times.append(time.process_time() - began)
        return min(times)

    assert cost(32_000) < 3.5 * cost(16_000) + 0.002
