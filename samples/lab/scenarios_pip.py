"""Scenarios with pip as the client, from an index that is a folder of nginx or stands behind a bad server."""

from __future__ import annotations

from lab.clients import shell
from lab.model import Row, Scenario
from lab.scenarios_http import PIP

SITE = "www.lab.example"


def pip(index: str, retries: int = 0, package: str = "labpkg", options: str = "") -> tuple[str, ...]:
    trust = "" if index.startswith("https") else "--trusted-host www.lab.example"
    return shell(
        f"{PIP} --retries {retries} --resume-retries 0 --timeout 2 -d {{work}}/wheels "
        f"--index-url {index}/simple {trust} {options} {package}"
    )


def ok(number: int) -> tuple[Row, ...]:
    return (Row("ok", "", SITE),) * number


def failed(klass: str, cause: str, name: str = SITE) -> tuple[Row, ...]:
    return (Row(klass, cause, name),)


FRONT = "http://www.lab.example:8080"

PIP_SCENARIOS = (
    Scenario(
        "pip-index-404",
        failed("http-failure", "http-status-404"),
        "the index has no such package",
        (pip("http://www.lab.example", package="nothing"),),
        nginx=True,
    ),
    Scenario(
        "pip-503-then-works",
        failed("http-failure", "http-status-503") * 2 + ok(2),
        "the index answers 503 twice; pip waits, and its third try and the wheel are fine",
        (pip(FRONT, 5),),
        servers=(("front_503_twice", 8080),),
        nginx=True,
    ),
    Scenario(
        "pip-wheel-truncated",
        ok(1) + failed("http-failure", "http-response-truncated"),
        "the wheel stops at two thirds of its Content-Length",
        (pip(FRONT),),
        servers=(("front_cuts_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "pip-read-timeout",
        ok(1) + failed("http-failure", "http-client-closed-no-response"),
        "the wheel never comes; pip's timeout, here 2 s, ends it",
        (pip(FRONT),),
        servers=(("front_withholds_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "pip-unknown-ca",
        failed("tls-failure", "tls-alert-unknown-ca"),
        "an https index whose CA pip does not know",
        (pip("https://www.lab.example", options="--use-deprecated legacy-certs"),),
        nginx=True,
    ),
    Scenario(
        "pip-refused",
        failed("rst", "rst-refused", "") * 3,
        "no index listens; pip tries three times",
        (pip(FRONT, 2),),
    ),
)
