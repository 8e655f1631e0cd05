"""Scenarios with npm as the client, from a registry that is a folder of nginx or stands behind a bad server."""

from __future__ import annotations

from lab.clients import shell
from lab.model import Row, Scenario

SITE = "www.lab.example"
# Offline but for the registry; no words about this machine; retries after half a second instead of ten.
NPM_ENV = (
    "HOME={work} npm_config_cache={work}/npm npm_config_user_agent=npm npm_config_update_notifier=false "
    "npm_config_audit=false npm_config_fund=false npm_config_replace_registry_host=always npm_config_proxy= "
    "npm_config_fetch_retry_mintimeout=500 npm_config_fetch_retry_factor=1"
)


def npm(registry: str, retries: int = 0, package: str = "labpkg", options: str = "") -> tuple[str, ...]:
    """`npm install` asks for the package's document, then for its tarball."""
    settings = f"npm_config_registry={registry} npm_config_fetch_retries={retries} {options}"
    return shell(f"cd {{work}} && {NPM_ENV} {settings} npm install --silent --no-package-lock {package}")


def ok(number: int) -> tuple[Row, ...]:
    return (Row("ok", "", SITE),) * number


NPM = (
    Scenario(
        "npm-install",
        ok(2),
        "`npm install`: the package's document and the tarball",
        (npm("http://www.lab.example/npm/"),),
        nginx=True,
    ),
    Scenario(
        "npm-404",
        (Row("http-failure", "http-status-404", SITE),),
        "`npm install` of a package that the registry does not have; npm does not ask again",
        (npm("http://www.lab.example/npm/", 2, "nothing"),),
        nginx=True,
    ),
    Scenario(
        "npm-503-then-works",
        (*(Row("http-failure", "http-status-503", SITE),) * 2, *ok(2)),
        "the registry answers 503 twice; npm's third try, half a second after the second, and the tarball are fine",
        (npm("http://www.lab.example:8080/npm/", 2),),
        servers=(("front_503_twice", 8080),),
        nginx=True,
    ),
    Scenario(
        "npm-reset-then-works",
        (Row("rst", "rst-after-request", SITE), *ok(2)),
        "the registry resets the first connection upon its request; npm tries again half a second later",
        (npm("http://www.lab.example:8080/npm/", 2),),
        servers=(("front_reset_once", 8080),),
        nginx=True,
    ),
    Scenario(
        "npm-refused",
        (Row("rst", "rst-refused"),) * 3,
        "no registry listens; npm tries three times, half a second apart",
        (npm("http://www.lab.example:8080/npm/", 2),),
    ),
    Scenario(
        "npm-tarball-truncated",
        (*ok(1), Row("http-failure", "http-response-truncated", SITE)),
        "the tarball stops at two thirds of its Content-Length",
        (npm("http://www.lab.example:8080/npm/"),),
        servers=(("front_cuts_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "npm-socket-hang-up",
        (*ok(1), Row("http-failure", "http-no-response-server-closed", SITE)),
        "the server closes upon the request for the tarball: `socket hang up`",
        (npm("http://www.lab.example:8080/npm/"),),
        servers=(("front_hangs_up_on_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "npm-fetch-timeout",
        (*ok(1), Row("http-failure", "http-client-closed-no-response", SITE)),
        "the tarball never comes; npm's fetch-timeout, here 2 s, ends it",
        (npm("http://www.lab.example:8080/npm/", options="npm_config_fetch_timeout=2000"),),
        servers=(("front_withholds_archives", 8080),),
        nginx=True,
    ),
    Scenario(
        "npm-unknown-ca",
        (Row("tls-failure", "tls-client-fin", SITE),),
        "a registry whose CA npm does not know: Node closes without a word, and without its Finished",
        (npm("https://www.lab.example/npm/"),),
        nginx=True,
    ),
)
