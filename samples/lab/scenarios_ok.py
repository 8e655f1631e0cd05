"""Fetches that are fine, most of which look bad; and captures that do not hold what a verdict needs."""

from __future__ import annotations

from lab.clients import curl, go, python, shell, wget
from lab.model import NO_NEIGHBOURS, Capture, Row, Scenario
from lab.relay import Relay
from lab.scenarios_http import GO_ENV, INDEX, PIP
from lab.scenarios_tcp import FIRST_TWO_SYNS

SITE = "www.lab.example"
S_SERVER_P384 = (
    *("openssl", "s_server", "-accept", "443", "-www", "-quiet", "-groups", "P-384"),
    *("-cert", "{certs}/www.pem", "-key", "{certs}/www.key"),
)
NODE_FETCH = "require('https').get('https://www.lab.example/file.txt', {{agent: false}}, r => r.resume())"
FINE = (Row("ok", "", SITE),)
# All but the segment whose payload starts with "HTTP"; short packets first: without payload the comparison rejects.
WITHOUT_STATUS_LINE = "tcp and (dst port 80 or ip[2:2] < 100 or tcp[((tcp[12] & 0xf0) >> 2):4] != 0x48545450)"


def lacking(what: str, name: str = "") -> tuple[Row, ...]:
    return (Row("incomplete", "", name, what),)


INCOMPLETE = (
    Scenario(
        "head-missing",
        lacking("head"),
        "tcpdump starts in the middle of a response's body",
        (curl("http://www.lab.example/file.txt", 8),),
        servers=(("http_drip", 80),),
        capture=Capture(start=1.5),
    ),
    Scenario(
        "tail-missing-response",
        lacking("tail", SITE),
        "tcpdump ends 1 s into a wait for a response",
        (curl("http://www.lab.example/file.txt", 3),),
        servers=(("silent", 80),),
        capture=Capture(stop=1),
    ),
    Scenario(
        "tail-missing-syn",
        lacking("tail"),
        "tcpdump ends after two unanswered SYNs",
        (curl("https://www.lab.example/", 3),),
        faults=("router forward tcp dport 443 drop",),
        capture=Capture(stop=1.6),
    ),
    Scenario(
        "direction-missing",
        lacking("direction", SITE),
        "the filter keeps what the client sends only; the fetch itself is fine",
        (curl("http://www.lab.example/file.txt"),),
        nginx=True,
        capture=Capture(filter="tcp and src host 192.0.2.10"),
    ),
    Scenario(
        "snaplen-too-short",
        lacking("snaplen"),
        "tcpdump -s 68 leaves two bytes of payload; the fetch itself is fine",
        (curl("http://www.lab.example/file.txt"),),
        nginx=True,
        capture=Capture(options=("-s", "68")),
    ),
    Scenario(
        "bytes-missing",
        lacking("bytes", SITE),
        "the capture has lost the segment with the status line, which the client has acknowledged",
        (curl("http://www.lab.example/pages.txt"),),
        nginx=True,
        segment=("server",),
        capture=Capture(filter=WITHOUT_STATUS_LINE),
    ),
)

OK = (
    Scenario(
        "curl-syn-recovered",
        FINE,
        "the first two SYNs are lost, the third is answered",
        (curl("https://www.lab.example/file.txt", 6),),
        nginx=True,
        faults=(FIRST_TWO_SYNS,),
    ),
    Scenario(
        "python-server-resets-after-response",
        FINE,
        "the server sends its whole response and a RST 0.3 s later, while the client keeps the connection",
        (python("keep_open", "80"),),
        servers=(("http_ok_then_rst", 80),),
    ),
    Scenario(
        "python-client-resets-after-response",
        FINE,
        "the client reads the whole response and closes with RST",
        (python("reset_after_response", "80"),),
        servers=(("http_ok", 80),),
    ),
    Scenario(
        "curl-slow-tls-handshake",
        FINE,
        "the server takes 2.2 s to answer the ClientHello",
        (curl("https://www.lab.example/file.txt", 6),),
        servers=(("slow_tls", 443),),
    ),
    Scenario(
        "curl-segments-lost",
        FINE,
        "60 kB with 20 ms of delay; the relay loses the server's data segments 3, 4 and 12, TCP sends them again",
        (curl("http://www.lab.example/big.bin", 8),),
        nginx=True,
        relay=Relay(delay_ms=20, lose=(3, 4, 12)),
    ),
    Scenario(
        "curl-clienthello-lost-once",
        FINE,
        "the first ClientHello is lost, its retransmission passes",
        (curl("https://www.lab.example/file.txt"),),
        nginx=True,
        faults=("router forward tcp dport 443 meta length > 200 numgen inc mod 1000 < 1 drop",),
    ),
    Scenario(
        "python-half-close",
        FINE,
        "the client says FIN right after its request and gets the whole response 1 s later",
        (python("half_close", "80"),),
        servers=(("http_slow_answer", 80),),
    ),
    Scenario(
        "python-keepalive-idle-close",
        FINE * 2,
        "two requests on one connection, then nginx closes the idle connection after 1 s",
        (python("two_requests", "80", "0.3"),),
        nginx=True,
    ),
    Scenario(
        "curl-head",
        FINE,
        "HEAD: a Content-Length without a body",
        (curl("http://www.lab.example/big.bin", 4, "-I"),),
        nginx=True,
    ),
    Scenario(
        "curl-expect-continue",
        FINE,
        "100 Continue before the 200",
        (curl("http://www.lab.example/upload", 4, "-H", "Expect: 100-continue", "-d", "x" * 3000),),
        servers=(("http_continue", 80),),
    ),
    Scenario(
        "curl-tls12-server-side",
        FINE,
        "TLS 1.2, captured at the server",
        (curl("https://www.lab.example:8443/file.txt"),),
        nginx=True,
        capture=Capture(at="server", device="s0"),
    ),
    Scenario(
        "wget-router-any",
        FINE,
        "captured at the router on all interfaces (cooked v2): every packet twice",
        (wget("http://www.lab.example/file.txt"),),
        nginx=True,
        capture=Capture(at="router", device="any"),
    ),
    Scenario(
        "go-tls13-ipv6",
        (Row("ok", "", "six.lab.example"),),
        "TLS 1.3 over IPv6, pcapng with nanoseconds",
        (go("https://six.lab.example/file.txt"),),
        nginx=True,
        capture=Capture(form="nano.pcapng"),
    ),
    Scenario(
        "curl-hello-retry-request",
        FINE,
        "`openssl s_server` accepts P-384 only: HelloRetryRequest and a second ClientHello",
        (curl("https://www.lab.example/"),),
        commands=(S_SERVER_P384,),
    ),
    Scenario(
        "node-tls13",
        FINE,
        "Node sends its Finished and its request in one segment",
        (("env", "NODE_EXTRA_CA_CERTS={ca}", "node", "-e", NODE_FETCH),),
        nginx=True,
    ),
    Scenario(
        "curl-through-connect-proxy",
        FINE,
        "TLS 1.3 through a CONNECT proxy that says 200",
        (curl("https://www.lab.example/file.txt", 4, "-x", "http://proxy.lab.example:3128"),),
        servers=(("proxy_connects", 3128),),
        nginx=True,
    ),
    Scenario(
        "go-mod-download",
        FINE * 3,
        "`go mod download`: .info, .mod and .zip on one connection; the capture is gzipped",
        (shell(f"{GO_ENV} GOPROXY=http://www.lab.example/go go mod download lab.example/hello@v1.0.0"),),
        nginx=True,
        capture=Capture(form="pcap.gz"),
    ),
    Scenario(
        "pip-download",
        FINE * 2,
        "`pip download`: the index page and the wheel on one connection",
        (shell(f"{PIP} {INDEX} labpkg"),),
        nginx=True,
    ),
    Scenario(
        "curl-rotated",
        FINE,
        "a response of 4 s, captured with tcpdump -G 1: the connection spans the files of the folder",
        (curl("http://www.lab.example/file.txt", 8),),
        servers=(("http_drip", 80),),
        capture=Capture(form="rotated", filter=NO_NEIGHBOURS),
    ),
)
