"""What is told of TLS from outside, held against what its keys show: `make truth` writes TRUTH.md.

Every connection that has keys is read twice, without and with them: the TLS twins of all plain cases and samples
(tests/support/twins.py makes them, in TLS 1.3 and 1.2), and the samples that bring their keys.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.examples import CASES, KEYED, SAMPLE_NAMES, SAMPLES, sample  # noqa: E402
from support.incomplete import compiled  # noqa: E402
from support.tls_twins import SUITES  # noqa: E402
from support.twin_rows import fetches  # noqa: E402
from support.twins import NoTwin, twin  # noqa: E402

from analyzer.api import Reading  # noqa: E402
from analyzer.fetch.model import Fetch  # noqa: E402

SHOWN = 4
TRIED = ("tls13-aes256-gcm", "tls12-aes128-gcm")
Pair = tuple[str, Fetch, Fetch]
"""The name of a capture, and the last fetch of a connection: without keys, and with them."""


def pairs() -> Iterator[Pair]:
    """All connections of which keys opened what they carry."""
    for name in [*CASES, *(name for name in SAMPLE_NAMES if (SAMPLES / name).is_file() and name not in KEYED)]:
        capture = compiled(CASES[name]) if name in CASES else sample(name)
        found = fetches(capture) if capture.frames else []
        for suite in TRIED:
            try:
                inside, key_log = twin(capture, found, SUITES[suite])
            except NoTwin:
                break
            yield from together(f"{name} {suite}", fetches(inside), fetches(inside, key_log))
    for name in sorted(KEYED):
        path = str(SAMPLES / name)
        yield from together(name, list(Reading(path, kinds=True, sealed=True)), list(Reading(path, kinds=True)))


def together(name: str, without: list[Fetch], with_keys: list[Fetch]) -> Iterator[Pair]:
    """The last fetches of the same connections."""
    outside = {fetch.connection.stream: fetch for fetch in without if fetch.resolution is None}
    inside = {fetch.connection.stream: fetch for fetch in with_keys if fetch.resolution is None}
    for stream, fetch in inside.items():
        if fetch.flow.decrypted == "heads" and stream in outside:
            yield name, outside[stream], fetch


def told(fetch: Fetch) -> dict[str, bool | None]:
    """What the rules from outside say of a connection, None = they do not say."""
    opaque, done = fetch.opaque, fetch.completion
    return {
        "the handshake was completed": None if done is None else done.state == "complete",
        "there was a request": None if opaque is None or opaque.request == MAYBE else opaque.request > 0,
        "there was an answer": None if opaque is None or opaque.unseen else bool(opaque.response),
    }


MAYBE = 2
"""Too little for a request (analyzer.layer.tls.opaque)."""


def true(fetch: Fetch) -> dict[str, bool]:
    """The same, known."""
    exchange = fetch.exchange
    return {
        "the handshake was completed": True,
        "there was a request": exchange is not None,
        "there was an answer": exchange is not None and bool(exchange.response_packet),
    }


def report(found: list[Pair]) -> Iterator[str]:
    """The page."""
    yield "# Truth against guess\n"
    yield "Written by `make truth`: what is told of TLS connections without keys, and what their keys show."
    yield "A share counts what was said.\n"
    yield f"{datetime.now(UTC):%Y-%m-%d}, {len(found)} connections: twins of plain captures, and samples with keys.\n"
    yield "| rule | said | right | not said | wrong in |\n|---|--:|--:|--:|---|"
    for rule in told(found[0][1]):
        said = [(name, told(outside)[rule], true(inside)[rule]) for name, outside, inside in found]
        clear = [one for one in said if one[1] is not None]
        wrong = [name for name, guess, truth in clear if guess != truth]
        shown = ", ".join(sorted(set(wrong))[:SHOWN])
        share = 1 - len(wrong) / max(1, len(clear))
        yield f"| {rule} | {len(clear)} | {share:.1%} | {len(said) - len(clear)} | {shown} |"
    yield "\n## Verdicts\n\nClass and confidence without keys, and the class with them.\n"
    yield "| without keys | with keys |\n|---|---|"
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, outside, inside in found:
        table[f"{outside.verdict.klass} {outside.verdict.confidence}"][inside.verdict.klass] += 1
    for key in sorted(table):
        yield f"| {key} | {', '.join(f'{count} {klass}' for klass, count in table[key].most_common())} |"
    yield "\n## Causes said with high confidence that the keys contradict\n"
    for name, outside, inside in found:
        guess, truth = outside.verdict, inside.verdict
        if guess.confidence == "high" and guess.klass not in ("ok", "incomplete", truth.klass):
            yield f"- {name}: {guess.klass}/{guess.cause}, with keys {truth.klass}/{truth.cause}"


def main() -> None:
    """Write the page."""
    text = "\n".join(report(list(pairs()))) + "\n"
    (ROOT / "benchmarks" / "TRUTH.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
