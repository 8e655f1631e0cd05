"""Sentences of the page: what happened in how many fetches, for what reason, and what the capture could not show."""

from __future__ import annotations

# not compiled: once a page
import re
from collections import Counter
from collections.abc import Iterator

from analyzer.text import plural
from analyzer.verdict.catalog import signature
from analyzer.verdict.facts import span

MISSING = {
    "head": "the capture begins after the connection did",
    "tail": "the capture ends before the fetch did",
    "direction": "the capture shows one direction only",
    "bytes": "the capture lacks packets in the middle",
    "snaplen": "packets were cut when they were captured (snap length)",
}
"""Why a fetch could not be judged -> a clause."""
FLAGS = {
    "packets-dropped": "the capture dropped packets while {} went on, so that {} less sure",
    "possible-one-way-capture": "of {} only the client's packets were captured, as if answers took another way, so "
    "that {} less sure",
    "evicted": "{} had to be judged early, because too much was open at once: {} less sure",
}
"""Flag of a row -> what it means for the reader."""
SIDES = {"client": "the client", "server": "the server", "network": "the network between them"}
FAMILIES = (
    (re.compile(r"http-status-([0-9]{3})"), "The server answers with status {}"),
    (re.compile(r"http-proxy-connect-([0-9]{3})"), "The proxy answers CONNECT with status {}"),
    (re.compile(r"http2-rst-stream-(.+)"), "The server ends one stream with the error {}"),
    (re.compile(r"http2-goaway-(.+)"), "The server sends GOAWAY {}, and leaves requests behind"),
    (re.compile(r"tls-alert-(?!encrypted)(.+)"), "One side ends the TLS handshake with the alert {}"),
)
"""Causes of which one signature has many members: the member says more than the family."""
STATUSES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 407: "Proxy Authentication Required",
    408: "Request Timeout", 410: "Gone", 413: "Content Too Large", 421: "Misdirected Request", 429: "Too Many Requests",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
"""RFC 9110 15, RFC 6585; the server's own words may be any."""


def reason(klass: str, cause: str, missing: str = "") -> str:
    """Why, in a sentence that holds for all fetches with this verdict; without a point at its end."""
    for pattern, text in FAMILIES:
        found = pattern.fullmatch(cause)
        if found:
            return text.format(_member(found[1], cause))
    unit = signature(cause) if cause else None
    if unit is not None and unit.rule.sentence:
        return unit.rule.sentence.rstrip(".")
    if klass == "incomplete":
        known = MISSING.get(missing, "the capture does not show enough")
        return f"Cannot be judged: {known}"
    return cause or klass


def _member(word: str, cause: str) -> str:
    """A status with its phrase, an error's name as its specification writes it."""
    if word.isdigit():
        return f"{word} ({STATUSES[int(word)]})" if int(word) in STATUSES else word
    name = word.replace("-", "_")
    return name.upper() if cause.startswith("http2") else name


def headline(fetches: int, failed: int, judged: int) -> str:
    """How many fetches failed; judged: those that are not `incomplete`."""
    if not fetches:
        return "No fetch in this capture"
    if failed == fetches:
        return {1: "The one fetch in this capture failed", 2: "Both fetches failed"}.get(
            failed, f"All {failed:,} fetches failed"
        )
    if failed:
        return f"{failed:,} of {plural(fetches, 'fetch', 'fetches')} failed"
    if not judged:
        return f"None of {plural(fetches, 'fetch', 'fetches')} can be judged"
    if judged < fetches:
        return f"No fetch failed for certain; {fetches - judged:,} of {fetches:,} cannot be judged"
    return "The one fetch in this capture went well" if fetches == 1 else f"All {fetches:,} fetches went well"


def limits(flags: Counter[str], missing: Counter[str]) -> Iterator[str]:
    """What the capture could not show, a sentence for each kind, the most frequent first."""
    for word, number in flags.most_common():
        if word in FLAGS:
            fetches = plural(number, "fetch", "fetches")
            verdicts = "its verdict is" if number == 1 else "their verdicts are"
            yield _sentence(FLAGS[word].format(fetches, verdicts))
    for word, number in missing.most_common():
        fetches = plural(number, "fetch", "fetches")
        yield _sentence(f"{fetches} cannot be judged: {MISSING.get(word, 'too little of it was captured')}")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def lowered(text: str) -> str:
    """The text in the middle of a sentence; words in capitals stay."""
    first = text.split(" ", 1)[0]
    return text if first[1:] != first[1:].lower() else text[:1].lower() + text[1:]


def lasting(seconds: float) -> str:
    """A duration as people say it: `0.3 ms`, `2.1 s`, `41 s`, `4 min 5 s`, `4 h 39 min`, `3 days`."""
    if seconds < 10:
        return span(int(seconds * 1e9))
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min" if whole < 172_800 else f"{whole // 86_400:,} days"
