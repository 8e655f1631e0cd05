"""SARIF 2.1.0: a rule for each cause, with its documentation, and a result for each kind of failure.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Limits are those of GitHub's code scanning
(docs.github.com, "SARIF results exceed limits"): 20 runs a file, of which this is one; 5,000 results are shown;
10 MB compressed.
"""

from __future__ import annotations

# not compiled: writes once a command
import json
from typing import TYPE_CHECKING, TextIO
from urllib.parse import quote

from analyzer.output.ci.problem import relative
from analyzer.output.signatures import sections
from analyzer.output.words import rfc3339
from analyzer.text import cut, safe
from analyzer.verdict.catalog import Signature, signature
from analyzer.version import version

if TYPE_CHECKING:
    from analyzer.output.ci.gathered import Gathered
    from analyzer.output.ci.problem import Problem

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RESULTS = 5_000
MAX_BYTES = 9_000_000
"""Of all results, before compression, which only makes them smaller; rules need less than 1 MB more."""
MAX_MESSAGE = 1_000
"""Columns of a sentence."""


def write(out: TextIO, gathered: Gathered) -> None:
    """Write the file."""
    failures = gathered.failures()
    rules: dict[str, int] = {}
    results: list[str] = []
    size = 0
    for problem in failures[:MAX_RESULTS]:
        rule = rules.setdefault(_rule_id(problem), len(rules))
        results.append(json.dumps(_result(problem, rule), ensure_ascii=False))
        size += len(results[-1].encode())
        if size > MAX_BYTES:
            results.pop()
            break
    run = {
        "tool": {"driver": _driver(list(rules))},
        "invocations": [_invocation(gathered, len(failures) - len(results))],
        "columnKind": "unicodeCodePoints",
        "results": [],
    }
    log = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False)
    out.write(log.removesuffix("]}]}") + ",".join(f"\n{result}" for result in results) + "\n]}]}\n")


def _rule_id(problem: Problem) -> str:
    """The cause; without documentation, and that is an unknown member of a family, its class."""
    return problem.cause if signature(problem.cause) is not None else problem.klass


def _driver(rules: list[str]) -> dict[str, object]:
    return {
        "name": "whyfetch",
        "version": version(),
        "rules": [_rule(name, signature(name)) for name in rules],
    }


def _rule(name: str, unit: Signature | None) -> dict[str, object]:
    """The documentation of a cause, as `whyfetch signatures` has it."""
    if unit is None:
        return {"id": name, "shortDescription": {"text": name}, "defaultConfiguration": {"level": "error"}}
    said = sections(unit)
    text = "\n".join(f"{label}: {words}" for label, words in said)
    markdown = "\n".join(f"- **{label}**: {_code(label, words)}" for label, words in said)
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": unit.rule.sentence},
        "fullDescription": {"text": f"{unit.rule.sentence} {unit.rule.wire[:1].upper()}{unit.rule.wire[1:]}".strip()},
        "help": {"text": text, "markdown": f"{unit.rule.sentence}\n\n{markdown}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["network", unit.klass], "problem.severity": "error"},
    }


def _code(label: str, text: str) -> str:
    return f"`{text}`" if label == "Wireshark" else text


def _result(problem: Problem, rule: int) -> dict[str, object]:
    """One kind of failure, with an example."""
    message = _escaped(cut(f"{problem.title}: {problem.text('summary')}", MAX_MESSAGE))
    location = {"artifactLocation": {"uri": uri(problem.text("file"))}, "region": {"startLine": 1}}
    result: dict[str, object] = {
        "ruleId": _rule_id(problem),
        "ruleIndex": rule,
        "level": "warning" if problem.mended == problem.count else "error",
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"primaryLocationLineHash": problem.fingerprint, "whyfetch/v1": problem.fingerprint},
        "occurrenceCount": problem.count,
        "properties": _properties(problem),
    }
    if problem.state:
        result["baselineState"] = "new" if problem.state == "new" else "unchanged"
    return result


def _properties(problem: Problem) -> dict[str, object]:
    """What else is known, for those who read the file themselves."""
    return {
        "first": rfc3339(problem.first),
        "last": rfc3339(problem.last),
        "cost_s": round(problem.cost / 1e9, 6),
        "mended": problem.mended,
        **{column: problem.text(column) for column in ("confidence", "blame", "evidence", "wireshark_filter")},
        "show": problem.show(),
    }


def _invocation(gathered: Gathered, left_out: int) -> dict[str, object]:
    """How the reading went: what was there, what was left out, what is no more."""
    said = [("note", gathered.headline())]
    said += [("note", f"incomplete: {problem.title}") for problem in gathered.incomplete()[:MAX_NOTES]]
    said += [("note", f"fixed: {failure}") for failure in gathered.fixed()[:MAX_NOTES]]
    if left_out:
        said.append(("warning", f"{left_out:,} kinds of failures more: GitHub shows {MAX_RESULTS:,}"))
    if gathered.beyond:
        said.append(("warning", f"{gathered.beyond:,} fetches more that did not go well, for which there was no room"))
    said += [("warning", text) for text in gathered.summary.warnings[:MAX_NOTES]]
    notes = [{"level": level, "message": {"text": _escaped(safe(text))}} for level, text in said]
    return {"executionSuccessful": not gathered.summary.damaged, "toolExecutionNotifications": notes}


MAX_NOTES = 100
"""Of each kind."""


def uri(name: str) -> str:
    """The name of a capture as a URI reference (RFC 3986 4.2): relative to where the command ran, which is where GitHub
    has the repository. A colon in a first part would be a scheme."""
    name = relative(name)
    return ("file://" if name.startswith("/") else "") + quote(name)


def _escaped(text: str) -> str:
    """Text in which nothing is a link or a placeholder (SARIF 3.11.5, 3.11.6)."""
    for character in "\\[]":
        text = text.replace(character, f"\\{character}")
    return text.replace("{", "{{").replace("}", "}}")
