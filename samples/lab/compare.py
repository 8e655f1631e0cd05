"""Make the TLS twins of all scenarios that have one, and compare verdicts: `python -m lab.compare FOLDER`, as root."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import analyzer
from lab import make
from lab.model import NO_NEIGHBOURS, Scenario
from lab.scenarios import SCENARIOS
from lab.twins import PLACE, PORTS, twin

OTHERWISE = {
    "curl-h2c-upgrade": "inside TLS nobody upgrades to HTTP/2 (RFC 9113 3.2)",
    "curl-h2c-upgrade-404": "the same",
    "curl-h2c-upgrade-declined": "the same",
    "curl-h2c-to-a-server-of-http1": "ALPN settles it before",
    "curl-one-syn": "it blocks port 443, and fetches from port 80",
    "curl-no-response-for-a-minute": "whether a keep-alive is captured is a matter of milliseconds",
    "python-half-close": "Python's TLS has no half-close",
    "python-reset-on-accept": "behind the handshake, before a request, a reset ends no fetch",
    "python-challenge-ack-recovers": "it speaks to its socket itself",
    "python-challenge-ack-never-recovers": "the same",
}
"""Scenarios over plain HTTP that are something else inside TLS."""
SILENT = ("GOPROXY", "java")
"""Clients that write no key log."""


def plain(scenario: Scenario) -> bool:
    """Whether all that it says is plain HTTP, and the wire has no part in what goes wrong."""
    disturbed = scenario.resolv or scenario.faults or scenario.setup or scenario.relay or scenario.segment
    partly = scenario.capture.filter != NO_NEIGHBOURS or scenario.capture.options or scenario.capture.start
    if disturbed or partly or scenario.name in OTHERWISE or scenario.tls or scenario.capture.form == "rotated":
        return False
    words = [word for argv in scenario.clients for word in argv]
    asked = [found[2] or "80" for word in words for found in PLACE.finditer(word)]
    asked += [word for word in words if word in PORTS]
    return bool(asked) and set(asked) <= set(PORTS) and not any("npm" in word or "https:" in word for word in words)


def twins() -> Iterator[Scenario]:
    """Inside TLS 1.2 and 1.3, those of HTTP/2 with that; of clients without a key log where the server writes one."""
    for scenario in filter(plain, SCENARIOS):
        silent = any(name in word for argv in scenario.clients for word in argv for name in SILENT)
        own = {port for _, port in scenario.servers}
        if silent and not own & {80, 8080}:
            continue
        for inside in ("tls12", "tls13"):
            made = twin(scenario, inside, "server" if silent else "client")
            yield replace(made, capture=replace(made.capture, linger=0.6))


def differs(path: Path, scenario: Scenario) -> str:
    """The rows that it has, where they are not those of the plain scenario."""
    found = [(fetch.verdict.klass, fetch.verdict.cause) for fetch in analyzer.read(path)]
    return "" if found == [(row.klass, row.cause) for row in scenario.rows] else str(found)


def main(folder: str) -> int:
    made = list(twins())
    make.SAMPLES = Path(folder)
    make.SCENARIOS = tuple(made)
    make.SAMPLES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="whyfetch-lab-", ignore_cleanup_errors=True) as work:
        make.prepare(Path(work))
        with ThreadPoolExecutor(make.CELLS) as cells:
            problems = [text for text in cells.map(lambda one: make.attempt(one, Path(work)), made) if text]
    for scenario in made:
        path = make.SAMPLES / scenario.path
        if path.exists() and (found := differs(path, scenario)):
            problems.append(f"{scenario.path}: {found}")
    for text in problems:
        print(text, file=sys.stderr)
    print(f"{len(made)} twins, {len(problems)} that differ")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
