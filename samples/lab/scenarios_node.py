"""Scenarios with Node (http, https and fetch) and Java as clients."""

from __future__ import annotations

from lab.clients import curl, node
from lab.model import Row, Scenario

SITE = "www.lab.example"
SSL2 = ("java", "-Dhttps.protocols=SSLv2Hello,TLSv1.2", "{lab}/Jsse.java", "fetch")


def one(klass: str, cause: str = "", name: str = SITE) -> tuple[Row, ...]:
    return (Row(klass, cause, name),)


NODE = (
    Scenario(
        "node-fetch",
        one("ok"),
        "Node's `fetch`",
        (node("fetch", "https://www.lab.example/file.txt"),),
        nginx=True,
    ),
    Scenario(
        "node-keep-alive",
        one("ok") * 2,
        "two requests of Node's `http` on one kept connection, 0.2 s apart",
        (node("twice", "http://www.lab.example/file.txt", 0.2),),
        nginx=True,
    ),
    Scenario(
        "node-unknown-ca",
        one("tls-failure", "tls-client-fin"),
        "Node without the lab's CA closes without a word, and without its Finished",
        (("node", "{lab}/client.cjs", "get", "https://www.lab.example/file.txt"),),
        nginx=True,
    ),
    Scenario(
        "node-reset-mid-response",
        one("rst", "rst-mid-response"),
        "a RST in the middle of the response: `aborted`, ECONNRESET",
        (node("get", "http://www.lab.example/file.txt"),),
        servers=(("http_half_then_rst", 80),),
    ),
    Scenario(
        "node-fetch-gave-up",
        one("http-failure", "http-client-closed-no-response"),
        "the server says nothing; `fetch` is aborted after 2 s",
        (node("fetch", "http://www.lab.example/file.txt", 2),),
        servers=(("silent", 80),),
    ),
    Scenario(
        "node-socket-hang-up",
        one("http-failure", "http-no-response-server-closed"),
        "the server reads the request and closes: `socket hang up`",
        (node("get", "http://www.lab.example/file.txt"),),
        servers=(("fin_after_first_bytes", 80),),
    ),
    Scenario(
        "node-tls-hangs-up",
        one("tls-failure", "tls-server-fin"),
        "the server reads the ClientHello and closes: `disconnected before secure TLS connection was established`",
        (node("get", "https://www.lab.example/"),),
        servers=(("fin_after_first_bytes", 443),),
    ),
    Scenario(
        "node-garbage-response",
        one("http-failure", "http-garbage-response"),
        "HTTP to a POP3 server: HPE_INVALID_CONSTANT",
        (node("get", "http://www.lab.example:110/"),),
        servers=(("http_banner", 110),),
    ),
    Scenario(
        "node-https-to-http-port",
        one("tls-failure", "tls-http-reply"),
        "https:// to a plain HTTP port of nginx: EPROTO",
        (node("get", "https://www.lab.example:80/file.txt"),),
        nginx=True,
    ),
    Scenario(
        "java-sslv2-hello",
        one("tls-failure", "tls-sslv2", ""),
        "Java, told to open with a hello in SSL 2.0 form; the server hangs up",
        ((*SSL2, "https://www.lab.example/"),),
        servers=(("fin_after_first_bytes", 443),),
    ),
    Scenario(
        "curl-http-to-java-tls-port",
        one("http-failure", "http-on-tls-server"),
        "plain HTTP to a TLS server of Java's, which answers with the alert unexpected_message",
        (curl("http://www.lab.example:443/file.txt"),),
        commands=(("java", "{lab}/Jsse.java", "serve", "443", "{certs}/www.p12"),),
    ),
)
