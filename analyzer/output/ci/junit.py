"""JUnit XML: a suite for each capture, a test for each place where fetches went well, and for each kind of failure.

There is no standard. What is written is valid for the schema of Ant's JUnitReport and for that of Jenkins (junit-10):
elements in the order of the first, attributes that both know.
"""

from __future__ import annotations

# not compiled: writes once a command
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO
from xml.etree import ElementTree as Xml

from analyzer.output.words import rfc3339
from analyzer.text import plural, safe
from analyzer.verdict.model import FAILURES

if TYPE_CHECKING:
    from analyzer.output.ci.gathered import Gathered
    from analyzer.output.ci.problem import Counted, Problem

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""The schema wants a time; a capture without a fetch has none."""


def write(out: TextIO, gathered: Gathered) -> None:
    """Write all suites."""
    problems: dict[str, list[Problem]] = {}
    for problem in [*gathered.failures(), *gathered.incomplete()]:
        problems.setdefault(problem.text("file"), []).append(problem)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
    for number, capture in enumerate(gathered.captures.values()):
        suite = _suite(number, capture, problems.get(capture.name, []), gathered)
        Xml.indent(suite)
        out.write(Xml.tostring(suite, encoding="unicode") + "\n")
    out.write("</testsuites>\n")


def _suite(number: int, capture: Counted, problems: list[Problem], gathered: Gathered) -> Xml.Element:
    """The suite of a capture; what is about all of them stands in the first."""
    suite = Xml.Element("testsuite", name=capture.name, package="whyfetch", id=str(number), hostname="localhost")
    begun = rfc3339(capture.first)[:19] if capture.fetches else NO_TIME.isoformat()[:19]
    suite.set("timestamp", begun)
    properties = Xml.SubElement(suite, "properties")
    for name in ("fetches", "ok", "failed"):
        Xml.SubElement(properties, "property", name=name, value=str(getattr(capture, name)))
    tests = [_test(problem) for problem in problems]
    tests += [_case("ok", place, spent) for place, spent in sorted(capture.places.items())]
    if not number:
        tests += [_case("fixed", failure) for failure in gathered.fixed()]
        if gathered.beyond:
            tests.append(_skipped("whyfetch", "more", f"{gathered.beyond:,} fetches more than there is room for"))
    if not tests:
        tests.append(_skipped("whyfetch", "fetches", capture.line() if number else gathered.headline()))
    suite.extend(tests)
    suite.set("tests", str(len(tests)))
    suite.set("failures", str(sum(test.find("failure") is not None for test in tests)))
    suite.set("errors", "0")
    suite.set("skipped", str(sum(test.find("skipped") is not None for test in tests)))
    suite.set("time", f"{sum(float(test.get('time', 0)) for test in tests):.3f}")
    lines = [capture.line(), *([] if number else gathered.summary.lines())]
    Xml.SubElement(suite, "system-out").text = _text(lines)
    Xml.SubElement(suite, "system-err").text = _text([] if number else gathered.summary.warnings)
    return suite


def _case(kind: str, name: str, nanoseconds: int = 0) -> Xml.Element:
    """A test; consumers take kind and name together for its identity from run to run: no count stands in them."""
    return Xml.Element("testcase", classname=kind, name=name, time=f"{nanoseconds / 1e9:.3f}")


def _test(problem: Problem) -> Xml.Element:
    """A kind of failure. One that the baseline knows is skipped, as is what cannot be told: neither fails the job."""
    test = _case(problem.verdict, f"{problem.place} ({problem.text('phase')})", problem.cost)
    message = f"{plural(problem.count, 'fetch', 'fetches')}: {problem.text('summary')}"
    if problem.klass not in FAILURES:
        Xml.SubElement(test, "skipped", message=message)
    elif problem.state == "known":
        Xml.SubElement(test, "skipped", message=f"known: {message}")
    else:
        Xml.SubElement(test, "failure", type=problem.verdict, message=message).text = _text(_body(problem))
    return test


def _body(problem: Problem) -> list[str]:
    """What a reader of the failure needs besides its sentence."""
    return [
        ", ".join(problem.facts()),
        f"first {rfc3339(problem.first)}, last {rfc3339(problem.last)}",
        f"advice: {problem.text('advice')}",
        f"clients print: {problem.text('client_errors')}",
        f"packets: {problem.text('evidence')}",
        f"Wireshark: {problem.text('wireshark_filter')}",
        *([problem.show()] if problem.show() else []),
    ]


def _skipped(kind: str, name: str, message: str) -> Xml.Element:
    test = _case(kind, name)
    Xml.SubElement(test, "skipped", message=message)
    return test


def _text(lines: list[str]) -> str:
    """Lines, without what XML cannot hold even escaped (XML 1.0 2.2)."""
    return "\n".join(safe(line) for line in lines)
