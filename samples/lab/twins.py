"""The TLS twin of a scenario over plain HTTP: the same programs and the same failure, with keys in the file."""

from __future__ import annotations

import re
from dataclasses import replace

from lab.model import Argv, Scenario

PORTS = {"80": "443", "8080": "8444", "8082": "9443"}
"""Where a server is to be found inside TLS; whatever else listens (a proxy, nginx's upstream) stays as it is."""
VERSIONS = {"tls12": "TLSv1.2", "tls13": "TLSv1.3", "http2": "TLSv1.3"}
WORDS = {"tls12": "TLS 1.2", "tls13": "TLS 1.3", "http2": "TLS 1.3 with HTTP/2"}
PLACE = re.compile(r"http://([a-z.]+)(?::([0-9]+))?(?=[/ ]|$)")
RULE = re.compile(r"(?<=[ds]port )[0-9]+")
TRUST = tuple(f"{name}={{ca}}" for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "PIP_CERT"))
"""Where programs that are not told otherwise have their CA from: Go, Node, git, pip."""


def twin(plain: Scenario, inside: str, keys: str = "client") -> Scenario:
    """Inside `tls12`, `tls13` or `http2`, with the client's keys or the server's (`Capture.keys`)."""
    return replace(
        plain,
        name=f"{plain.name}-inside-{inside}",
        how=f"as {plain.name}, inside {WORDS[inside]}; the keys are the {keys}'s",
        clients=tuple(client(argv, inside) for argv in plain.clients),
        servers=tuple((behaviour, int(port(str(plain_port), inside))) for behaviour, plain_port in plain.servers),
        commands=tuple(tuple(port(word, inside) for word in argv) for argv in plain.commands),
        faults=tuple(RULE.sub(lambda found: port(found[0], inside), rule) for rule in plain.faults),
        tls=VERSIONS[inside],
        capture=replace(plain.capture, form="keys.pcapng", keys=keys),
    )


def port(word: str, inside: str) -> str:
    """Of a port or another word; nginx speaks HTTP/2 on a port of its own."""
    there = PORTS.get(word, word)
    return "9443" if inside == "http2" and there == "443" else there


def client(argv: Argv, inside: str) -> Argv:
    """Its command line."""
    if argv[1:3] == ("-m", "lab.clients"):
        words = tuple(port(url(word, inside), inside) for word in argv)
        return words if "{ca}" in words else (*words, "{ca}")
    speaks = {"--http2-prior-knowledge": "--http2", "--http1.1": "--http2" if inside == "http2" else "--http1.1"}
    return ("env", *TRUST, *(speaks.get(word, url(word, inside)) for word in argv))


def url(word: str, inside: str) -> str:
    """A word of a command line, in which a URL may stand."""
    return PLACE.sub(lambda found: place(found[0], found[1], found[2] or "80", inside), word)


def place(whole: str, host: str, plain_port: str, inside: str) -> str:
    """`https://HOST:PORT`, of `http://HOST:PORT`."""
    if plain_port not in PORTS:
        return whole
    there = port(plain_port, inside)
    return f"https://{host}" if there == "443" else f"https://{host}:{there}"
