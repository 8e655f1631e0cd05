"""Scenarios in which the request phase is reached and no good response comes, in the clear and inside TLS."""

from __future__ import annotations

from lab.clients import curl, go, python, shell, wget
from lab.model import Row, Scenario

SITE = "www.lab.example"
PIP = "{python} -m lab.clients pip --isolated download -q --no-deps --no-cache-dir --disable-pip-version-check"
INDEX = "--retries 0 -d {work}/wheels --index-url http://www.lab.example/simple --trusted-host www.lab.example"
NONE, MIRROR = "http://www.lab.example/none", "http://mirror.lab.example/go"
GO_ENV = "HOME={work} GOPATH={work}/gopath GOFLAGS=-modcacherw GOSUMDB=off GO111MODULE=on"


def http(cause: str, name: str = SITE) -> tuple[Row, ...]:
    return (Row("http-failure", cause, name),)


HTTP = (
    Scenario(
        "curl-404",
        http("http-status-404"),
        "nginx has no such file",
        (curl("http://www.lab.example/missing"),),
        nginx=True,
    ),
    Scenario(
        "go-502",
        http("http-status-502"),
        "nothing listens where nginx's upstream should",
        (go("http://www.lab.example/dead"),),
        nginx=True,
    ),
    Scenario(
        "wget-504",
        http("http-status-504"),
        "nginx's upstream is silent, proxy_read_timeout is 1 s",
        (wget("http://www.lab.example/late"),),
        servers=(("silent", 81),),
        nginx=True,
    ),
    Scenario(
        "curl-413-to-expect",
        http("http-status-413"),
        "an upload asks with Expect: 100-continue and is refused by its Content-Length; the body is never sent",
        (curl("http://www.lab.example/", 4, "-H", "Expect: 100-continue", "-d", "x" * 5000),),
        nginx=True,
    ),
    Scenario(
        "curl-http-to-https-port",
        http("http-plain-on-tls-port", SITE),
        "plain HTTP to a TLS port of nginx",
        (curl("http://www.lab.example:443/"),),
        nginx=True,
    ),
    Scenario(
        "curl-client-gave-up",
        http("http-client-closed-no-response"),
        "the server reads the request and says nothing; curl closes after 4 s (nginx would log 499)",
        (curl("http://www.lab.example/file.txt"),),
        servers=(("silent", 80),),
    ),
    Scenario(
        "python-closed-without-response",
        http("http-no-response-server-closed"),
        "nginx `return 444`: FIN without a byte",
        (python("fetch", "http://www.lab.example/nothing", "{ca}"),),
        nginx=True,
    ),
    Scenario(
        "curl-truncated",
        http("http-response-truncated"),
        "Content-Length 1024, the server closes with FIN long before",
        (curl("http://www.lab.example/file.txt"),),
        servers=(("http_truncated", 80),),
    ),
    Scenario(
        "go-chunked-truncated",
        http("http-response-truncated"),
        "a chunked body ends by FIN without its last chunk",
        (go("http://www.lab.example/file.txt"),),
        servers=(("http_chunked_truncated", 80),),
    ),
    Scenario(
        "curl-body-stalled",
        http("http-response-stalled"),
        "half the body, then nothing; curl closes after 10.8 s",
        (curl("http://www.lab.example/file.txt", 10.8),),
        servers=(("http_half_then_silent", 80),),
    ),
    Scenario(
        "curl-client-aborts-response",
        http("http-client-abort-response"),
        "the body drips, a piece every 0.2 s; curl closes in the middle after 1.5 s",
        (curl("http://www.lab.example/file.txt", 1.5),),
        servers=(("http_drip", 80),),
    ),
    Scenario(
        "python-client-aborts-request",
        http("http-client-abort-request"),
        "the client announces 10,000 bytes, sends 3,000 and closes",
        (python("half_upload", "80"),),
        servers=(("silent", 80),),
    ),
    Scenario(
        "curl-request-lost",
        http("http-request-unacked"),
        "the router drops the client's packets over 100 bytes; the request is repeated and never acknowledged",
        (curl("http://www.lab.example/a-path-that-makes-the-request-longer-than-the-rule"),),
        nginx=True,
        faults=("router forward tcp dport 80 meta length > 100 drop",),
    ),
    Scenario(
        "python-keepalive-race",
        (Row("ok", "", SITE), Row("http-failure", "http-keepalive-race", SITE)),
        "the server closes the idle connection after 1 s, http.client uses it again after 2 s and meets a RST",
        (python("two_requests", "80", "2"),),
        servers=(("http_ok_then_fin", 80),),
    ),
    Scenario(
        "curl-garbage-response",
        http("http-garbage-response", SITE),
        "HTTP to a POP3 server",
        (curl("http://www.lab.example:110/"),),
        servers=(("http_banner", 110),),
    ),
    Scenario(
        "curl-proxy-forbids",
        http("http-proxy-connect-403"),
        "the proxy answers CONNECT with 403",
        (curl("https://www.lab.example/", 4, "-x", "http://proxy.lab.example:3128"),),
        servers=(("proxy_forbids", 3128),),
    ),
    Scenario(
        "curl-proxy-silent",
        http("http-proxy-connect-no-reply"),
        "the proxy reads CONNECT and says nothing; curl closes after 4 s",
        (curl("https://www.lab.example/", 4, "-x", "http://proxy.lab.example:3128"),),
        servers=(("silent", 3128),),
    ),
    Scenario(
        "curl-https-client-gave-up",
        http("tls-opaque-client-gave-up"),
        "TLS 1.3 complete, request sent, no answer; curl closes after 4 s",
        (curl("https://www.lab.example/file.txt"),),
        servers=(("https_silent", 443),),
    ),
    Scenario(
        "curl-https-499-at-nginx",
        http("tls-opaque-client-gave-up"),
        "nginx's upstream never answers; curl says close_notify and FIN after 4 s, nginx answers RST and logs 499",
        (curl("https://www.lab.example/never"),),
        servers=(("silent", 81),),
        nginx=True,
    ),
    Scenario(
        "go-https-closed-without-response",
        http("tls-opaque-no-response-server-closed"),
        "TLS 1.3 complete, request read, FIN without a byte of response",
        (go("https://www.lab.example/file.txt"),),
        servers=(("https_fin", 443),),
    ),
    Scenario(
        "curl-https-cut",
        http("tls-opaque-cut"),
        "half of the record that holds the response, then FIN",
        (curl("https://www.lab.example/file.txt"),),
        servers=(("https_cut", 443),),
    ),
    Scenario(
        "go-mod-download-zip-503",
        (Row("ok", "", SITE), Row("ok", "", SITE), Row("http-failure", "http-status-503", SITE)),
        "`go mod download` from a module proxy that has .info and .mod and answers 503 for .zip, on one connection",
        (shell(f"{GO_ENV} GOPROXY=http://www.lab.example/broken go mod download lab.example/hello@v1.0.0"),),
        nginx=True,
    ),
    Scenario(
        "go-mod-download-second-proxy",
        (Row("http-failure", "http-status-404", SITE), Row("ok", "", "mirror.lab.example")) * 3,
        "GOPROXY lists two proxies; the first has nothing, so `go` asks the second for each of .info, .mod and .zip",
        (shell(f"{GO_ENV} GOPROXY={NONE},{MIRROR} go mod download lab.example/hello@v1.0.0"),),
        nginx=True,
    ),
    Scenario(
        "git-404",
        http("http-status-404"),
        "`git ls-remote` of a repository that is not there",
        (("git", "ls-remote", "http://www.lab.example/repo.git"),),
        nginx=True,
    ),
    Scenario(
        "pip-download-403",
        (Row("ok", "", SITE), Row("http-failure", "http-status-403", SITE)),
        "`pip download`: the index page is fine, the wheel is forbidden",
        (shell(f"{PIP} {INDEX} forbidden"),),
        nginx=True,
    ),
)
