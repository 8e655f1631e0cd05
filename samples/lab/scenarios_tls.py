"""Scenarios in which TLS falls silent, or is ended or refused."""

from __future__ import annotations

from lab.clients import curl, go, python, wget
from lab.model import Capture, Row, Scenario

SITE = "www.lab.example"


def stall(cause: str) -> tuple[Row, ...]:
    return (Row("tls-stall", cause, SITE),)


def failure(cause: str, name: str = SITE) -> tuple[Row, ...]:
    return (Row("tls-failure", cause, name),)


TLS_STALL = (
    Scenario(
        "curl-server-silent",
        stall("tls-no-server-hello"),
        "the server reads the ClientHello and says nothing; curl gives up after 4 s",
        (curl("https://www.lab.example/"),),
        servers=(("silent", 443),),
    ),
    Scenario(
        "go-server-silent-10s",
        stall("tls-no-server-hello"),
        "as curl-server-silent; Go's own TLS handshake timeout of 10 s ends it",
        (go("https://www.lab.example/", 0),),
        servers=(("silent", 443),),
    ),
    Scenario(
        "curl-clienthello-lost",
        stall("tls-clienthello-unacked"),
        "the router drops the client's packets over 200 bytes",
        (curl("https://www.lab.example/"),),
        nginx=True,
        faults=("router forward tcp dport 443 meta length > 200 drop",),
    ),
    Scenario(
        "wget-pmtu-hole",
        stall("tls-server-flight-lost"),
        "a path MTU black hole: the router drops the server's packets over 1400 bytes; the end of the flight passes",
        (wget("https://www.lab.example/file.txt"),),
        nginx=True,
        faults=("router forward tcp sport 443 meta length > 1400 drop",),
        segment=("server",),
    ),
    Scenario(
        "curl-server-flight-lost-server-side",
        stall("tls-server-flight-lost"),
        "the router drops everything over 100 bytes from the server; captured at the server, TLS 1.2",
        (curl("https://www.lab.example:8443/file.txt"),),
        nginx=True,
        faults=("router forward tcp sport 8443 meta length > 100 drop",),
        capture=Capture(at="server", device="s0"),
    ),
    Scenario(
        "python-half-a-server-flight",
        stall("tls-server-flight-stalled"),
        "the server sends half of its TLS 1.2 flight, up to the middle of the certificates, and stops; 4 s timeout",
        (python("fetch", "https://www.lab.example/", "{ca}"),),
        servers=(("half_flight_tls12", 443),),
    ),
    Scenario(
        "python-client-silent",
        stall("tls-client-silent"),
        "the client reads the server's whole flight and says nothing for 4 s",
        (python("silent_after_server_flight", "8443", "{ca}"),),
        nginx=True,
    ),
    Scenario(
        "curl-no-server-finished",
        stall("tls-no-server-finished"),
        "TLS 1.2: the server reads the client's Finished and never sends its own",
        (curl("https://www.lab.example/"),),
        servers=(("no_finished_tls12", 443),),
    ),
    Scenario(
        "python-second-clienthello-segment-lost",
        stall("tls-clienthello-partial"),
        "a ClientHello of two segments; the router drops packets of 200 to 1400 bytes, so the second never arrives",
        (python("long_client_hello", "443", "{ca}"),),
        nginx=True,
        faults=("router forward tcp dport 443 meta length 200-1400 drop",),
        segment=("client",),
    ),
)

TLS_FAILURE = (
    Scenario(
        "curl-unknown-ca",
        failure("tls-alert-unknown-ca"),
        "curl without the lab's CA; OpenSSL sends its alert in the clear, also in TLS 1.3",
        (("curl", "-sS", "-o", "/dev/null", "-m", "4", "https://www.lab.example/file.txt"),),
        nginx=True,
    ),
    Scenario(
        "python-certificate-expired",
        failure("tls-alert-certificate-expired", "expired.lab.example"),
        "the certificate ended in 2021; Python's ssl (OpenSSL) says so in a plaintext alert",
        (python("fetch", "https://expired.lab.example/file.txt", "{ca}"),),
        nginx=True,
    ),
    Scenario(
        "go-unknown-ca",
        failure("tls-alert-encrypted"),
        "a Go client without the lab's CA; in TLS 1.3 its alert is encrypted",
        (go("https://www.lab.example/file.txt", 4, ca=False),),
        nginx=True,
    ),
    Scenario(
        "openssl-protocol-version",
        failure("tls-alert-protocol-version"),
        "`openssl s_client` insists on TLS 1.3, the server has 1.2 only",
        (("openssl", "s_client", "-connect", "www.lab.example:8443", "-servername", SITE, "-tls1_3"),),
        nginx=True,
    ),
    Scenario(
        "curl-no-common-cipher",
        failure("tls-alert-handshake-failure"),
        "TLS 1.2 with no cipher suite in common",
        (
            curl(
                "https://www.lab.example:8443/file.txt",
                4,
                *("--tls-max", "1.2", "--ciphers", "ECDHE-RSA-CHACHA20-POLY1305"),
            ),
        ),
        nginx=True,
    ),
    Scenario(
        "curl-unrecognized-name",
        failure("tls-alert-unrecognized-name"),
        "the server refuses the name in the ClientHello",
        (curl("https://www.lab.example/"),),
        servers=(("alert_unrecognized_name", 443),),
    ),
    Scenario(
        "wget-https-to-http-port",
        failure("tls-http-reply"),
        "https:// to a plain HTTP port of nginx, which answers 400 in plain text",
        (wget("https://www.lab.example:80/file.txt"),),
        nginx=True,
    ),
    Scenario(
        "go-https-to-smtp-port",
        failure("tls-banner-reply"),
        "https:// to a server that greets with an SMTP banner",
        (go("https://www.lab.example:25/"),),
        servers=(("smtp_banner", 25),),
    ),
    Scenario(
        "curl-server-hangs-up",
        failure("tls-server-fin"),
        "the server reads the ClientHello and closes with FIN",
        (curl("https://www.lab.example/"),),
        servers=(("fin_after_first_bytes", 443),),
    ),
    Scenario(
        "curl-garbage-after-clienthello",
        failure("tls-garbage"),
        "the server answers the ClientHello with bytes that are neither TLS nor text",
        (curl("https://www.lab.example/"),),
        servers=(("binary_reply", 443),),
    ),
    Scenario(
        "curl-client-cancels",
        failure("tls-client-fin"),
        "curl closes 0.5 s after its ClientHello: too soon to call the server silent",
        (curl("https://www.lab.example/", 0.5),),
        servers=(("silent", 443),),
    ),
)
