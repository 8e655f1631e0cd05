"""Further scenarios with curl, Python and OpenSSL: statuses, alerts, HTTP/2, and a wait of a minute."""

from __future__ import annotations

from lab.clients import curl, python
from lab.model import Capture, Row, Scenario

SITE = "www.lab.example"
FINE = (Row("ok", "", SITE),)
S_SERVER = ("openssl", "s_server", "-accept", "443", "-www", "-quiet", "-cert", "{certs}/www.pem")
S_KEY = ("-key", "{certs}/www.key")


def one(klass: str, cause: str, name: str = SITE) -> tuple[Row, ...]:
    return (Row(klass, cause, name),)


MORE = (
    Scenario(
        "curl-no-response-for-a-minute",
        one("http-failure", "http-no-response-stalled"),
        "a request, and nothing; tcpdump ends after 62 s, while curl still waits",
        (curl("http://www.lab.example/file.txt", 64),),
        servers=(("silent", 80),),
        capture=Capture(stop=62),
    ),
    Scenario(
        "curl-429",
        one("http-failure", "http-status-429"),
        "the server has had too many requests and names a time in Retry-After",
        (curl("http://www.lab.example/file.txt"),),
        servers=(("http_too_many", 80),),
    ),
    Scenario(
        "curl-401-then-password",
        one("http-failure", "http-status-401") + FINE,
        "`curl --anyauth` asks without a password, is told to name itself (401), and does",
        (curl("http://www.lab.example/file.txt", 4, "--anyauth", "-u", "me:lab"),),
        servers=(("http_asks_password", 80),),
    ),
    Scenario(
        "curl-redirect",
        FINE * 2,
        "301, and the page it leads to, on one connection",
        (curl("http://www.lab.example/former-place", 4, "-L"),),
        nginx=True,
    ),
    Scenario(
        "curl-until-close",
        FINE,
        "HTTP/1.0 without a length: the body ends with the connection",
        (curl("http://www.lab.example/file.txt"),),
        servers=(("http_until_close", 80),),
    ),
    Scenario(
        "curl-http2",
        FINE,
        "HTTP/2 inside TLS 1.3",
        (curl("https://www.lab.example:9443/file.txt", 4, "--http2"),),
        nginx=True,
    ),
    Scenario(
        "curl-http2-client-gave-up",
        one("http-failure", "tls-opaque-client-gave-up"),
        "HTTP/2 inside TLS 1.3: SETTINGS go both ways, the answer never comes, curl closes after 4 s",
        (curl("https://www.lab.example:9443/never", 4, "--http2"),),
        servers=(("silent", 81),),
        nginx=True,
    ),
    Scenario(
        "curl-no-common-protocol",
        one("tls-failure", "tls-alert-no-application-protocol"),
        "`openssl s_server` speaks another application protocol only (ALPN)",
        (curl("https://www.lab.example/"),),
        commands=((*S_SERVER, *S_KEY, "-alpn", "other"),),
    ),
    Scenario(
        "curl-client-certificate-wanted",
        one("tls-failure", "tls-alert-handshake-failure"),
        "TLS 1.2: `openssl s_server` insists on a client certificate and curl has none",
        (curl("https://www.lab.example/"),),
        commands=((*S_SERVER, *S_KEY, "-Verify", "1", "-tls1_2"),),
    ),
    Scenario(
        "python-certificate-for-another-name",
        one("tls-failure", "tls-alert-bad-certificate", "wrong.lab.example"),
        "the certificate names another host; Python's ssl (OpenSSL) calls it bad_certificate",
        (python("fetch", "https://wrong.lab.example/file.txt", "{ca}"),),
        nginx=True,
    ),
    Scenario(
        "curl-response-pmtu-hole",
        one("http-failure", "http-response-stalled"),
        "a path MTU black hole towards the client in plain HTTP: only the end of the response passes; curl closes "
        "after 12 s",
        (curl("http://www.lab.example/pages.txt", 12),),
        nginx=True,
        faults=("router forward tcp sport 80 meta length > 1000 drop",),
        segment=("server",),
    ),
)
