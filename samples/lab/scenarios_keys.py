"""What TLS carries, with keys in the file: twins of failures that there are over plain HTTP, and what only TLS has."""

from __future__ import annotations

from collections.abc import Iterator

from lab.clients import curl, go, node, python, shell
from lab.model import Capture, Row, Scenario
from lab.scenarios_go import GO
from lab.scenarios_h2c import H2C
from lab.scenarios_http import HTTP
from lab.twins import twin

SITE = "www.lab.example"
URL = f"https://{SITE}"
KEYED, BY_SERVER = Capture(form="keys.pcapng"), Capture(form="keys.pcapng", keys="server")
TWINS = (
    ("curl-404", "tls13", "client"),
    ("curl-404", "tls12", "client"),
    ("curl-404", "http2", "client"),
    ("go-502", "tls13", "client"),
    ("wget-504", "tls13", "client"),
    ("curl-body-stalled", "tls13", "client"),
    ("go-zip-truncated", "tls13", "server"),
    ("go-h2c-refused-stream-then-works", "http2", "server"),
    ("go-h2c-server-resets", "http2", "client"),
)
S_CLIENT = (
    f"openssl s_client -connect {SITE}:7443 -servername {SITE} -CAfile {{ca}} -ign_eof -keylogfile {{work}}/client-keys"
)
ASK = r"printf 'GET %s HTTP/1.1\r\nHost: www.lab.example\r\nConnection: close\r\n\r\n'"
WANTS_CERTIFICATE = (
    *("openssl", "s_server", "-accept", "443", "-www", "-quiet", "-Verify", "1", "-verify_return_error"),
    *("-cert", "{certs}/www.pem", "-key", "{certs}/www.key"),
)


def bad(cause: str, klass: str = "http-failure") -> tuple[Row, ...]:
    return (Row(klass, cause, SITE),)


def twins() -> Iterator[Scenario]:
    plain = {one.name: one for one in (*HTTP, *GO, *H2C)}
    for name, inside, keys in TWINS:
        yield twin(plain[name], inside, keys)


KEYS = (
    *twins(),
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
    Scenario(
        "java-401-inside-tls13",
        bad("http-status-401"),
        "Java writes no key log: the keys are those of the server, an SSLContext of Python with keylog_filename",
        (("java", "{lab}/Jsse.java", "fetch", f"{URL}/file.txt", "{ca}"),),
        servers=(("http_asks_password", 443),),
        tls="TLSv1.3",
        capture=BY_SERVER,
    ),
    Scenario(
        "openssl-404-inside-early-data",
        (Row("ok", "", SITE), *bad("http-status-404")),
        "a session is resumed with the request as early data (0-RTT); nginx takes it and has no such file",
        (
            shell(f"{ASK} /file.txt | {S_CLIENT} -sess_out {{work}}/session"),
            shell(f"{ASK} /missing > {{work}}/early; {S_CLIENT} -sess_in {{work}}/session -early_data {{work}}/early"),
        ),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-truncated-inside-new-keys",
        bad("http-response-truncated"),
        "`openssl s_server` changes its keys twice within a body (KeyUpdate), and closes in good order before its end",
        (curl(f"{URL}/file.txt"),),
        commands=(("{python}", "-m", "lab.rekeying", "443"),),
        capture=BY_SERVER,
    ),
    Scenario(
        "curl-404-inside-cbc",
        bad("http-status-404"),
        "TLS 1.2 with AES in CBC mode, its MAC behind the encryption (RFC 7366)",
        (curl(f"{URL}/missing", 4, "--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-SHA"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-404-inside-a-resumed-session",
        (Row("ok", "", SITE), *bad("http-status-404")),
        "TLS 1.2: the second connection resumes the session of the first",
        (curl(f"{URL}:8443/missing", 4, "-H", "Connection: close", f"{URL}:8443/file.txt"),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-404-inside-tls-inside-a-proxy",
        bad("http-status-404"),
        "a CONNECT proxy says 200, and nginx behind it has no such file",
        (curl(f"{URL}/missing", 4, "-x", "http://proxy.lab.example:3128"),),
        servers=(("proxy_connects", 3128),),
        nginx=True,
        capture=KEYED,
    ),
    Scenario(
        "curl-no-client-certificate-with-keys",
        bad("tls-alert-certificate-required", "tls-failure"),
        "`openssl s_server` insists on a client certificate, curl has none; in TLS 1.3 the alert is encrypted",
        (curl(f"{URL}/"),),
        commands=(WANTS_CERTIFICATE,),
        capture=KEYED,
    ),
)
