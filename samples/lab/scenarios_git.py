"""Scenarios with git as the client, over HTTP: the smart protocol, the dumb one, and what may go wrong."""

from __future__ import annotations

from lab.clients import shell
from lab.model import Row, Scenario

SITE = "www.lab.example"
GIT_ENV = (
    "HOME={work} GIT_SSL_CAINFO={ca} GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0 "
    "GIT_COMMITTER_NAME=Lab GIT_COMMITTER_EMAIL=lab@lab.example"  # else git asks DNS for this host's own name
)


def git(arguments: str, seconds: int = 20) -> tuple[str, ...]:
    return shell(f"{GIT_ENV} timeout {seconds} git {arguments}")


def one(klass: str, cause: str = "", name: str = SITE) -> tuple[Row, ...]:
    return (Row(klass, cause, name),)


GIT = (
    Scenario(
        "git-clone-smart",
        one("ok") * 3,
        "`git clone`, protocol 2, from `git http-backend`: capabilities, refs and the pack on one connection",
        (git("clone -q http://www.lab.example/git/hello.git {work}/clone"),),
        servers=(("git_smart", 80),),
    ),
    Scenario(
        "git-ls-remote-https",
        one("ok"),
        "`git ls-remote` of a repository that nginx serves as files, in TLS",
        (git("ls-remote https://www.lab.example/git/hello.git"),),
        nginx=True,
    ),
    Scenario(
        "git-403",
        one("http-failure", "http-status-403"),
        "`git ls-remote` of a repository that is forbidden",
        (git("ls-remote http://www.lab.example/denied/hello.git"),),
        nginx=True,
    ),
    Scenario(
        "git-401",
        one("http-failure", "http-status-401"),
        "`git ls-remote` of a repository that wants a password, and nobody there to type it",
        (git("ls-remote http://www.lab.example/git/hello.git"),),
        servers=(("http_asks_password", 80),),
    ),
    Scenario(
        "git-refused",
        one("rst", "rst-refused", ""),
        "nothing listens",
        (git("ls-remote http://www.lab.example:8080/git/hello.git"),),
    ),
    Scenario(
        "git-reset-after-clienthello",
        one("rst", "rst-after-clienthello"),
        "the server reads the ClientHello and resets",
        (git("ls-remote https://www.lab.example/git/hello.git"),),
        servers=(("rst_after_first_bytes", 443),),
    ),
    Scenario(
        "git-tls-garbage",
        one("tls-failure", "tls-garbage"),
        "the server answers the ClientHello with bytes that are neither TLS nor text",
        (git("ls-remote https://www.lab.example/git/hello.git"),),
        servers=(("binary_reply", 443),),
    ),
    Scenario(
        "git-empty-reply",
        one("http-failure", "http-no-response-server-closed"),
        "the server reads the request and closes: `Empty reply from server`",
        (git("ls-remote http://www.lab.example/git/hello.git"),),
        servers=(("fin_after_first_bytes", 80),),
    ),
    Scenario(
        "git-killed-while-waiting",
        one("http-failure", "http-client-closed-no-response"),
        "the server never answers; git waits without a limit of its own and is killed after 3 s",
        (git("ls-remote http://www.lab.example/git/hello.git", 3),),
        servers=(("silent", 80),),
    ),
)
